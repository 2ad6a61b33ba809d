// Fundamental frequency of one voice or instrument, every 4 ms, from the past only.
#pragma once

#include "ddsp_rt/analysis/correlation.h"
#include "ddsp_rt/analysis/octave_memory.h"
#include "ddsp_rt/analysis/spectrum.h"

namespace ddsp_rt {

/// Candidates are the peaks of a normalised square difference whose trailing window follows the candidate's period
/// (2.5 periods, at least 5 ms); a harmonic sum on the 32 ms spectrum and a short memory choose the octave among them.
/// The frequency itself comes from the current frame's refined lag alone, so neither adds delay: the estimate lags the
/// sound by half the window, about 13, 6 and 3.5 ms at 98, 196 and 400 Hz. Level does not matter above -100 dB.
class PitchTracker {
 public:
  struct Estimate {
    float f0 = 220.0f;         // Hz; the last voiced value while unvoiced
    float periodicity = 0.0f;  // 0..1, voiced from 0.5 up
  };
  struct Settings {
    OctaveMemory::Settings octave;
    float harmonic_decay = 0.75f;  // weight of each harmonic relative to the one below
    float between = 0.5f;          // weight of the spectrum half-way below each harmonic, taken off
    int harmonics = 10;
    float least_height = 0.3f;   // of a candidate
    float onset = 0.85f;         // strength from which a note is voiced
    float release = 0.7f;        // and below which it ends
    float fall = 0.4f;           // power of the last period, relative to the window's, below which no new note starts
    float ending = 0.05f;        // the same, below which the note has stopped
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
  int gather(const Spectrum& spectrum) noexcept;

  Settings settings_;
  double rate_;
  float f0_low_, f0_high_;
  Correlation correlation_;
  OctaveMemory memory_;
  std::array<OctaveMemory::Candidate, OctaveMemory::kCapacity> candidates_;
  bool voiced_ = false;
  float f0_;
};

}  // namespace ddsp_rt
