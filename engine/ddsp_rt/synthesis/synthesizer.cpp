// Harmonic oscillators plus filtered noise.
#include "ddsp_rt/synthesis/synthesizer.h"

#include <algorithm>

namespace ddsp_rt {

Synthesizer::Synthesizer(int rate, int model_rate, int harmonics, int noise_bands, std::uint32_t seed)
    : oscillators_(rate, model_rate, harmonics),
      filtered_noise_(rate, model_rate, noise_bands, seed),
      harmonic_(static_cast<std::size_t>(max_frame_length(rate))),
      noise_(harmonic_.size()) {}

void Synthesizer::render(float f0, const Controls& controls, const FrameClock::Frame& frame, float* out,
                         const float* excitation, const float* deviation) noexcept {
  length_ = static_cast<std::size_t>(frame.length);
  oscillators_.render(f0, controls, frame.length, harmonic_.data(), deviation);
  std::fill_n(noise_.begin(), length_, 0.0f);
  filtered_noise_.render(controls.noise.data(), frame.length, frame.following, noise_.data(), excitation);
  for (std::size_t i = 0; i < length_; ++i) out[i] = harmonic_[i] + noise_[i];
}

void Synthesizer::reset() noexcept {
  oscillators_.reset();
  filtered_noise_.reset();
  length_ = 0;
}

}  // namespace ddsp_rt
