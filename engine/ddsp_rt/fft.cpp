// Real FFT on kissfft's complex one.
#include "ddsp_rt/fft.h"

#include <cmath>
#include <numbers>
#include <vector>

#include <kissfft.hh>

namespace ddsp_rt {

using Complex = std::complex<float>;

// A real transform of size N is a complex one of size N/2 on (even, odd) pairs plus one pass of twiddles.
struct RealFft::Plan {
  explicit Plan(std::size_t half) : forward(half, false), backward(half, true), packed(half), work(half), twiddle(half) {
    for (std::size_t k = 0; k < half; ++k) {
      const double angle = -std::numbers::pi * static_cast<double>(k) / static_cast<double>(half);
      twiddle[k] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
    }
  }
  kissfft<float> forward, backward;
  std::vector<Complex> packed, work, twiddle;
};

RealFft::RealFft(std::size_t size) : size_(size), plan_(std::make_unique<Plan>(size / 2)) {}
RealFft::~RealFft() = default;
RealFft::RealFft(RealFft&&) noexcept = default;
RealFft& RealFft::operator=(RealFft&&) noexcept = default;

void RealFft::forward(const float* time, Complex* spectrum) noexcept {
  const std::size_t half = size_ / 2;
  for (std::size_t n = 0; n < half; ++n) plan_->packed[n] = {time[2 * n], time[2 * n + 1]};
  plan_->forward.transform(plan_->packed.data(), plan_->work.data());
  const Complex* z = plan_->work.data();
  spectrum[0] = {z[0].real() + z[0].imag(), 0.0f};
  spectrum[half] = {z[0].real() - z[0].imag(), 0.0f};
  for (std::size_t k = 1; k < half; ++k) {
    const Complex a = z[k], b = std::conj(z[half - k]);
    const Complex even = 0.5f * (a + b), difference = 0.5f * (a - b);
    const Complex odd{difference.imag(), -difference.real()};
    spectrum[k] = even + plan_->twiddle[k] * odd;
  }
}

void RealFft::inverse(const Complex* spectrum, float* time) noexcept {
  const std::size_t half = size_ / 2;
  const float scale = 1.0f / static_cast<float>(size_);
  for (std::size_t k = 0; k < half; ++k) {
    const Complex a = spectrum[k], b = std::conj(spectrum[half - k]);
    const Complex even = a + b, odd = std::conj(plan_->twiddle[k]) * (a - b);
    plan_->packed[k] = scale * Complex{even.real() - odd.imag(), even.imag() + odd.real()};
  }
  plan_->backward.transform(plan_->packed.data(), plan_->work.data());
  for (std::size_t n = 0; n < half; ++n) {
    time[2 * n] = plan_->work[n].real();
    time[2 * n + 1] = plan_->work[n].imag();
  }
}

std::size_t RealFft::good_size(std::size_t minimum) noexcept {
  for (std::size_t size = minimum < 4 ? 4 : minimum + minimum % 2;; size += 2) {
    std::size_t rest = size / 2;
    for (const std::size_t factor : {5u, 3u, 2u})
      while (rest % factor == 0) rest /= factor;
    if (rest == 1) return size;
  }
}

}  // namespace ddsp_rt
