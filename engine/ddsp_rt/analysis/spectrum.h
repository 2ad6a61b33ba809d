// Magnitude spectrum of the last 32 ms, shared by the pitch tracker and the MFCC.
#pragma once

#include <vector>

#include "ddsp_rt/kernels/fft.h"

namespace ddsp_rt {

/// Magnitudes of a trailing frame, 32 ms unless told otherwise. The window is a Hann window that leans towards the
/// present: it rises over three quarters of the frame and falls over the last, so a new note shows after 8 ms rather
/// than 16 at nearly the same resolution. A steady sine of amplitude A in the middle of a bin reads A at every rate.
class Spectrum {
 public:
  /// `rate`: of the samples, Hz.
  explicit Spectrum(double rate, double seconds = 0.032);

  /// Samples that must lie, contiguous, before the `newest` of process().
  int history() const noexcept { return static_cast<int>(window_.size()); }
  /// Analyses the frame that ends just before `newest` (a pointer past the newest sample). Real-time.
  void process(const float* newest) noexcept;

  int bins() const noexcept { return static_cast<int>(magnitude_.size()); }
  double bin_hz() const noexcept { return bin_hz_; }  // bin k lies at k * bin_hz()
  const float* magnitudes() const noexcept { return magnitude_.data(); }
  /// Magnitude at `frequency` Hz, linear between bins; 0 from the last bin up.
  float at(float frequency) const noexcept;

 private:
  RealFft fft_;
  double bin_hz_;
  std::vector<float> window_, frame_, magnitude_, real_, imaginary_;
};

}  // namespace ddsp_rt
