// Control signals in, the instrument out: pitch, envelope and frequency modulation from the host, no analysis.
#pragma once

#include <memory>
#include <vector>

#include "ddsp_rt/playing/smoothed_parameters.h"
#include "ddsp_rt/playing/voice.h"

namespace ddsp_rt {

/// Signals of one call, as many samples each as are rendered.
struct ControlSignals {
  const float* f0;         // Hz; a value that is no positive number is a rest
  const float* level;      // envelope, in the unit chosen
  const float* modulator;  // m of f0 (1 + r m)
};

enum class LevelUnit { kLinear, kDecibels };  // both relative to the training set's 95 % loudness

/// Pitch and envelope are read at each frame's first sample and sound by its last; the modulator acts sample by sample,
/// one frame (4 ms) later. An instrument with z plays its mean timbre. Any chopping gives the same samples. Every
/// method but the constructor is real-time.
class ControlledVoice {
 public:
  /// Throws std::invalid_argument for a rate outside 8..192 kHz.
  ControlledVoice(std::shared_ptr<const Instrument> instrument, int rate);

  /// `out` may be one of the signals.
  void process(const ControlSignals& signals, float* out, int n) noexcept;

  /// Back to the state after construction; parameters stay.
  void reset() noexcept;

  /// Of the parameters those that concern the sound count: not input_gain, dry_wet and auto_fit.
  void set(Parameter parameter, float value) noexcept { parameters_.set(parameter, value); }
  void set(const ParameterValues& values) noexcept { parameters_.set(values); }
  const ParameterValues& parameters() const noexcept { return parameters_.targets(); }

  /// r of f0 (1 + r m); moves over the frame that follows.
  void set_ratio(float ratio) noexcept;
  void set_unit(LevelUnit unit) noexcept { unit_ = unit; }

  int rate() const noexcept { return rate_; }
  const Instrument& instrument() const noexcept { return voice_.instrument(); }

 private:
  void run_frame(float f0, float level) noexcept;
  Features features(float f0, float level) const noexcept;

  int rate_;
  Voice voice_;
  SmoothedParameters parameters_;
  Glide glide_;
  LevelUnit unit_ = LevelUnit::kLinear;
  float ratio_ = 0.0f, ratio_before_ = 0.0f, ratio_now_ = 0.0f;
  float f0_ = kDefaultF0;  // the last that sounded
  int length_ = 0, position_ = 0;
  std::vector<float> modulation_, deviation_, rendered_;
};

}  // namespace ddsp_rt
