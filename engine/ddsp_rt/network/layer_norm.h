// Layer normalisation, with the leaky ReLU that follows it folded in.
#pragma once

#include <cstddef>
#include <string>

#include "ddsp_rt/files/safetensors.h"
#include "ddsp_rt/kernels/aligned_vector.h"

namespace ddsp_rt {

/// y = (x - mean) / sqrt(variance + 1e-5) * gain + bias; where y < 0, `leak` times that. Immutable.
class LayerNorm {
 public:
  /// Reads `name`.weight and `name`.bias, [width]. A `leak` of 1 leaves the sign alone. Throws FileFault.
  LayerNorm(const Safetensors& file, const std::string& name, std::size_t width, float leak = 1.0f);

  void apply(float* x) const noexcept;  // in place; real-time

 private:
  AlignedVector<float> gain_, bias_;
  float leak_;
};

}  // namespace ddsp_rt
