// Bends one performance towards an instrument's training material: whole octaves in pitch, quantiles in loudness.
#pragma once

#include <span>

#include "ddsp_rt/features.h"
#include "ddsp_rt/quantiles.h"

namespace ddsp_rt {

/// A rising piecewise-linear map of loudness in dB. Between knots its slope stays within 0.5..2, so that an even
/// performance is not blown up to a wide one; outside them it is 1.
class LoudnessMap {
 public:
  /// Straight between them. Neither falls.
  struct Points {
    QuantileArray from{}, to{};
  };

  LoudnessMap() noexcept = default;  // identity
  explicit LoudnessMap(float offset_db) noexcept;
  LoudnessMap(const QuantileArray& from, const QuantileArray& to) noexcept;
  explicit LoudnessMap(const Points& points) noexcept : points_(points) {}  // as they are
  float operator()(float loudness_db) const noexcept;

  /// The least loudness, to a tenth of a decibel from -100 to 20, that is mapped to `db` or more.
  float reaching(float db) const noexcept;

  /// Moves each point of the map towards `wanted` by at most `step_db`.
  void approach(const LoudnessMap& wanted, float step_db) noexcept;

  const Points& points() const noexcept { return points_; }

 private:
  Points points_;
};

// As far as a front end lets a fit be given by hand.
inline constexpr int kFarthestShift = 4;                 // octaves either way
inline constexpr float kFarthestLoudnessOffset = 60.0f;  // dB either way

/// Constants that a stream runs with. `apply` is real-time.
struct Fitting {
  int octave = 0;
  LoudnessMap loudness;
  float gate_db = kSilenceDb;     // silence threshold on the mapped loudness; the instrument's own if higher
  float unvoiced_drop_db = 0.0f;  // a frame without any pitch is played softer by this much

  Features apply(const Features& features) const noexcept;

  /// Puts an offset in the loudness map's place. A gate that was set stays where it was in the performance.
  void set_loudness_offset(float offset_db) noexcept;
};

/// Listens to a performance and says what would fit it to an instrument, at any time. Every method is real-time.
class Fitter {
 public:
  void reset() noexcept;
  void add(const Features& frame) noexcept;
  /// Lets what was heard so far count `factor` times as much.
  void forget(float factor) noexcept;
  /// Voiced frames heard, as far as they still count.
  float frames() const noexcept { return pitch_.total(); }
  /// Fits to the voiced frames heard. With fewer than 25 of them (0.1 s) nothing is shifted.
  Fitting fit(const TargetQuantiles& target) const noexcept;

 private:
  Histogram<1280> pitch_{0.0f, 0.1f};        // MIDI note numbers of voiced frames
  Histogram<1200> loudness_{-100.0f, 0.1f};  // dB of voiced frames
  Histogram<1200> sounding_{-100.0f, 0.1f};  // dB of every frame above the floor
};

/// Fits to a whole performance.
Fitting fit(std::span<const Features> performance, const TargetQuantiles& target);

}  // namespace ddsp_rt
