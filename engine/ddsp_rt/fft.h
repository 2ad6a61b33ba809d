// Real FFT of a fixed even size over kissfft; no allocation after construction.
#pragma once

#include <complex>
#include <cstddef>
#include <memory>

namespace ddsp_rt {

/// Forward: X[k] = sum_n x[n] exp(-2 pi i k n / size), k = 0..size/2. Inverse is normalised by 1/size.
class RealFft {
 public:
  explicit RealFft(std::size_t size);  // even; fast when its factors are 2, 3 and 5
  ~RealFft();
  RealFft(RealFft&&) noexcept;
  RealFft& operator=(RealFft&&) noexcept;

  std::size_t size() const noexcept { return size_; }
  std::size_t bins() const noexcept { return size_ / 2 + 1; }
  void forward(const float* time, std::complex<float>* spectrum) noexcept;
  void inverse(const std::complex<float>* spectrum, float* time) noexcept;

  /// The smallest even size from `minimum` up whose factors are 2, 3 and 5 only.
  static std::size_t good_size(std::size_t minimum) noexcept;

 private:
  struct Plan;
  std::size_t size_;
  std::unique_ptr<Plan> plan_;
};

}  // namespace ddsp_rt
