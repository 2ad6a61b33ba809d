// Fundamental frequency of one voice or instrument, every 4 ms, from the past only.
#pragma once

#include <array>
#include <optional>

#include "ddsp_rt/analysis/correlation.h"
#include "ddsp_rt/analysis/low_band.h"
#include "ddsp_rt/analysis/octave_memory.h"
#include "ddsp_rt/analysis/pitch_range.h"
#include "ddsp_rt/analysis/spectrum.h"
#include "ddsp_rt/analysis/voicing.h"

namespace ddsp_rt {

/// Candidates are the peaks of a normalised square difference whose trailing window follows the candidate's period
/// (2.5 periods, at least 5 ms); a harmonic sum on the spectrum and a short memory choose the octave among them.
/// Pitches below 125 Hz are found in the low band, by a spectrum that is long enough for them. The search goes beyond
/// the range: what sounds there is told to be outside and never read an octave inside. The frequency itself comes from
/// the current frame's refined lag alone, so none of this adds delay: the estimate lags the sound by half the window
/// that it is refined over, about 10.5, 6.5 and 3.8 ms at 98, 196 and 400 Hz. Level does not matter above -100 dB.
class PitchTracker {
 public:
  struct Estimate {
    float f0 = 220.0f;  // Hz; the last voiced value while unvoiced
    float periodicity =
        0.0f;         // 0..1: voiced from 0.5, by the height of the repeat; below, by how far it is from voiced
    int outside = 0;  // -1 where a pitch is heard below the range, 1 above it; unvoiced then
  };
  struct Settings {
    OctaveMemory::Settings octave;
    Voicing::Settings voicing;
    float harmonic_decay = 0.75f;  // weight of each harmonic relative to the one below
    float between = 0.6f;          // weight of the spectrum half-way below each harmonic, taken off
    float undertone = 0.2f;        // weight of its companions, relative to it, from which a lone odd harmonic counts
    float thirds = 0.4f;           // weight of the harmonics of a third of f0, taken off
    float least_height = 0.15f;    // of a candidate
    float least_outside = 0.9f;    // height from which a pitch beyond the range is believed
    float fall = 0.8f;             // power of the last period relative to the window's: below it no new note starts
    int leap_frames = 2;           // in a row that read a multiple or a fraction of the note, before it is believed
    float sure = 0.85f;            // height under which any other note must be read once more
    float unsure = 0.65f;          // and under which twice
    float sure_fraction = 0.95f;   // height under which a fraction of the note must be read
    int fraction_frames = 3;       // that many times more
    int young = 8;                 // frames within which a note's octave is still open,
    float well_begun = 0.9f;       // if it began at less than this height: a multiple above is believed at once
    float complete = 0.85f;        // share of the strongest harmonic sum from which a low note is still all there:
    int complete_frames = 12;      // a multiple of it must be read that many times more
    float far_fall = 0.6f;         // octaves down from which any other note must be read once more
    int pause = 4;                 // unvoiced frames after which anything is believed at once
    int lapse = 8;                 // unvoiced frames within which a pitch that stands still is the next note:
    float still = 0.02f;           // octaves from frame to frame,
    int still_frames = 2;          // for that many frames,
    float eased = 0.3f;            // less height is asked for
  };

  /// `rate`: of the samples given, Hz (the internal rate); f0 within `range`.
  explicit PitchTracker(double rate, PitchRange range = {}) : PitchTracker(rate, range, Settings{}) {}
  PitchTracker(double rate, PitchRange range, const Settings& settings);

  /// Samples that must lie, contiguous, before `newest` of process().
  static int history(double rate, PitchRange range = {}) noexcept;

  /// One frame, which brought `n` samples. `newest` points just past the newest of them; `spectrum` has processed the
  /// same frame. Real-time.
  Estimate process(const float* newest, int n, const Spectrum& spectrum) noexcept;
  void reset() noexcept;

  const std::optional<LowBand>& low_band() const noexcept { return low_; }

 private:
  static constexpr float kNothing = 1.0f;  // Hz, instead of a pitch: far from any

  int gather(const Spectrum& spectrum) noexcept;
  bool from_low_band(float f0) const noexcept { return low_ && f0 < split_; }
  float harmonic_sum(const Spectrum& spectrum, float f0) const noexcept;
  float contrast(const Spectrum& spectrum, float f0) const noexcept;
  int outside(float f0) const noexcept;
  bool complete(int count) const noexcept;
  bool doubtful(float f0, float height, bool voiced, int count) noexcept;
  bool stands_still(float pitch) noexcept;
  Estimate unvoiced(float height, float needed, int outside) noexcept;

  Settings settings_;
  float rate_;  // Hz
  PitchRange range_;
  float split_;  // Hz; candidates below it come from the low band
  Correlation correlation_;
  std::optional<LowBand> low_;
  OctaveMemory memory_;
  Voicing voicing_;
  std::array<OctaveMemory::Candidate, OctaveMemory::kCapacity> candidates_;
  std::array<float, OctaveMemory::kCapacity> heights_;  // theirs in the whole band
  float f0_;                                            // Hz, the last voiced
  float leap_ = 0.0f;                                   // Hz, another pitch that was read
  int leaps_ = 0;                                       // frames in a row that read it
  int unvoiced_;                                        // frames since the last voiced one
  int age_ = 0;                                         // of the note, voiced frames
  float began_ = 0.0f;                                  // height at which it did
  float read_ = kNothing;                               // Hz, the candidate chosen in the last frame
  int still_ = 0;                                       // frames in a row that chose the same
};

}  // namespace ddsp_rt
