// The inner loops that vector instructions speed up, compiled once per instruction set, chosen once at run time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ddsp_rt/kernels/fft_tables.h"

namespace ddsp_rt {

/// What a layer is applied to, and where its result goes.
struct Product {
  const float* x;
  float* y;
};

struct Kernels {
  const char* name;

  /// sum_i a[i] b[i]
  float (*dot)(const float* a, const float* b, std::size_t n);

  /// y = W x + b of each of `count` products, with W packed column by column in panels of kPanel rows; `rows` a
  /// multiple of kPanel. Each gets the result that it has alone. dense_f16 is null where the processor cannot widen
  /// halves quickly.
  void (*dense_f32)(const Product* products, std::size_t count, const float* weights, const float* bias,
                    std::size_t rows, std::size_t columns);
  void (*dense_f16)(const Product* products, std::size_t count, const std::uint16_t* weights, const float* bias,
                    std::size_t rows, std::size_t columns);

  /// x to zero mean and unit variance, times gain plus bias; results below zero times `leak`.
  void (*layer_norm)(float* x, const float* gain, const float* bias, std::size_t n, float epsilon, float leak);

  /// A GRU's new state from its three gates (reset, update, new), as the input and the old state drive them:
  /// `from_input` and `from_state` hold 3 n values, `state` n.
  void (*gru_update)(float* state, const float* from_input, const float* from_state, std::size_t n);

  /// x = 2 sigmoid(x)^ln(10) + 1e-7
  void (*scale_output)(float* x, std::size_t n);

  /// sum += sum over `blocks` of a b, complex; a block is kLanes real parts and then their imaginary parts.
  void (*complex_multiply_add)(float* sum, const float* a, const float* b, std::size_t blocks);

  /// out[i] += sum_t taps[t] x[i - t], t < count, i < n; x reaches back count - 1 samples. Works on whole vectors of 8,
  /// so that every sample takes the same path: out and x must have room for `n` rounded up to a multiple of 8.
  void (*convolve_add)(float* out, const float* x, const float* taps, std::size_t count, std::size_t n);

  /// sin and twice the cosine of 2 pi (phase + m increment + slope m (m + 1) / 2) for m = 1..n: phase in cycles,
  /// increments in cycles a sample. `n` a multiple of kLanes.
  void (*sine_ramp)(float* sine, float* twice_cosine, double phase, double increment, double slope, std::size_t n);

  /// out[i] = sum_h (from[h] + (to[h] - from[h]) ramp[i]) sin((h + 1) x[i]), given sin x and 2 cos x;
  /// sines by the Chebyshev recurrence. `n` a multiple of kLanes.
  void (*harmonic_sum)(float* out, const float* sine, const float* twice_cosine, const float* ramp, const float* from,
                       const float* to, std::size_t harmonics, std::size_t n);

  /// out[j] = sum of x[-i] x[-i - lag - j] over i = 1..counts[j], for kLags lags from `lag` up; `x` points just past
  /// the newest sample, and counts do not fall from one lag to the next.
  void (*correlate)(float* out, const float* x, int lag, const int* counts);

  /// Real transforms of tables.size samples to tables.half + 1 bins and back, as RealFft says.
  void (*fft_forward)(const FftTables& tables, const float* time, float* real, float* imaginary);
  void (*fft_inverse)(const FftTables& tables, const float* real, const float* imaginary, float* time);
};

inline constexpr std::size_t kPanel = 64;  // rows
inline constexpr std::size_t kLanes = 16;  // samples
inline constexpr int kLags = 16;           // lags correlated at once

/// The best set this processor runs.
const Kernels& kernels() noexcept;

/// The set that runs anywhere; for tests that compare the two.
const Kernels& portable_kernels() noexcept;

}  // namespace ddsp_rt
