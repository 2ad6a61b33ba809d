// Several times dense, layer norm, leaky ReLU.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ddsp_rt/network/dense.h"
#include "ddsp_rt/network/layer_norm.h"

namespace ddsp_rt {

/// Immutable.
class DenseStack {
 public:
  /// Reads `name`.0.dense, `name`.0.norm, `name`.1.dense ... Throws FileFault.
  DenseStack(const Safetensors& file, const std::string& name, std::size_t inputs, std::size_t width,
             std::size_t layers);

  std::size_t padded_width() const noexcept { return layers_.front().dense.padded_outputs(); }
  std::size_t bytes() const noexcept;

  /// `scratch` and `y` each have room for padded_width(); the result is in `y`. Real-time.
  struct Pass {
    const float* x;
    float *scratch, *y;
  };
  void apply(const Pass& pass) const noexcept { apply(std::span(&pass, 1)); }

  /// Several inputs at once, kMostAtOnce at most, each with the result it has alone. Real-time.
  void apply(std::span<const Pass> passes) const noexcept;

 private:
  struct Layer {
    Dense dense;
    LayerNorm norm;
  };
  std::vector<Layer> layers_;
};

}  // namespace ddsp_rt
