// White noise from small integer generators: the same samples everywhere from the same seed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ddsp_rt {

/// Sixteen interleaved 32-bit xorshift generators (Marsaglia, Xorshift RNGs, 2003), side by side for vector units.
class NoiseGenerator {
 public:
  static constexpr std::size_t kWidth = 16;

  explicit NoiseGenerator(std::uint32_t seed = 1) noexcept { reset(seed); }

  void reset(std::uint32_t seed = 1) noexcept;

  /// Fills `out` with uniform samples in [-1, 1); `n` a multiple of kWidth. Real-time.
  void fill(float* out, std::size_t n) noexcept;

 private:
  std::array<std::uint32_t, kWidth> state_{};
};

}  // namespace ddsp_rt
