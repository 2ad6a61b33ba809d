// A second-order filter section in double precision, for the filters of the analysis path.
#pragma once

namespace ddsp_rt {

/// y[n] = b0 x[n] + b1 x[n-1] + b2 x[n-2] - a1 y[n-1] - a2 y[n-2], as a transposed direct form II.
struct Biquad {
  double b0 = 1.0, b1 = 0.0, b2 = 0.0, a1 = 0.0, a2 = 0.0;
  double s1 = 0.0, s2 = 0.0;

  /// Real-time.
  double process(double x) noexcept {
    const double y = b0 * x + s1;
    s1 = b1 * x - a1 * y + s2;
    s2 = b2 * x - a2 * y;
    return y;
  }

  void reset() noexcept { s1 = s2 = 0.0; }

  /// Ends a tail 300 dB below full scale, long before it reaches denormal numbers. Once a frame is enough. Real-time.
  void flush() noexcept {
    constexpr double smallest = 1e-15;
    if (s1 < smallest && s1 > -smallest && s2 < smallest && s2 > -smallest) reset();
  }
};

}  // namespace ddsp_rt
