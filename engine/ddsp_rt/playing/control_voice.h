// The door for control signals: pitch, envelope and frequency modulation in, the instrument out, no analysis.
#pragma once

#include <vector>

#include "ddsp_rt/playing/framed.h"

namespace ddsp_rt {

/// Signals of one call, as many samples each as are rendered.
struct ControlSignals {
  const float* f0;         // Hz; a value that is no positive number is a rest
  const float* level;      // envelope relative to the training set's 95 % loudness: linear, or in dB (kLevelInDb)
  const float* modulator;  // m of f0 (1 + r m), r being kRatio

  /// The same from sample `n` on.
  ControlSignals operator+(int n) const noexcept { return {f0 + n, level + n, modulator + n}; }
};

/// Pitch and envelope are read at each frame's first sample and sound by its last; the modulator acts sample by sample,
/// one frame (4 ms) later, and the ratio moves over the frame that follows. An instrument with z plays its mean timbre.
/// Every method but the constructor is real-time; all belong to one thread.
class ControlVoice final : public Framed {
 public:
  using Input = ControlSignals;

  /// Throws std::invalid_argument for a rate outside 8..192 kHz.
  ControlVoice(const Instruments& instruments, int rate);

  /// `out` may be one of the signals.
  void process(const Input& signals, float* out, int n) noexcept;

  /// Back to the state after construction; parameters stay.
  void reset() noexcept;

 private:
  void render(int gathered, const FrameClock::Frame& frame, float* out) noexcept override;
  void work_ahead_step(int step) noexcept override { voice_.work_ahead(step); }
  Features features() const noexcept;  // the network's
  Features asked() const noexcept;     // by the signals, f0, periodicity and loudness alone
  const float* deviation(float f0, int gathered, int length) noexcept;

  Voice voice_;
  Glide glide_;
  float asked_f0_ = 0.0f, asked_level_ = 0.0f;  // at the first sample of the frame that begins
  float f0_ = kDefaultF0;                       // the last that sounded
  float ratio_before_ = 0.0f, ratio_now_ = 0.0f;
  std::vector<float> modulation_, deviation_;
};

}  // namespace ddsp_rt
