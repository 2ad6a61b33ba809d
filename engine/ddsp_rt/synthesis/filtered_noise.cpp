// Shaping and cross-fading segments of white noise.
#include "ddsp_rt/synthesis/filtered_noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {

FilteredNoise::FilteredNoise(int rate, int model_rate, int bands, std::uint32_t seed)
    : bands_(bands),
      shortest_(rate / kFrameRate),
      longest_(max_frame_length(rate)),
      fft_(RealFft::good_size(2 * static_cast<std::size_t>(longest_))),
      seed_(seed),
      generator_(seed),
      curve_(rate, model_rate, bands, fft_.size()),
      gains_(curve_.bins()),
      white_(fft_.size() + NoiseGenerator::kWidth),
      segment_(fft_.size()),
      fading_(longest_),
      white_real_(fft_.bins()),
      white_imaginary_(fft_.bins()),
      real_(fft_.bins()),
      imaginary_(fft_.bins()) {
  for (const int length : {shortest_, longest_})
    for (const double shift : {0.0, 0.5})
      for (int i = 0; i < length; ++i)
        fades_.push_back(static_cast<float>(std::sin(std::numbers::pi * (0.5 * (i + 0.5) / length + shift))));
}

void FilteredNoise::reset() noexcept {
  generator_.reset(seed_);
  sounding_ = drawn_ = false;
}

void FilteredNoise::work_ahead() noexcept {
  if (drawn_) return;
  const std::size_t width = NoiseGenerator::kWidth;
  generator_.fill(white_.data(), (fft_.size() + width - 1) / width * width);
  fft_.forward(white_.data(), white_real_.data(), white_imaginary_.data());
  drawn_ = true;
}

// White samples in, filtered samples in segment_.
void FilteredNoise::shape(const float* gains, std::size_t count, const float* excitation) noexcept {
  const float *from_real = real_.data(), *from_imaginary = imaginary_.data();
  if (excitation) {
    fft_.forward(excitation, real_.data(), imaginary_.data());
  } else {
    work_ahead();
    drawn_ = false;
    from_real = white_real_.data();
    from_imaginary = white_imaginary_.data();
  }
  real_[0] = imaginary_[0] = 0.0f;
  for (std::size_t k = 1; k <= count; ++k) {
    real_[k] = gains[k - 1] * from_real[k];
    imaginary_[k] = gains[k - 1] * from_imaginary[k];
  }
  for (auto* part : {&real_, &imaginary_})
    std::fill(part->begin() + static_cast<std::ptrdiff_t>(count) + 1, part->end(), 0.0f);
  fft_.inverse(real_.data(), imaginary_.data(), segment_.data());
}

void FilteredNoise::render(const float* magnitudes, int n, int next_n, float* out, const float* excitation) noexcept {
  const bool sound = std::any_of(magnitudes, magnitudes + bands_, [](float m) { return m != 0.0f; });
  if (sound) curve_.read(magnitudes, gains_.data());
  render(gains_.data(), gains_.size(), sound, n, next_n, out, excitation);
}

void FilteredNoise::render(const float* gains, std::size_t count, bool sound, int n, int next_n, float* out,
                           const float* excitation) noexcept {
  n = std::clamp(n, shortest_, longest_);
  next_n = std::clamp(next_n, shortest_, longest_);
  if (sounding_)
    for (int i = 0; i < n; ++i) out[i] += fading_[i];
  sounding_ = sound;
  if (!sounding_) return;
  shape(gains, count, excitation);
  const float* rising = rise(n);
  for (int i = 0; i < n; ++i) out[i] += segment_[i] * rising[i];
  const float* falling = rise(next_n) + next_n;
  for (int i = 0; i < next_n; ++i) fading_[i] = segment_[n + i] * falling[i];
}

}  // namespace ddsp_rt
