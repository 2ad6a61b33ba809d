// The control network: features of the performance in, controls of the synthesizer out.
#include "ddsp_rt/network/decoder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {
namespace {

constexpr float kNoiseBias = -5.0f;

std::vector<DenseStack> read_inputs(const Safetensors& file, const DecoderSpec& spec) {
  std::vector<DenseStack> inputs;
  for (Feature feature : spec.features)
    inputs.emplace_back(file, std::string("decoder.inputs.") + feature_name(feature), spec.width(feature), spec.hidden,
                        spec.layers);
  return inputs;
}

/// x within low..high, and `otherwise` if it is NaN.
float within(float x, float low, float high, float otherwise) noexcept {
  return x >= low ? std::min(x, high) : x < low ? low : otherwise;
}

float scaled_level(float loudness) noexcept { return within(loudness, -400.0f, 400.0f, kSilenceDb) / 80.0f + 1.0f; }

/// A feature as the network reads it: `value`, and the `turn` whose multiples its waves are, 1 being half a turn.
struct Reading {
  float value, turn;
};

Reading scaled(Feature feature, const Features& features) noexcept {
  const auto both = [](float value) { return Reading{value, value}; };
  switch (feature) {
    case Feature::kF0: {
      const float f0 = within(features.f0, 1.0f, 1e5f, kDefaultF0);
      return {midi_from_hz(f0) / 127.0f, 0.5f * std::log2(f0 / 440.0f)};
    }
    case Feature::kLoudness: return both(scaled_level(features.loudness));
    case Feature::kFastLoudness: return both(scaled_level(features.fast_loudness));
    case Feature::kBalance: return both(within(features.balance, -400.0f, 400.0f, kSilentBalance) / 30.0f);
    default: return both(within(features.periodicity, -10.0f, 10.0f, 0.0f));
  }
}

}  // namespace

const char* feature_name(Feature feature) noexcept {
  switch (feature) {
    case Feature::kF0: return "f0";
    case Feature::kLoudness: return "loudness";
    case Feature::kPeriodicity: return "periodicity";
    case Feature::kFastLoudness: return "fast_loudness";
    case Feature::kBalance: return "balance";
    default: return "z";
  }
}

