// Long notes that move: each harmonic fades and swells by itself, as it does where bodies and rooms add up echoes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/synthesis/noise_generator.h"

namespace ddsp_rt {

/// How deeply the harmonics of an instrument fade, by their frequency: `depth` slowly and `fast` quickly at `hertz`,
/// straight lines in the logarithm of the frequency between them. Empty: they stand still, or do not flutter.
struct LifeDepth {
  std::vector<float> hertz, depth, fast;

  /// One of the two at a frequency; 0 where it is empty.
  float at(const std::vector<float>& depths, double hz) const noexcept;
};

/// Multiplies a harmonic at F by |1 + depth(F) n + fast(F) m|. n and m are complex random processes of unit variance,
/// made of the same white noise: n through two equal one-poles at 0.006 F, within 3 to 20 Hz; m through one at 60 Hz,
/// less what another at 25 Hz passes of it, and all that 0.238 min(|n|^2, 5)^2 times: it comes in bursts, as recorded.
/// The amplitude makes up for all: the A-weighted power stays, frame by frame.
class Life {
 public:
  /// `model_rate` in Hz; `f0` in Hz, at which the processes stand when a voice starts. A `seed` for each voice.
  Life(const LifeDepth& depth, int model_rate, std::size_t harmonics, float f0, std::uint32_t seed);

  /// Bends one frame's controls, by `amount` times the instrument's depth; with 0 nothing is touched. Real-time.
  void play(float f0, float amount, Controls& controls) noexcept;

  /// Back to the first frame. Real-time.
  void reset() noexcept;

 private:
  struct Place {
    float share, gain, fast, unit, weight;  // of a one-pole's input; of either process; of the slow one for a variance
                                            // of 1; in the A-weighted power
  };

  Place place(float hz) const noexcept;
  void step(float f0) noexcept;

  float nyquist_;              // Hz, the model's
  bool flutters_;              // whether the fast process is heard
  std::vector<Place> places_;  // every 25 Hz
  NoiseGenerator generator_, warm_generator_;
  std::vector<float> white_, shares_;    // real and imaginary of each harmonic in turn
  std::vector<float> processes_, warm_;  // likewise: after either one-pole of the slow process, then of the fast one
  std::vector<Place> at_;                // where each harmonic was in the last step
};

}  // namespace ddsp_rt
