// What low notes are judged by: a slower copy of the signal, its repeats and a longer spectrum.
#pragma once

#include <vector>

#include "ddsp_rt/analysis/correlation.h"
#include "ddsp_rt/analysis/low_pass.h"
#include "ddsp_rt/analysis/spectrum.h"

namespace ddsp_rt {

/// The band below 1.5 kHz at about 4 kHz, where lags of low notes cost a sixteenth and 96 ms of spectrum, which tells
/// the harmonics of 40 Hz apart, next to nothing.
class LowBand {
 public:
  static constexpr float kHighest = 600.0f;  // Hz, of the pitches scanned

  /// `rate`: Hz, of the samples taken; `lowest`: Hz, of the pitches scanned.
  LowBand(double rate, float lowest);

  /// Takes the `n` samples of a frame and scans what came so far. Real-time.
  void process(const float* samples, int n) noexcept;
  void reset() noexcept;

  double rate() const noexcept { return rate_; }
  const Correlation& correlation() const noexcept { return correlation_; }
  const Spectrum& spectrum() const noexcept { return spectrum_; }
  const LowPass& low_pass() const noexcept { return low_pass_; }

 private:
  void take(const float* samples, int n) noexcept;

  int factor_;
  double rate_;
  LowPass low_pass_;
  Correlation correlation_;
  Spectrum spectrum_;
  int reach_;
  std::vector<float> history_;  // the newest sample just before end_
  int end_;
  int phase_ = 0;  // samples taken since the last one kept
};

}  // namespace ddsp_rt
