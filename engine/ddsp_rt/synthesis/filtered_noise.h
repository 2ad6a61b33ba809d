// White noise shaped by magnitude curves, frame by frame, in overlapping segments of equal power.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ddsp_rt/kernels/fft.h"
#include "ddsp_rt/synthesis/noise_curve.h"
#include "ddsp_rt/synthesis/noise_generator.h"

namespace ddsp_rt {

/// Each frame filters fresh white samples by its magnitudes; the segment fades in over the frame and out over the
/// next with sine and cosine, so that independent segments add to a steady power.
class FilteredNoise {
 public:
  /// `rate`, `model_rate` in Hz; `bands` magnitudes a frame, at least 2; `seed` of the generator.
  FilteredNoise(int rate, int model_rate, int bands, std::uint32_t seed = 1);

  /// White samples a frame takes, for excitation from outside.
  std::size_t excitation_size() const noexcept { return fft_.size(); }

  /// Adds one frame of `n` samples to `out`; the next frame will have `next_n`. Both are frame lengths at this rate.
  /// `excitation`: excitation_size() samples in [-1, 1) in place of the generator's. Real-time.
  void render(const float* magnitudes, int n, int next_n, float* out, const float* excitation = nullptr) noexcept;

  /// The same, from gains of bins 1 to `count` of a transform of excitation_size() samples; a frame that does not
  /// `sound` is silence. Real-time.
  void render(const float* gains, std::size_t count, bool sound, int n, int next_n, float* out,
              const float* excitation = nullptr) noexcept;

  /// Draws and transforms the next frame's white samples: for moments with time to spare. Changes no sample. Real-time.
  void work_ahead() noexcept;

  /// Back to silence and the first random sample. Real-time.
  void reset() noexcept;

  /// Nothing of the last frame sounds on. Real-time.
  bool silent() const noexcept { return !sounding_; }

 private:
  void shape(const float* gains, std::size_t count, const float* excitation) noexcept;
  const float* rise(int n) const noexcept { return fades_.data() + (n > shortest_ ? 2 * shortest_ : 0); }

  int bands_, shortest_, longest_;
  RealFft fft_;
  std::uint32_t seed_;
  NoiseGenerator generator_;
  NoiseCurve curve_;
  std::vector<float> gains_;  // of bins 1.. up to the model's Nyquist
  std::vector<float> fades_;  // sine then cosine for the shortest frame, then for the longest
  std::vector<float> white_, segment_, fading_;
  std::vector<float> white_real_, white_imaginary_, real_, imaginary_;  // spectra of white_ and segment_
  bool sounding_ = false;                                               // fading_ holds the end of a segment
  bool drawn_ = false;                                                  // the white spectrum has not been used yet
};

}  // namespace ddsp_rt
