// Bends one performance towards an instrument's training material: whole octaves in pitch, an offset in loudness.
#pragma once

#include "ddsp_rt/features.h"

namespace ddsp_rt {

/// Loudness in to loudness out, both dB. With a range of 1 it is an offset, and every difference stays what it was.
/// Otherwise the 30 dB under the loud level are stretched by `range`. What is softer follows at a slope of 1; after a
/// range below 1 it falls back to the offset first, so that pauses are as deep as they were from 60 dB on.
struct LoudnessMap {
  float offset_db = 0.0f;  // at the loud level
  float range = 1.0f;      // dB out for a dB in, within the dynamics
  float loud_db = 0.0f;    // the performance's loud level

  /// Rises with `loudness_db`; silence stays silence. Real-time.
  float operator()(float loudness_db) const noexcept;

  /// Moves towards `wanted`: a twentieth of the way, but `step_db` at least. Real-time.
  void approach(const LoudnessMap& wanted, float step_db) noexcept;
};

// As far as a front end lets a fit be given by hand.
inline constexpr int kFarthestShift = 4;                 // octaves either way
inline constexpr float kFarthestLoudnessOffset = 60.0f;  // dB either way

/// `value` moved towards `wanted`: a twentieth of the way, but `step` at least. Real-time.
float nearer(float value, float wanted, float step) noexcept;

/// Constants that a stream runs with. `apply` is real-time.
struct Fitting {
  int octave = 0;
  LoudnessMap loudness;
  float balance_db = 0.0f;     // added to the balance of what is periodic: a flute is no dull violin
  float gate_db = kSilenceDb;  // of the performance, before the map: unvoiced frames below are its noise, and silent

  Features apply(const Features& features) const noexcept;
};

/// Keeps the noise in a performance's pauses from sounding. Closes at the threshold and opens 6 dB above it; voiced
/// frames pass whatever their level, so that no note is cut.
class NoiseGate {
 public:
  void reset() noexcept { *this = {}; }

  /// Takes one frame of the performance; whether it may sound. A threshold at the floor of loudness lets all pass, and
  /// `offset_db` moves any other. Real-time.
  bool next(const Features& frame, float threshold_db, float offset_db = 0.0f) noexcept;

 private:
  bool open_ = true;
};

}  // namespace ddsp_rt