bool DecoderSpec::reads(Feature feature) const noexcept {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

std::size_t DecoderSpec::width(Feature feature) const noexcept {
  return feature == Feature::kZ ? z_dims : 1 + 2 * waves_of(feature).size();
}

Decoder::Decoder(const Safetensors& file, const DecoderSpec& spec)
    : spec_(spec),
      inputs_(read_inputs(file, spec)),
      gru_(file, "decoder.gru", spec.hidden * spec.features.size(), spec.gru),
      out_(file, "decoder.out", spec.gru + spec.hidden * spec.features.size(), spec.out_hidden, spec.out_layers),
      head_(file, "decoder.head.weight", "decoder.head.bias", spec.out_hidden, 1 + spec.harmonics + spec.noise_bands) {
  head_.shift_bias(1 + spec.harmonics, kNoiseBias);
}

std::size_t Decoder::bytes() const noexcept {
  std::size_t total = gru_.bytes() + out_.bytes() + head_.bytes();
  for (const DenseStack& stack : inputs_) total += stack.bytes();
  return total;
}

Decoder::State Decoder::make_state() const {
  const std::size_t hidden = inputs_.front().padded_width();
  std::size_t widest = 1;  // of what is read
  for (const Feature feature : spec_.features) widest = std::max(widest, spec_.width(feature));
  State state;
  state.gru = gru_.make_state();
  state.scratch.resize(2 * hidden);
  state.joined.resize(spec_.hidden * spec_.features.size());
  state.recurrent_and_joined.resize(spec_.gru + state.joined.size());
  state.layer_scratch.resize(std::max(out_.padded_width(), widest));
  state.layer_output.resize(out_.padded_width());
  state.output.resize(head_.padded_outputs());
  return state;
}

void Decoder::anticipate(std::span<State* const> states, int part) const noexcept {
  std::array<Gru::State*, kMostAtOnce> recurrent;
  for (std::size_t i = 0; i < states.size(); ++i) recurrent[i] = &states[i]->gru;
  gru_.anticipate(std::span(recurrent.data(), states.size()), part);
}

void Decoder::read(const Pass& pass, std::size_t feature, float* input) const noexcept {
  if (spec_.features[feature] == Feature::kZ) {
    for (std::size_t j = 0; j < spec_.z_dims; ++j) input[j] = within(pass.z[j], -1e4f, 1e4f, 0.0f);
    return;
  }
  const Reading reading = scaled(spec_.features[feature], *pass.features);
  *input++ = reading.value;
  const std::vector<float>& waves = spec_.waves_of(spec_.features[feature]);
  for (std::size_t j = 0; j < waves.size(); ++j) {
    const float angle = std::numbers::pi_v<float> * waves[j] * reading.turn;
    input[j] = std::sin(angle);
    input[waves.size() + j] = std::cos(angle);
  }
}

void Decoder::step(std::span<const Pass> passes) const noexcept {
  for (const Pass& pass : passes)
    if (!sound_alike(pass.state->expected, *pass.features)) pass.state->answered = 0;
  for (int part = 0; part < kParts; ++part) answer(passes, part);
  for (const Pass& pass : passes) {
    State& state = *pass.state;
    Gru::turn(state.gru);
    state.answered = 0;
    const float* output = state.output.data();
    pass.controls->amplitude = output[0];
    std::copy_n(output + 1, spec_.harmonics, pass.controls->harmonics.begin());
    std::copy_n(output + 1 + spec_.harmonics, spec_.noise_bands, pass.controls->noise.begin());
  }
}

void Decoder::expect(std::span<const Pass> passes, int part) const noexcept {
  if (part == 0)
    for (const Pass& pass : passes) {
      pass.state->expected = *pass.features;
      pass.state->answered = 0;
    }
  answer(passes, part);
}

// Of those passes whose next part it is.
void Decoder::answer(std::span<const Pass> passes, int part) const noexcept {
  std::array<Pass, kMostAtOnce> due;
  std::array<Gru::Pass, kMostAtOnce> recurrent;
  std::size_t count = 0;
  for (const Pass& pass : passes) {
    if (pass.state->answered != part) continue;
    ++pass.state->answered;
    recurrent[count] = {&pass.state->gru, pass.state->joined.data()};
    due[count++] = pass;
  }
  if (count == 0) return;
  const std::span these(due.data(), count);
  const std::span<const Gru::Pass> through(recurrent.data(), count);
  if (part == 0) {
    take_in(these);
    gru_.hear(through, 0);
  } else if (part == 1) {
    for (int rest = 1; rest < Gru::kInputParts; ++rest) gru_.hear(through, rest);
    gru_.answer(through);
  } else if (part == 2) {
    read_hidden(these);
  } else {
    put_out(these);
  }
}

void Decoder::take_in(std::span<const Pass> passes) const noexcept {
  const std::size_t count = passes.size();
  std::array<DenseStack::Pass, kMostAtOnce> stacks;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    for (std::size_t p = 0; p < count; ++p) {
      State& state = *passes[p].state;
      read(passes[p], i, state.layer_scratch.data());
      float* layer = state.scratch.data();
      stacks[p] = {state.layer_scratch.data(), layer, layer + inputs_[i].padded_width()};
    }
    inputs_[i].apply(std::span(stacks.data(), count));
    for (std::size_t p = 0; p < count; ++p)
      std::copy_n(stacks[p].y, spec_.hidden, passes[p].state->joined.data() + i * spec_.hidden);
  }
}

void Decoder::read_hidden(std::span<const Pass> passes) const noexcept {
  const std::size_t count = passes.size();
  std::array<DenseStack::Pass, kMostAtOnce> stacks;
  for (std::size_t p = 0; p < count; ++p) {
    State& state = *passes[p].state;
    float* together = state.recurrent_and_joined.data();
    std::copy(state.joined.begin(), state.joined.end(),
              std::copy(state.gru.next.begin(), state.gru.next.end(), together));
    stacks[p] = {together, state.layer_scratch.data(), state.layer_output.data()};
  }
  out_.apply(std::span(stacks.data(), count));
}

void Decoder::put_out(std::span<const Pass> passes) const noexcept {
  const std::size_t count = passes.size();
  std::array<Dense::Pass, kMostAtOnce> heads;
  for (std::size_t p = 0; p < count; ++p)
    heads[p] = {passes[p].state->layer_output.data(), passes[p].state->output.data()};
  head_.apply(std::span(heads.data(), count));
  for (const Pass& pass : passes) kernels().scale_output(pass.state->output.data(), pass.state->output.size());
}

}  // namespace ddsp_rt
