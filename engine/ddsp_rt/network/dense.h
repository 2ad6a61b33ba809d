// A dense layer: y = W x + b, with weights packed for one pass through memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "ddsp_rt/files/safetensors.h"
#include "ddsp_rt/kernels/aligned_vector.h"
#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {

inline constexpr std::size_t kMostAtOnce = 8;  // voices that one pass through the weights serves

/// Immutable once made. Halves stay halves where the processor widens them quickly: fewer bytes from memory.
class Dense {
 public:
  /// Reads `weight` [outputs, inputs] and `bias` [outputs]. Throws FileFault.
  Dense(const Safetensors& file, const std::string& weight, const std::string& bias, std::size_t inputs,
        std::size_t outputs);

  std::size_t inputs() const noexcept { return inputs_; }
  std::size_t outputs() const noexcept { return outputs_; }
  std::size_t padded_outputs() const noexcept { return bias_.size(); }
  std::size_t bytes() const noexcept;  // of weights and bias

  void shift_bias(std::size_t first, float by) noexcept;  // adds `by` to the biases from `first` on; not real-time

  /// Each pass has the result it has alone: the weights come from memory once for all of them. `y` has room for
  /// padded_outputs(); its values from outputs() on are 0 afterwards. Real-time.
  using Pass = Product;
  void apply(std::span<const Pass> passes) const noexcept { apply(passes, 0, 1); }
  void apply(std::span<const Pass> passes, int part, int parts) const noexcept;  // of y, as even as panels allow
  void apply(const float* x, float* y) const noexcept { apply(std::array{Pass{x, y}}); }

 private:
  std::size_t inputs_, outputs_;
  AlignedVector<float> weights_, bias_;
  AlignedVector<std::uint16_t> halves_;  // either these or weights_
};

}  // namespace ddsp_rt
