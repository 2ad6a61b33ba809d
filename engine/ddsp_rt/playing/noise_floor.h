// The noise of a performance's room and cable, as its pauses show it.
#pragma once

#include <array>
#include <optional>

#include "ddsp_rt/features.h"
#include "ddsp_rt/quantiles.h"

namespace ddsp_rt {

/// Listens for stretches of 0.1 s that are unvoiced and steady: breath swells, notes and rooms decay, noise stands.
/// Every method is real-time.
class NoiseFloor {
 public:
  void reset() noexcept;

  /// Each frame counts `growth` times as much as the one before.
  void add(const Features& frame, float growth) noexcept;

  /// The level of the noise in dB, where a second of it in all was heard that lies close to the softest frames of the
  /// performance, since under its noise nothing is heard.
  std::optional<float> level() const noexcept;

  /// Frames of steady stretches heard, as far as they still count.
  float frames() const noexcept { return stretches_.total() / stretch_weight_; }

 private:
  /// Some frames of a stretch, summed up.
  struct Part {
    float sum = 0.0f, squares = 0.0f;
    int count = 0;
    float mean() const noexcept { return sum / static_cast<float>(count); }
  };

  void end_stretch(float growth) noexcept;

  Histogram<240> frames_{-100.0f, 0.5f};     // dB of every frame above silence
  Histogram<240> stretches_{-100.0f, 0.5f};  // mean dB of steady stretches, counted in frames
  float frame_weight_ = 1.0f, stretch_weight_ = 1.0f;
  int length_ = 0;  // frames of the present stretch
  std::array<Part, 2> halves_;
};

}  // namespace ddsp_rt
