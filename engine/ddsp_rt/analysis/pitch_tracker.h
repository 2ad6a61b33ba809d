// Fundamental frequency of one voice or instrument, every 4 ms, from the past only.
#pragma once

#include <array>

#include "ddsp_rt/analysis/correlation.h"
#include "ddsp_rt/analysis/octave_memory.h"
#include "ddsp_rt/analysis/spectrum.h"
#include "ddsp_rt/analysis/voicing.h"

namespace ddsp_rt {

/// Candidates are the peaks of a normalised square difference whose trailing window follows the candidate's period
/// (2.5 periods, at least 5 ms); a harmonic sum on the 32 ms spectrum and a short memory choose the octave among them.
/// The frequency itself comes from the current frame's refined lag alone, so neither adds delay: the estimate lags the
/// sound by half the window, about 13, 6.5 and 3.8 ms at 98, 196 and 400 Hz. Level does not matter above -100 dB.
class PitchTracker {
 public:
  struct Estimate {
    float f0 = 220.0f;         // Hz; the last voiced value while unvoiced
    float periodicity = 0.0f;  // 0..1: height of the repeat, kept on the voiced (from 0.5) or unvoiced side
  };
  struct Settings {
    OctaveMemory::Settings octave;
    Voicing::Settings voicing;
    float harmonic_decay = 0.75f;  // weight of each harmonic relative to the one below
    float between = 0.65f;         // weight of the spectrum half-way below each harmonic, taken off
    float least_height = 0.15f;    // of a candidate
    float fall = 0.4f;             // power of the last period relative to the window's: below it no new note starts
    int leap_frames = 2;           // in a row that read a multiple or a fraction of the note, before it is believed
  };

  /// `rate`: of the samples given, Hz (the internal rate); f0 between `f0_low` and `f0_high` Hz.
  explicit PitchTracker(double rate, float f0_low = 40.0f, float f0_high = 2100.0f)
      : PitchTracker(rate, f0_low, f0_high, Settings{}) {}
  PitchTracker(double rate, float f0_low, float f0_high, const Settings& settings);

  /// Samples that must lie, contiguous, before `newest` of process(), for f0 down to `f0_low`.
  static int history(double rate, float f0_low = 40.0f) noexcept { return Correlation::history(rate, f0_low); }

  /// One frame. `newest` points just past the newest sample; `spectrum` has processed the same frame. Real-time.
  Estimate process(const float* newest, const Spectrum& spectrum) noexcept;
  void reset() noexcept;

 private:
  struct Comb {
    float on, between;  // weighted magnitudes at the harmonics of an f0 and half-way below each
  };
  template <typename Measure>
  Comb comb(const Spectrum& spectrum, float f0, Measure measure) const noexcept;
  int gather(const Spectrum& spectrum) noexcept;
  bool doubtful(float f0) noexcept;

  Settings settings_;
  float rate_, f0_low_, f0_high_;  // Hz
  Correlation correlation_;
  OctaveMemory memory_;
  Voicing voicing_;
  std::array<OctaveMemory::Candidate, OctaveMemory::kCapacity> candidates_;
  float f0_;       // Hz, the last voiced
  int leaps_ = 0;  // frames in a row that read a multiple or a fraction of it
};

}  // namespace ddsp_rt
