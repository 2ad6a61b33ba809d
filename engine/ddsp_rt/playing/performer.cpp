// An instrument's network, and what bends its controls.
#include "ddsp_rt/playing/performer.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {

Performer::Performer(std::shared_ptr<const Instrument> instrument, std::uint32_t seed)
    : instrument_(std::move(instrument)),
      state_(instrument_->decoder.make_state()),
      breath_(instrument_->model_rate, static_cast<int>(instrument_->decoder.spec().noise_bands)),
      life_(instrument_->life, instrument_->model_rate, instrument_->decoder.spec().harmonics,
            hz_from_midi(instrument_->quantiles.pitch_midi[kMedian]), seed),
      controls_(instrument_->decoder.make_controls()),
      z_(instrument_->decoder.spec().z_dims) {
  if (instrument_->encoder) encoder_state_ = instrument_->encoder->make_state();
}

Performer::Performer(Performer&&) noexcept = default;
Performer::~Performer() = default;

ControlFormat Performer::format() const noexcept {
  const DecoderSpec& spec = instrument_->decoder.spec();
  return {instrument_->model_rate, static_cast<int>(spec.harmonics), static_cast<int>(spec.noise_bands)};
}

void Performer::start() noexcept {
  state_.reset();
  if (encoder_state_) encoder_state_->reset();
  breath_.reset();
  life_.reset();
}

void Performer::start(const Decoder::State& state) noexcept {
  start();
  state_ = state;
}

void Performer::hear(const Features& features, bool mean_z) noexcept {
  if (mean_z) {
    std::copy(instrument_->z_mean.begin(), instrument_->z_mean.end(), z_.begin());
  } else if (encoder_state_) {
    instrument_->encoder->step(*encoder_state_, features.mfcc, z_.data());
  }
  instrument_->decoder.step(state_, features, z_.data(), controls_);
}

void Performer::anticipate() noexcept {
  if (encoder_state_) instrument_->encoder->anticipate(*encoder_state_);
  instrument_->decoder.anticipate(state_);
}

void Performer::bend(const Features& features, const VoiceSettings& settings, float gate) noexcept {
  breath_.play(features, settings.breath, controls_);
  life_.play(features.f0, settings.life, controls_);
  shape(features.f0, settings, gate);
}

void Performer::take(float f0, const Controls& controls, const VoiceSettings& settings) noexcept {
  controls_.amplitude = controls.amplitude;
  std::copy(controls.harmonics.begin(), controls.harmonics.end(), controls_.harmonics.begin());
  std::copy(controls.noise.begin(), controls.noise.end(), controls_.noise.begin());
  shape(f0, settings, 1.0f);
}

void Performer::shape(float f0, const VoiceSettings& settings, float gate) noexcept {
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

}  // namespace ddsp_rt
