// A gated recurrent unit, one frame at a time.
#include "ddsp_rt/network/gru.h"

#include <algorithm>
#include <utility>

#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {

Gru::Gru(const Safetensors& file, const std::string& name, std::size_t inputs, std::size_t width)
    : from_input_(file, name + ".weight_ih_l0", name + ".bias_ih_l0", inputs, 3 * width),
      from_hidden_(file, name + ".weight_hh_l0", name + ".bias_hh_l0", width, 3 * width) {}

void Gru::State::reset() noexcept {
  std::fill(hidden.begin(), hidden.end(), 0.0f);
  anticipated = 0;
}

Gru::State Gru::make_state() const {
  State state;
  state.hidden.resize(width());
  state.next.resize(width());
  state.from_input.resize(from_input_.padded_outputs());
  state.from_hidden.resize(from_hidden_.padded_outputs());
  return state;
}

void Gru::anticipate(std::span<State* const> states) const noexcept {
  for (int part = 0; part < kHiddenParts; ++part) anticipate(states, part);
}

void Gru::anticipate(std::span<State* const> states, int part) const noexcept {
  std::array<Dense::Pass, kMostAtOnce> passes;
  std::size_t count = 0;
  for (State* state : states) {
    if (state->anticipated != part) continue;
    passes[count++] = {state->hidden.data(), state->from_hidden.data()};
    ++state->anticipated;
  }
  from_hidden_.apply(std::span(passes.data(), count), part, kHiddenParts);
}

void Gru::hear(std::span<const Pass> passes, int part) const noexcept {
  std::array<Dense::Pass, kMostAtOnce> inputs;
  for (std::size_t p = 0; p < passes.size(); ++p) inputs[p] = {passes[p].x, passes[p].state->from_input.data()};
  from_input_.apply(std::span(inputs.data(), passes.size()), part, kInputParts);
}

void Gru::answer(std::span<const Pass> passes) const noexcept {
  std::array<State*, kMostAtOnce> states;
  for (std::size_t p = 0; p < passes.size(); ++p) states[p] = passes[p].state;
  anticipate(std::span(states.data(), passes.size()));
  for (const Pass& pass : passes) {
    State& state = *pass.state;
    std::copy(state.hidden.begin(), state.hidden.end(), state.next.begin());
    kernels().gru_update(state.next.data(), state.from_input.data(), state.from_hidden.data(), width());
  }
}

void Gru::turn(State& state) noexcept {
  std::swap(state.hidden, state.next);
  state.anticipated = 0;
}

void Gru::step(std::span<const Pass> passes) const noexcept {
  for (int part = 0; part < kInputParts; ++part) hear(passes, part);
  answer(passes);
  for (const Pass& pass : passes) turn(*pass.state);
}

}  // namespace ddsp_rt
