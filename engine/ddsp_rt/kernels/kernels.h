// The inner loops that vector instructions speed up, compiled once per instruction set, chosen once at run time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ddsp_rt {

struct Kernels {
  const char* name;

  /// sum_i a[i] b[i]
  float (*dot)(const float* a, const float* b, std::size_t n);

  /// y += W x, with W packed column by column in panels of kPanel rows; `rows` a multiple of kPanel.
  void (*multiply_add_f32)(float* y, const float* weights, const float* x, std::size_t rows, std::size_t columns);
  void (*multiply_add_f16)(float* y, const std::uint16_t* weights, const float* x, std::size_t rows, std::size_t columns);

  /// accumulator += a b, complex, real and imaginary parts apart.
  void (*complex_multiply_add)(float* re, float* im, const float* a_re, const float* a_im, const float* b_re,
                               const float* b_im, std::size_t n);

  /// out[i] = sum_h (from[h] + (to[h] - from[h]) ramp[i]) sin((h + 1) x[i]), given sin x and 2 cos x;
  /// sines by the Chebyshev recurrence. `n` a multiple of kLanes.
  void (*harmonic_sum)(float* out, const float* sine, const float* twice_cosine, const float* ramp, const float* from,
                       const float* to, std::size_t harmonics, std::size_t n);
};

inline constexpr std::size_t kPanel = 16;  // rows
inline constexpr std::size_t kLanes = 16;  // samples

/// The best set this processor runs.
const Kernels& kernels() noexcept;

/// The set that runs anywhere; for tests that compare the two.
const Kernels& portable_kernels() noexcept;

}  // namespace ddsp_rt
