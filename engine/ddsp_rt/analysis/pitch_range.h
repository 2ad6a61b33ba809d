// Where a pitch is searched.
#pragma once

namespace ddsp_rt {

struct PitchRange {
  static constexpr float kLowest = 20.0f, kHighest = 3000.0f;  // Hz; what the tracker can search

  float low = 40.0f, high = kHighest;  // Hz

  /// Within what the tracker can search, and an octave or more wide. False where a bound is NaN.
  constexpr bool usable() const noexcept { return low >= kLowest && high >= 2.0f * low && high <= kHighest; }
};

}  // namespace ddsp_rt
