// Controls of two models as one sound: each harmonic and each band of noise on its way from one to the other.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/synthesis/noise_curve.h"

namespace ddsp_rt {

/// What a model's controls are given in.
struct ControlFormat {
  int model_rate;  // Hz
  int harmonics, noise_bands;
};

/// Both models' controls are first read as what they sound like: the amplitude of each harmonic, by its number, and the
/// gain of each bin of the host's noise. There they meet, whatever their rates and numbers. Each level moves evenly in
/// dB, what is missing counting as 80 dB under the model's whole; then harmonics, noise and the whole are brought to
/// the A-weighted level that lies as far between both models', since unlike spectra would dip. The twin of
/// ddsp_rt.synthesis.ControlBlend.
class ControlBlend {
 public:
  /// `rate` in Hz; `size` of the noise's transform, samples.
  ControlBlend(int rate, const ControlFormat& first, const ControlFormat& second, std::size_t size);

  /// One frame, `share` of the way, 0 to 1, from the first model's controls to the second's; at either end the other
  /// one is not read. Real-time.
  void mix(float f0, const Controls& first, const Controls& second, float share) noexcept;

  // What was mixed last.
  std::span<const float> harmonics() const noexcept { return harmonics_; }
  std::span<const float> noise() const noexcept { return noise_; }  // bins from 1 on
  bool noise_sounds() const noexcept { return noise_sounds_; }

 private:
  /// A model's levels in one frame.
  struct Side {
    int model_rate;
    NoiseCurve curve;
    std::vector<float> harmonics, noise;
    bool noise_sounds = false;
  };
  void read(Side& side, float f0, const Controls& controls) const noexcept;
  float harmonic_power(float f0, std::span<const float> amplitudes) const noexcept;
  float noise_power(std::span<const float> gains) const noexcept;

  float highest_;  // Hz that are heard
  std::array<Side, 2> sides_;
  std::vector<float> harmonic_weights_;  // A-weighted power of an amplitude of 1, every 25 Hz
  std::vector<float> noise_weights_;     // of a gain of 1, by bin
  std::vector<float> harmonics_, noise_;
  bool noise_sounds_ = false;
};

}  // namespace ddsp_rt
