// How well the signal repeats at each lag: the normalised square difference, scanned and refined.
#pragma once

#include <vector>

namespace ddsp_rt {

/// Over the newest P products, n(lag) = 2 sum x[i] x[i - lag] / sum (x[i]^2 + x[i - lag]^2), 1 for a perfect repeat
/// (McLeod and Wyvill, "A smarter way to find pitch", 2005). P follows the lag: 1.5 lags but at least 4.5 ms, so
/// that value and lag are those of a trailing window of 2.5 periods. Values between whole lags come from windowed-sinc
/// interpolation, which is exact for a band-limited signal where P is constant.
class Correlation {
 public:
  /// Scans lags of `f0_high` down to `scan_low` Hz; refine() and power() reach down to `f0_low`.
  Correlation(double rate, double f0_low, double scan_low, double f0_high);

  /// Samples read before `newest`.
  static int history(double rate, double f0_low) noexcept;
  /// n at every whole lag in range. Real-time.
  void scan(const float* newest) noexcept;

  struct Peak {
    float lag = 0.0f;     // samples
    float height = 0.0f;  // n there
  };
  /// Local maxima of the last scan of at least `least` height, in order of lag; at most `capacity`. Real-time.
  int peaks(float least, Peak* out, int capacity) const noexcept;
  /// n at a fractional `lag` within the scan. Real-time.
  float at(float lag) const noexcept;
  /// The peak within `spread` samples of `lag`, with P held fixed around it, which gives the lag to a fraction of a
  /// cent. Long periods are compared over one period rather than 1.5, short ones several periods apart. Real-time.
  Peak refine(const float* newest, float lag, float spread) noexcept;
  /// Mean square of the newest `span` samples (at least 4.5 ms, at most history()), as of the last scan. Real-time.
  double power(double span) const noexcept;

 private:
  static constexpr int kReach = 7;    // taps on each side of the sinc
  static constexpr int kPhases = 32;  // fractions of a sample tabulated
  static constexpr int kTaps = 16;    // 2 kReach, and zeros to whole vectors
  void sum_energy(const float* newest) noexcept;
  int products(int lag) const noexcept;
  float normalised(const float* newest, int lag, int count) const noexcept;
  float normalise(float product, int lag, int count) const noexcept;
  float interpolate(const float* values, int whole, int phase) const noexcept;
  Peak climb(const float* values, int whole, int first_phase, int last_phase, int step) const noexcept;

  int lowest_, highest_;  // lags scanned, samples
  float apart_, brief_;   // see refine(), samples
  int fixed_products_;    // floor of P
  int fine_below_;        // lags below this are scanned in half samples
  std::vector<float>
      values_;  // n by lag from -kReach, with lags to spare at the end; negative ones mirror positive ones
  std::vector<float> local_;    // n around one peak, likewise
  std::vector<double> energy_;  // energy_[i]: of the newest i samples
  std::vector<float> sinc_;     // [kPhases + 1][kTaps]
};

}  // namespace ddsp_rt
