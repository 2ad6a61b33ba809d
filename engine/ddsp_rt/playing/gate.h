// Turns a voice off below a loudness, softly, so that silence in is silence out.
#pragma once

#include "ddsp_rt/features.h"

namespace ddsp_rt {

/// Opens at the threshold and closes 6 dB below it; digital silence closes it wherever that is. The gain falls to
/// exactly 0 in five equal steps (20 ms) and is back at 1 within a frame; the synthesizer's ramps smooth the steps.
class Gate {
 public:
  explicit Gate(float threshold_db) noexcept : threshold_(threshold_db) {}

  /// Takes one frame's loudness, dB; returns the gain, 0 to 1, of its controls. Real-time.
  float next(float loudness_db) noexcept {
    open_ = loudness_db > kSilenceDb && loudness_db >= (open_ ? threshold_ - kHysteresis : threshold_);
    if (open_) {
      steps_ = kSteps;
    } else if (steps_ > 0) {
      --steps_;
    }
    return gain();
  }

  float gain() const noexcept { return static_cast<float>(steps_) / kSteps; }

  void set_threshold(float threshold_db) noexcept { threshold_ = threshold_db; }

  /// Back to closed. Real-time.
  void reset() noexcept {
    open_ = false;
    steps_ = 0;
  }

 private:
  static constexpr float kHysteresis = 6.0f;  // dB
  static constexpr int kSteps = 5;            // frames

  float threshold_;
  bool open_ = false;
  int steps_ = 0;
};

}  // namespace ddsp_rt
