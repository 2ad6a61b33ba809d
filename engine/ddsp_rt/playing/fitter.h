// Listens to a performance and says what would fit it to an instrument, at any time.
#pragma once

#include <array>
#include <span>

#include "ddsp_rt/playing/fitting.h"
#include "ddsp_rt/playing/noise_floor.h"
#include "ddsp_rt/quantiles.h"

namespace ddsp_rt {

/// Shares of what sounds in a performance, 0 to 1, that lie beyond an instrument's range.
struct Beyond {
  float below = 0.0f, above = 0.0f;
};

/// Only what sounds counts for octave and loudness: voiced frames within 30 dB of the loud level, which nineteen in
/// twenty voiced frames do not pass. Every method is real-time.
class Fitter {
 public:
  void reset() noexcept;

  /// With a `growth` above 1 each frame counts that many times as much as the one before, so that the past fades.
  void add(const Features& frame, float growth = 1.0f) noexcept;

  /// Sounding frames heard, as far as they still count.
  float sounding() const noexcept;

  /// The smallest shift by octaves that brings the performance into the target's range as well as any does; the offset
  /// that brings its upper half of loudness to the target's; one that brings its median balance there; a gate just
  /// above the noise of its pauses. With fewer than 25 sounding frames (0.1 s) nothing is changed. `range` as in
  /// LoudnessMap.
  Fitting fit(const TargetQuantiles& target, float range = 1.0f) const noexcept;

  /// What lies beyond the target's range when played `octave` octaves up.
  Beyond beyond(const TargetQuantiles& target, int octave) const noexcept;

 private:
  using Pitches = std::array<float, 256>;  // counts by half semitones from MIDI note 0

  float loud() const noexcept;
  Pitches sounding_pitches() const noexcept;

  std::array<Pitches, 40> pitches_{};        // of voiced frames, in bands of 3 dB from the floor of loudness
  Histogram<1200> loudness_{-100.0f, 0.1f};  // dB of voiced frames
  Histogram<320> balance_{-60.0f, 0.25f};    // likewise
  float weight_ = 1.0f;
  NoiseFloor floor_;
};

}  // namespace ddsp_rt
