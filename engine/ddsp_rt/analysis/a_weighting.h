// A-weighting as a digital filter that follows the analog curve at any rate.
#pragma once

#include <array>

#include "ddsp_rt/analysis/biquad.h"

namespace ddsp_rt {

/// Gain of the A curve at `hz` in dB, 0 at 1 kHz (IEC 61672-1: poles twice at 20.6, at 107.7, at 737.9 and twice at
/// 12194 Hz, four zeros at DC).
double a_weighting_db(double hz) noexcept;

/// The same as a gain of power, without logarithms. Real-time.
double a_weighting_power(double hz) noexcept;

/// A-weighting filter, causal and of sixth order.
///
/// The four zeros and the four lower poles are mapped to z = exp(s / rate), where the match is all but exact. The upper
/// double pole lies near or beyond Nyquist, so it is replaced by two real zeros and two real poles whose places, with
/// the gain, are fitted to the analog curve in dB when the filter is built (Gauss-Newton, a few microseconds per step).
/// From 40 Hz to 7 kHz, or to 95 % of Nyquist where that is less, it stays within 0.02 dB at rates of 8 to 32 kHz.
class AWeighting {
 public:
  /// `rate`: Hz, from 8000 up.
  explicit AWeighting(double rate);

  /// Filters `n` samples; `in` and `out` may be the same. Real-time.
  void process(const float* in, int n, float* out) noexcept;
  void reset() noexcept;

  const std::array<Biquad, 3>& sections() const noexcept { return sections_; }

 private:
  std::array<Biquad, 3> sections_;
};

}  // namespace ddsp_rt
