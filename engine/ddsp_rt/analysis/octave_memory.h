// Chooses among the lags at which the signal repeats: cost of each candidate now, and of the path that led to it.
#pragma once

#include <array>

namespace ddsp_rt {

/// Whether an interval of `octaves` (at least 0) is that of 2:1, 3:1, ... 8:1, within `tolerance` octaves.
bool is_multiple(float octaves, float tolerance) noexcept;

/// Forward Viterbi decision over a handful of candidates a frame. Old costs fade, so the memory spans a few frames:
/// long enough to carry a note over a frame that would be read an octave off, short enough to follow the next note at
/// once.
class OctaveMemory {
 public:
  static constexpr int kCapacity = 24;  // candidates per frame

  struct Candidate {
    float lag = 0.0f;           // s
    float height = 0.0f;        // normalised correlation there, 0..1
    float harmonic_sum = 0.0f;  // share of the strongest candidate's, 0..1
  };
  struct Settings {
    float height_offset = 0.06f;  // log(1 - height + this)
    float short_lag = 0.6f;       // per octave of lag
    float long_lag = 0.1f;        // per octave of lag beyond the next: there the spectrum is long enough to judge
    float long_from = 0.008f;     // s
    float harmonics = 6.0f;       // times log(harmonic sum + the next)
    float harmonic_offset = 0.15f;
    float fading = 0.7f;         // of past costs, per frame
    float jump = 0.3f;           // for leaving a note
    float multiple_jump = 1.0f;  // more, for leaving it for a multiple or a fraction
    float tolerance = 0.06f;     // octaves within which it is the same note
  };

  OctaveMemory() = default;
  explicit OctaveMemory(const Settings& settings) : settings_(settings) {}

  /// Index of the candidate that the cheapest path ends in; `count` of 1..kCapacity. Real-time.
  int choose(const Candidate* candidates, int count) noexcept;
  void reset() noexcept { count_ = 0; }

 private:
  Settings settings_;
  int count_ = 0;
  std::array<float, kCapacity> octaves_{};  // log2 of the last frame's lags
  std::array<float, kCapacity> costs_{};    // of the paths to them, least 0
};

}  // namespace ddsp_rt
