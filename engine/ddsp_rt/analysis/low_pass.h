// A steep, causal low-pass of short delay.
#pragma once

#include <vector>

#include "ddsp_rt/analysis/biquad.h"

namespace ddsp_rt {

/// Elliptic low-pass of the least order (at most 20) that meets its bounds; gain 1 at 0 Hz. Minimum-phase but for its
/// zeros on the unit circle. Source of the design: S. J. Orfanidis, "Lecture Notes on Elliptic Filter Design" (2006).
class LowPass {
 public:
  /// At `rate` Hz: gain within `ripple_db` below `pass_edge` Hz, under -`attenuation_db` from
  /// `stop_edge` Hz up; pass_edge < stop_edge < rate / 2.
  LowPass(double rate, double pass_edge, double stop_edge, double ripple_db, double attenuation_db);

  /// Filters `n` samples in place. Real-time.
  void process(double* samples, int n) noexcept;
  /// See Biquad::flush. Real-time.
  void flush() noexcept;
  void reset() noexcept;

  const std::vector<Biquad>& sections() const noexcept { return sections_; }

 private:
  std::vector<Biquad> sections_;  // an even number
};

}  // namespace ddsp_rt
