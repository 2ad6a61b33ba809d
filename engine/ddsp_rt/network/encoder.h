// The encoder: MFCCs in, z out.
#pragma once

#include <array>
#include <cstddef>

#include "ddsp_rt/features.h"
#include "ddsp_rt/network/dense.h"
#include "ddsp_rt/network/gru.h"
#include "ddsp_rt/network/layer_norm.h"

namespace ddsp_rt {

struct EncoderSpec {
  std::size_t gru = 128;  // width
  std::size_t z_dims = 16;
};

/// Layer norm, GRU, dense. Immutable, shared between voices; each voice has a State. The twin of
/// ddsp_rt.network.Encoder.
class Encoder {
 public:
  struct State {
    Gru::State gru;
    AlignedVector<float> input, output;
    void reset() noexcept { gru.reset(); }
  };

  /// Reads the tensors encoder.*. Throws FileFault.
  Encoder(const Safetensors& file, const EncoderSpec& spec);

  const EncoderSpec& spec() const noexcept { return spec_; }
  std::size_t bytes() const noexcept { return gru_.bytes() + dense_.bytes(); }
  State make_state() const;

  /// As Decoder::anticipate. Real-time.
  void anticipate(State& state) const noexcept { gru_.anticipate(state.gru); }

  /// One frame; `z` has room for z_dims. Coefficients that are no finite number count as 0. Real-time.
  void step(State& state, const std::array<float, kMfccCount>& mfcc, float* z) const noexcept;

 private:
  EncoderSpec spec_;
  LayerNorm norm_;
  Gru gru_;
  Dense dense_;
};

}  // namespace ddsp_rt
