// Mel-frequency cepstral coefficients of a frame's spectrum.
#pragma once

#include <array>
#include <vector>

#include "ddsp_rt/analysis/spectrum.h"
#include "ddsp_rt/features.h"

namespace ddsp_rt {

/// 30 cepstral coefficients: power in 64 triangular bands, natural logarithm, orthonormal DCT-II.
///
/// The bands are spaced evenly from 40 to 7000 Hz on the mel scale m = 2595 log10(1 + f / 700) (O'Shaughnessy,
/// "Speech Communication", 1987; the use for cepstra is Davis and Mermelstein's, 1980) and overlap by half, each with a
/// peak weight of 1. The power spectrum is read as piecewise linear between its bins and integrated under each
/// triangle, so bands narrower than a bin are never empty and the sums depend on neither the rate nor the transform's
/// size. A band's power is a mean square (a sine of amplitude 1 at its centre: 1/2). Each band gets 1e-5 of the sum of
/// all
/// (-50 dB) on top, because what lies between the partials of a clean tone is leakage of the window, which says nothing
/// of the sound and varies with the grid of bins; the result is floored at 1e-10. Bands above Nyquist hold the floor.
class Mfcc {
 public:
  static constexpr int kBands = 64;

  /// For spectra of the size and rate of `spectrum`.
  explicit Mfcc(const Spectrum& spectrum);

  /// Writes the coefficients [30] of the spectrum's frame. Real-time.
  void process(const Spectrum& spectrum, float* coefficients) noexcept;

 private:
  struct Band {
    int first = 0, count = 0;  // bins
    int weights = 0;           // where they begin in weights_
  };
  std::array<Band, kBands> bands_;
  std::vector<float> weights_;
  std::vector<float> power_;  // [bins the bands touch]
  std::array<float, kBands> log_power_{};
  std::array<std::array<float, kBands>, kMfccCount> cosines_;  // the DCT's rows
};

}  // namespace ddsp_rt
