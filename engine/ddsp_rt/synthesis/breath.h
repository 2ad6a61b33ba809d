// Unvoiced sound plays as noise: what fades of the harmonics is given to the noise.
#pragma once

#include <cstddef>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/features.h"

namespace ddsp_rt {

/// Harmonics are whole at a periodicity of kVoicedPeriodicity and gone at 0.35. A single frame in which the tracker
/// loses a note changes nothing; from then on they fade by a third a frame at the fastest. Of a consonant, which
/// its balance tells (from -6 dB up, wholly at -2), they are gone at once. They come back at once. The noise takes over
/// their A-weighted power, and the source's balance about 3.5 kHz where its bands lie no wider apart. Voiced frames are
/// left untouched.
class Breath {
 public:
  /// `model_rate` in Hz; `bands` magnitudes of noise a frame, at least 2.
  Breath(int model_rate, int bands);

  /// Bends the controls that the network gave for one frame; `gain`, linear, is that of the unvoiced part. Real-time.
  void play(const Features& features, float gain, Controls& controls) noexcept;

  /// Back to nothing heard. Real-time.
  void reset() noexcept { voiced_ = 0.0f; }

 private:
  void balance(float share, float wanted, Controls& controls) const noexcept;
  float noise_power(const Controls& controls) const noexcept;
  float harmonic_power(float f0, const Controls& controls) const noexcept;

  struct Band {
    float weight;        // of its squared magnitude in the A-weighted power
    float below, above;  // 3.5 kHz: likewise, in the power of either
    float tilt;          // -1 far below 3.5 kHz, 1 far above
  };

  float nyquist_;  // Hz, the model's
  std::vector<Band> bands_;
  std::size_t balanced_ = 0;  // bands up to 7 kHz, of which the balance is; none where they lie too wide apart for one
  float voiced_ = 0.0f;       // how much the last frame was; beyond 1 where a frame may still be lost
};

}  // namespace ddsp_rt
