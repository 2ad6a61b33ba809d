// Controls in, one dry line out: harmonic oscillators plus filtered noise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/synthesis/control_blend.h"
#include "ddsp_rt/synthesis/filtered_noise.h"
#include "ddsp_rt/synthesis/harmonic_oscillators.h"

namespace ddsp_rt {

/// Every method but the constructor is real-time.
class Synthesizer {
 public:
  /// `rate` in Hz; `seed` of the noise. With a `second` format it plays what lies between controls of both, too.
  Synthesizer(int rate, const ControlFormat& format, std::uint32_t seed = 1,
              const std::optional<ControlFormat>& second = std::nullopt);

  /// Plays one frame into `out`. `excitation` as for FilteredNoise, `deviation` as for HarmonicOscillators.
  void render(float f0, const Controls& controls, const FrameClock::Frame& frame, float* out,
              const float* excitation = nullptr, const float* deviation = nullptr) noexcept;

  /// Plays one frame of what lies `share` of the way, 0 to 1, from the first format's controls to the second's.
  void render(float f0, const Controls& first, const Controls& second, float share, const FrameClock::Frame& frame,
              float* out, const float* excitation = nullptr, const float* deviation = nullptr) noexcept;

  /// Prepares the next frame's noise: for moments with time to spare. Changes no sample.
  void work_ahead() noexcept { filtered_noise_.work_ahead(); }

  /// The next frame's pitch is another tone's, however near.
  void leap() noexcept { oscillators_.leap(); }

  /// Back to silence, phase zero and the first random sample.
  void reset() noexcept;

  /// Nothing of the last frame sounds on.
  bool silent() const noexcept { return oscillators_.silent() && filtered_noise_.silent(); }

  // The two parts of the last frame.
  std::span<const float> harmonic_part() const noexcept { return {harmonic_.data(), length_}; }
  std::span<const float> noise_part() const noexcept { return {noise_.data(), length_}; }

  /// White samples a frame takes, for excitation from outside.
  std::size_t excitation_size() const noexcept { return filtered_noise_.excitation_size(); }

 private:
  void begin(const FrameClock::Frame& frame) noexcept;
  void add(float* out) const noexcept;

  HarmonicOscillators oscillators_;
  FilteredNoise filtered_noise_;
  std::optional<ControlBlend> blend_;
  std::vector<float> harmonic_, noise_;
  std::size_t length_ = 0;
};

}  // namespace ddsp_rt
