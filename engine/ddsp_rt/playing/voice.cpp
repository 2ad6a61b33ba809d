// Network, gate, synthesis and reverb of one frame.
#include "ddsp_rt/playing/voice.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {

Voice::Voice(std::shared_ptr<const Instrument> instrument, int rate)
    : instrument_(std::move(instrument)),
      rate_(rate),
      decoder_state_(instrument_->decoder.make_state()),
      gate_(instrument_->gate_db),
      oscillators_(rate, instrument_->model_rate, static_cast<int>(instrument_->decoder.spec().harmonics)),
      filtered_noise_(rate, instrument_->model_rate, static_cast<int>(instrument_->decoder.spec().noise_bands)),
      reverb_(instrument_->room(rate)),
      controls_(instrument_->decoder.make_controls()),
      z_(instrument_->decoder.spec().z_dims),
      harmonic_(static_cast<std::size_t>(max_frame_length(rate))),
      noise_(harmonic_.size()) {
  if (instrument_->encoder) encoder_state_ = instrument_->encoder->make_state();
}

void Voice::reset() noexcept {
  frame_ = 0;
  length_ = 0;
  steps_done_ = 0;
  decoder_state_.reset();
  if (encoder_state_) encoder_state_->reset();
  gate_.reset();
  oscillators_.reset();
  filtered_noise_.reset();
  reverb_.reset();
}

int Voice::next_length() const noexcept { return frame_length(frame_, rate_); }

void Voice::render(const Features& features, const VoiceSettings& settings, float* out, const float* excitation,
                   const float* deviation) noexcept {
  if (settings.mean_z) {
    std::copy(instrument_->z_mean.begin(), instrument_->z_mean.end(), z_.begin());
  } else if (encoder_state_) {
    instrument_->encoder->step(*encoder_state_, features.mfcc, z_.data());
  }
  instrument_->decoder.step(decoder_state_, features, z_.data(), controls_);
  gate_.set_threshold(settings.gate_db);
  shape(features.f0, settings, gate_.next(features.loudness));
  synthesise(features.f0, settings.reverb, out, excitation, deviation);
}

void Voice::render(float f0, const Controls& controls, const VoiceSettings& settings, float* out,
                   const float* excitation) noexcept {
  controls_.amplitude = controls.amplitude;
  std::copy(controls.harmonics.begin(), controls.harmonics.end(), controls_.harmonics.begin());
  std::copy(controls.noise.begin(), controls.noise.end(), controls_.noise.begin());
  shape(f0, settings, 1.0f);
  synthesise(f0, settings.reverb, out, excitation, nullptr);
}

void Voice::work_ahead(int left, int block) noexcept {
  const int blocks = left / block + 1;
  for (int steps = (kSteps - steps_done_ + blocks - 1) / blocks; steps > 0; --steps) step_ahead();
}

void Voice::step_ahead() noexcept {
  if (steps_done_++ == 0) {
    if (encoder_state_) instrument_->encoder->anticipate(*encoder_state_);
    instrument_->decoder.anticipate(decoder_state_);
  } else {
    filtered_noise_.work_ahead();
    reverb_.work_ahead();
  }
}

void Voice::shape(float f0, const VoiceSettings& settings, float gate) noexcept {
  controls_.amplitude *= gate * settings.harmonic_gain;
  const float noise_gain = gate * settings.noise_gain;
  for (float& magnitude : controls_.noise) magnitude *= noise_gain;
  if (settings.brightness == 0.0f) return;

  // A tilt of b dB per octave is a power law of the frequency; the harmonics are normalised after it, so it moves
  // energy between them and leaves the level.
  const float exponent = settings.brightness / (20.0f * std::log10(2.0f));
  constexpr float kPivot = 1000.0f;  // Hz
  for (std::size_t h = 0; h < controls_.harmonics.size(); ++h)
    controls_.harmonics[h] *= std::pow(static_cast<float>(h + 1) * f0 / kPivot, exponent);
  const float spacing =
      0.5f * static_cast<float>(instrument_->model_rate) / static_cast<float>(controls_.noise.size() - 1);
  for (std::size_t b = 1; b < controls_.noise.size(); ++b)
    controls_.noise[b] *= std::pow(static_cast<float>(b) * spacing / kPivot, exponent);
}

void Voice::synthesise(float f0, float reverb, float* out, const float* excitation, const float* deviation) noexcept {
  length_ = frame_length(frame_, rate_);
  const int following = frame_length(frame_ + 1, rate_);
  ++frame_;
  steps_done_ = 0;
  oscillators_.render(f0, controls_, length_, harmonic_.data(), deviation);
  std::fill_n(noise_.begin(), length_, 0.0f);
  filtered_noise_.render(controls_.noise.data(), length_, following, noise_.data(), excitation);
  for (int i = 0; i < length_; ++i)
    out[i] = harmonic_[static_cast<std::size_t>(i)] + noise_[static_cast<std::size_t>(i)];
  reverb_.process(out, length_, reverb);
}

}  // namespace ddsp_rt
