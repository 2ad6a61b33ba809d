// The balance of a spectrum: how much of its power lies high.
#pragma once

#include "ddsp_rt/analysis/spectrum.h"

namespace ddsp_rt {

/// Power from 3.5 to 7 kHz against that from 60 Hz to 3.5 kHz, in dB, within -60 and +20. A sibilant reads above 0, a
/// note well below; a soft or dying one further down than a loud one, whatever the gain. Each band has a floor, of -130
/// and -160 dB re a full-scale sine, so that digital silence reads kSilentBalance; above -100 dB it changes nothing.
class Balance {
 public:
  /// For spectra of the size and rate of `spectrum`; at a rate below 7.2 kHz the upper band would be empty.
  explicit Balance(const Spectrum& spectrum);

  /// Of the spectrum's frame. Real-time.
  float operator()(const Spectrum& spectrum) const noexcept;

 private:
  int lowest_, edge_, end_;  // bins
};

}  // namespace ddsp_rt
