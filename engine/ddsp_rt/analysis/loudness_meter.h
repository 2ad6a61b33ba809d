// A-weighted loudness over a window that follows the pitch.
#pragma once

#include <vector>

#include "ddsp_rt/analysis/a_weighting.h"

namespace ddsp_rt {

/// Mean square of the A-weighted signal over a trailing window, in dB.
///
/// The window is a whole number of periods, the fewest that last 8 ms, when the frame is voiced: a steady tone then
/// reads steady however low it is, and a high one answers within 8 ms. It is 16 ms when the frame is unvoiced. Windows
/// need not be whole samples: the oldest sample counts with its share. The window is summed anew each frame, so nothing
/// drifts and nothing that has left the window is remembered.
///
/// 0 dB is a sine of amplitude 1 at 997 Hz; readings stay within -100 and +20 dB. Digital silence reads -100 exactly.
class LoudnessMeter {
 public:
  /// `rate`: Hz, of the signal that comes in; `f0_low`: Hz, the lowest pitch that will be passed.
  explicit LoudnessMeter(double rate, float f0_low = 40.0f);

  /// Takes `n` new samples. Real-time.
  void push(const float* samples, int n) noexcept;

  /// The loudness in dB of the window that ends with the newest sample. `f0`: the pitch in Hz when voiced, 0 when
  /// unvoiced. Real-time.
  float level(float f0) const noexcept;

  /// The same over a shorter window: the fewest whole periods that last 4 ms, 5 ms when unvoiced. It ripples and errs
  /// more, and shows an attack, a bow change or a consonant while it happens. Real-time.
  float fast_level(float f0) const noexcept;
  void reset() noexcept;

  const AWeighting& weighting() const noexcept { return weighting_; }

 private:
  float level(float f0, double voiced_window, double unvoiced_window) const noexcept;

  AWeighting weighting_;
  double rate_;
  double reference_;            // dB, of the reference sine's mean square
  int longest_;                 // samples that the longest window touches
  std::vector<float> history_;  // weighted samples, oldest first, the newest just before end_
  int end_;
};

}  // namespace ddsp_rt
