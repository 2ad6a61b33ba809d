// A gated recurrent unit, one frame at a time.
#include "ddsp_rt/network/gru.h"

#include <algorithm>

#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {

Gru::Gru(const Safetensors& file, const std::string& name, std::size_t inputs, std::size_t width)
    : from_input_(file, name + ".weight_ih_l0", name + ".bias_ih_l0", inputs, 3 * width),
      from_hidden_(file, name + ".weight_hh_l0", name + ".bias_hh_l0", width, 3 * width) {}

void Gru::State::reset() noexcept {
  std::fill(hidden.begin(), hidden.end(), 0.0f);
  anticipated = false;
}

Gru::State Gru::make_state() const {
  State state;
  state.hidden.resize(width());
  state.from_input.resize(from_input_.padded_outputs());
  state.from_hidden.resize(from_hidden_.padded_outputs());
  return state;
}

void Gru::anticipate(std::span<State* const> states) const noexcept {
  std::array<Dense::Pass, kMostAtOnce> passes;
  std::size_t count = 0;
  for (State* state : states) {
    if (state->anticipated) continue;
    passes[count++] = {state->hidden.data(), state->from_hidden.data()};
    state->anticipated = true;
  }
  from_hidden_.apply(std::span(passes.data(), count));
}

void Gru::step(std::span<const Pass> passes) const noexcept {
  std::array<Dense::Pass, kMostAtOnce> inputs;
  std::array<State*, kMostAtOnce> states;
  for (std::size_t p = 0; p < passes.size(); ++p) {
    states[p] = passes[p].state;
    inputs[p] = {passes[p].x, states[p]->from_input.data()};
  }
  from_input_.apply(std::span(inputs.data(), passes.size()));
  anticipate(std::span(states.data(), passes.size()));
  for (const Pass& pass : passes) {
    State& state = *pass.state;
    state.anticipated = false;
    kernels().gru_update(state.hidden.data(), state.from_input.data(), state.from_hidden.data(), width());
  }
}

}  // namespace ddsp_rt
