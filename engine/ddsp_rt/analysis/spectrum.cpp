// Windowed frame, real FFT, magnitudes.
#include "ddsp_rt/analysis/spectrum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ddsp_rt {
namespace {

constexpr double kPeak = 0.75;  // of the frame: where the window is 1

std::size_t frame_samples(double rate, double seconds) { return static_cast<std::size_t>(std::lround(seconds * rate)); }

}  // namespace

Spectrum::Spectrum(double rate, double seconds)
    : fft_(RealFft::good_size(frame_samples(rate, seconds))),
      bin_hz_(rate / static_cast<double>(fft_.size())),
      window_(frame_samples(rate, seconds)),
      frame_(fft_.size()),
      magnitude_(fft_.bins()),
      real_(fft_.bins()),
      imaginary_(fft_.bins()) {
  const double n = static_cast<double>(window_.size()), peak = kPeak * n;
  for (std::size_t i = 0; i < window_.size(); ++i) {  // scaled by 2 / sum of the window
    const double t = static_cast<double>(i);
    const double phase = t < peak ? t / peak : (n - t) / (n - peak);  // 0 at either end, 1 at the peak
    window_[i] = static_cast<float>((1.0 - std::cos(std::numbers::pi * phase)) * 2.0 / n);
  }
}

void Spectrum::process(const float* newest) noexcept {
  const float* oldest = newest - window_.size();
  for (std::size_t i = 0; i < window_.size(); ++i) frame_[i] = window_[i] * oldest[i];
  fft_.forward(frame_.data(), real_.data(), imaginary_.data());
  for (std::size_t k = 0; k < magnitude_.size(); ++k)
    magnitude_[k] = std::sqrt(real_[k] * real_[k] + imaginary_[k] * imaginary_[k]);
}

float Spectrum::at(float frequency) const noexcept {
  const float position = frequency / static_cast<float>(bin_hz_);
  const auto below = static_cast<std::size_t>(std::max(position, 0.0f));
  if (below + 1 >= magnitude_.size()) return 0.0f;
  const float fraction = position - static_cast<float>(below);
  return magnitude_[below] + fraction * (magnitude_[below + 1] - magnitude_[below]);
}

}  // namespace ddsp_rt
