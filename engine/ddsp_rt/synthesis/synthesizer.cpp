// Harmonic oscillators plus filtered noise.
#include "ddsp_rt/synthesis/synthesizer.h"

#include <algorithm>

namespace ddsp_rt {

Synthesizer::Synthesizer(int rate, const ControlFormat& format, std::uint32_t seed,
                         const std::optional<ControlFormat>& second)
    : oscillators_(rate, format.model_rate, std::max(format.harmonics, second ? second->harmonics : 0)),
      filtered_noise_(rate, format.model_rate, format.noise_bands, seed),
      harmonic_(static_cast<std::size_t>(max_frame_length(rate))),
      noise_(harmonic_.size()) {
  if (second) blend_.emplace(rate, format, *second, filtered_noise_.excitation_size());
}

void Synthesizer::render(float f0, const Controls& controls, const FrameClock::Frame& frame, float* out,
                         const float* excitation, const float* deviation) noexcept {
  begin(frame);
  oscillators_.render(f0, controls, frame.length, harmonic_.data(), deviation);
  filtered_noise_.render(controls.noise.data(), frame.length, frame.following, noise_.data(), excitation);
  add(out);
}

void Synthesizer::render(float f0, const Controls& first, const Controls& second, float share,
                         const FrameClock::Frame& frame, float* out, const float* excitation,
                         const float* deviation) noexcept {
  begin(frame);
  blend_->mix(f0, first, second, share);
  oscillators_.render(f0, blend_->harmonics(), frame.length, harmonic_.data(), deviation);
  filtered_noise_.render(blend_->noise().data(), blend_->noise().size(), blend_->noise_sounds(), frame.length,
                         frame.following, noise_.data(), excitation);
  add(out);
}

void Synthesizer::begin(const FrameClock::Frame& frame) noexcept {
  length_ = static_cast<std::size_t>(frame.length);
  std::fill_n(noise_.begin(), length_, 0.0f);
}

void Synthesizer::add(float* out) const noexcept {
  for (std::size_t i = 0; i < length_; ++i) out[i] = harmonic_[i] + noise_[i];
}

void Synthesizer::reset() noexcept {
  oscillators_.reset();
  filtered_noise_.reset();
  length_ = 0;
}

}  // namespace ddsp_rt
