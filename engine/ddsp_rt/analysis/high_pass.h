// The 50 Hz high-pass that takes DC and rumble off before pitch and timbre are judged.
#pragma once

#include "ddsp_rt/analysis/biquad.h"

namespace ddsp_rt {

/// Second-order Butterworth high-pass at 50 Hz (bilinear transform, so the corner is exact and DC is a double zero).
/// Passes 100 Hz at -0.26 dB, 41 Hz at -5 dB
/// and the rumble of rooms and bows at 25 Hz, which would blur every repeat, at -12 dB.
class HighPass {
 public:
  /// `rate`: Hz, of the signal that comes in.
  explicit HighPass(double rate);

  /// Filters `n` samples; `in` and `out` may be the same. Real-time.
  void process(const float* in, int n, float* out) noexcept;
  void reset() noexcept { section_.reset(); }

  const Biquad& section() const noexcept { return section_; }

 private:
  Biquad section_;
};

}  // namespace ddsp_rt
