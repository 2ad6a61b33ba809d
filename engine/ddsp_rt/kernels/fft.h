// Real FFT of a fixed even size; no allocation after construction.
#pragma once

#include <cstddef>
#include <vector>

#include "ddsp_rt/kernels/aligned_vector.h"
#include "ddsp_rt/kernels/fft_tables.h"

namespace ddsp_rt {

/// Forward: X[k] = sum_n x[n] exp(-2 pi i k n / size), k = 0..size/2. Inverse is normalised by 1/size. Real and
/// imaginary parts lie apart, bins() of each.
class RealFft {
 public:
  /// `size`: even, with no prime factors but 2, 3 and 5; multiples of 16 are the fastest. Throws std::invalid_argument.
  explicit RealFft(std::size_t size);
  RealFft(RealFft&&) noexcept = default;
  RealFft& operator=(RealFft&&) noexcept = default;

  std::size_t size() const noexcept { return tables_.size; }
  std::size_t bins() const noexcept { return tables_.half + 1; }
  void forward(const float* time, float* real, float* imaginary) noexcept;
  void inverse(const float* real, const float* imaginary, float* time) noexcept;

  /// The smallest even size from `minimum` up whose factors are 2, 3 and 5 only.
  static std::size_t good_size(std::size_t minimum) noexcept;

 private:
  void plan_passes();
  void plan_joins();

  std::vector<FftTables::Pass> passes_;
  AlignedVector<float> twiddles_, join_, cosine_, sine_, memory_[2][2];
  FftTables tables_;  // points into the vectors
};

}  // namespace ddsp_rt
