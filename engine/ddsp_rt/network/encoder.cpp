// The encoder: MFCCs in, z out.
#include "ddsp_rt/network/encoder.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {

Encoder::Encoder(const Safetensors& file, const EncoderSpec& spec)
    : spec_(spec),
      norm_(file, "encoder.norm", kMfccCount),
      gru_(file, "encoder.gru", kMfccCount, spec.gru),
      dense_(file, "encoder.dense.weight", "encoder.dense.bias", spec.gru, spec.z_dims) {}

Encoder::State Encoder::make_state() const {
  State state;
  state.gru = gru_.make_state();
  state.input.resize(kMfccCount);
  state.output.resize(dense_.padded_outputs());
  return state;
}

void Encoder::step(State& state, const std::array<float, kMfccCount>& mfcc, float* z) const noexcept {
  std::transform(mfcc.begin(), mfcc.end(), state.input.begin(),
                 [](float x) { return std::fabs(x) <= 1e6f ? x : 0.0f; });
  norm_.apply(state.input.data());
  gru_.step(state.gru, state.input.data());
  dense_.apply(state.gru.hidden.data(), state.output.data());
  std::copy_n(state.output.data(), spec_.z_dims, z);
}

}  // namespace ddsp_rt
