// Brings any host rate down to the internal analysis rate with a short, causal low-pass.
#pragma once

#include <optional>

#include "ddsp_rt/analysis/low_pass.h"

namespace ddsp_rt {

/// Keeps every factor()-th sample behind an elliptic low-pass: flat within 0.05 dB up to 7 kHz, at least 65 dB down
/// from `rate() - 7 kHz` up, so nothing folds onto the band below 7 kHz. It delays the low band by 0.1 to 0.2 ms.
/// Rates below 32 kHz pass through unchanged. Output does not depend on how the input is cut into calls.
class Decimator {
 public:
  explicit Decimator(int rate);  // rate: host rate in Hz

  /// max(1, floor(rate / 16000)).
  static int factor(int rate) noexcept { return rate < 32000 ? 1 : rate / 16000; }
  /// The internal rate in Hz; a whole number only where the factor divides the host rate.
  double rate() const noexcept { return rate_; }

  /// Filters `n` host samples and writes the internal ones that fall due; returns how many (at most n / factor + 1).
  /// NaN and infinities count as 0. `out` may be `in`. Real-time.
  int process(const float* in, int n, float* out) noexcept;
  void reset() noexcept;

  const std::optional<LowPass>& low_pass() const noexcept { return low_pass_; }

 private:
  int factor_;
  double rate_;
  int phase_ = 0;     // host samples taken since the last internal one
  int position_ = 0;  // within the block being filtered
  std::optional<LowPass> low_pass_;
};

}  // namespace ddsp_rt
