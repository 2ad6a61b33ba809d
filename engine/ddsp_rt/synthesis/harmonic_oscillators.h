// A bank of sine oscillators at whole multiples of f0, driven frame by frame.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ddsp_rt/controls.h"

namespace ddsp_rt {

/// Shares of the harmonics below a model's Nyquist, faded near it, into `shares`, which is as long as the longest of
/// them. Returns how many there are, and the factor that makes amplitudes of them. Real-time.
struct HarmonicShares {
  std::size_t count = 0;
  float scale = 0.0f;
};
HarmonicShares harmonic_shares(float f0, const Controls& controls, int model_rate, std::span<float> shares) noexcept;

/// Amplitudes move along a smooth step over a frame, f0 ramps in phase increment; the phase is in cycles, in double,
/// and wraps every frame. When f0 leaps by more than a quarter of an octave the old tone fades out while the new one
/// fades in, since a sweep of all harmonics within 4 ms would be a chirp with aliases. Harmonics are normalised over
/// those below the model's Nyquist and faded below the host's.
class HarmonicOscillators {
 public:
  /// `rate`, `model_rate` in Hz.
  HarmonicOscillators(int rate, int model_rate, int harmonics);

  /// Renders one frame of `n` samples, at most max_frame_length(rate), into `out`; f0 in Hz. Real-time.
  /// A frame without a usable f0 or amplitude fades to silence. `deviation`, where given, modulates the frequency
  /// sample by sample: the frequency at sample i is that of the ramp times 1 + deviation[i]; it may pass through zero.
  void render(float f0, const Controls& controls, int n, float* out, const float* deviation = nullptr) noexcept;

  /// The same, from the amplitude of each harmonic below the model's Nyquist. Real-time.
  void render(float f0, std::span<const float> amplitudes, int n, float* out,
              const float* deviation = nullptr) noexcept;

  /// The next frame's pitch is another tone's, however near: a leap. Real-time.
  void leap() noexcept { leaps_ = true; }

  /// Back to silence and phase zero. Real-time.
  void reset() noexcept;

  /// Nothing of the last frame sounds on. Real-time.
  bool silent() const noexcept { return active_ == 0; }

  /// Phase of the fundamental at the end of the last frame, cycles in [-0.5, 0.5].
  double phase() const noexcept { return phase_; }

 private:
  template <typename Fill>
  void render_frame(float f0, Fill&& fill, int n, float* out, const float* deviation) noexcept;
  std::size_t fade(float f0, double stretch, HarmonicShares shares) noexcept;
  struct Movement {
    double increment, slope;  // cycles a sample before the frame, and by how much more with each sample
  };
  double deviate(const Movement& frequency, int n, const float* deviation) noexcept;
  double add(const Movement& frequency, const std::vector<float>& from, const std::vector<float>& to,
             std::size_t harmonics, int n, float* out, const float* deviation) noexcept;

  int rate_, model_rate_;
  double phase_ = 0.0;
  double increment_ = 0.0;  // cycles a sample at the end of the last frame
  bool started_ = false, leaps_ = false;
  std::size_t active_ = 0;  // harmonics up to here sounded at the end of the last frame
  std::vector<float> from_, to_, none_;
  std::vector<float> sine_, twice_cosine_, ramp_, sum_;
};

}  // namespace ddsp_rt
