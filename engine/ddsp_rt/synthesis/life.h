// Long notes that move: each harmonic fades and swells by itself, as it does where bodies and rooms add up echoes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/synthesis/noise_generator.h"

namespace ddsp_rt {

/// How deeply the harmonics of an instrument fade, by their frequency: `depth` at `hertz`, straight lines in the
/// logarithm of the frequency between them. Empty: they stand still.
struct LifeDepth {
  std::vector<float> hertz, depth;

  float at(double hz) const noexcept;
};

/// Multiplies a harmonic at F by |1 + depth(F) n|, n a complex random process of unit variance: white noise through two
/// equal one-poles at 0.006 F, within 3 to 20 Hz. The amplitude makes up for it: the A-weighted power stays, frame by
/// frame.
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
    float share, gain, weight;  // of a one-pole's input, of the process, and in the A-weighted power
  };
  struct Process {
    float real[2], imaginary[2];  // after either one-pole
  };

  Place place(float hz) const noexcept;
  void step(float f0) noexcept;

  float nyquist_;              // Hz, the model's
  std::vector<Place> places_;  // every 25 Hz
  NoiseGenerator generator_, warm_generator_;
  std::vector<float> white_;
  std::vector<Process> processes_, warm_;
  std::vector<Place> at_;  // where each harmonic was in the last step
};

}  // namespace ddsp_rt
