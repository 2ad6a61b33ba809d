// Parameters as they sound: smoothed frame by frame, so that nothing steps. Shared by everything that plays.
#pragma once

#include "ddsp_rt/playing/parameters.h"

namespace ddsp_rt {

/// A gain that moves evenly over a frame.
struct Ramp {
  float from, by;
  float operator()(float share) const noexcept { return from + by * share; }  // `share` of the frame has passed
};

/// Every method is real-time.
class SmoothedParameters {
 public:
  struct Values {
    float semitones, input_gain, gate, harmonic_gain, noise_gain, breath, life, brightness, reverb, dry, wet;
  };

  SmoothedParameters() noexcept { reset(); }

  void set(Parameter parameter, float value) noexcept { targets_.set(parameter, value); }
  void set(const ParameterValues& values) noexcept { targets_.set(values); }
  void set_initial(Parameter parameter, float value) noexcept { targets_.set_initial(parameter, value); }
  const ParameterValues& targets() const noexcept { return targets_; }

  /// At once where they are set.
  void reset() noexcept;

  /// Once a frame: each value moves a share of the way to its target.
  void step() noexcept;

  /// Values of this frame, to which they ramp from those of the one before.
  const Values& now() const noexcept { return now_; }
  Ramp ramp(float Values::*value) const noexcept { return {before_.*value, now_.*value - before_.*value}; }
  /// Of a door without a dry sound.
  Ramp output_gain() const noexcept {
    const float before = before_.dry + before_.wet;  // together the output gain
    return {before, now_.dry + now_.wet - before};
  }

 private:
  Values wanted() const noexcept;

  ParameterValues targets_;
  Values now_{}, before_{};
};

/// The pitch that sounds. It moves to a new note by an exponential that is 95 % there in the glide time. Real-time.
class Glide {
 public:
  /// Of the way to a new note that is made in a frame.
  static float share(float milliseconds) noexcept;

  void reset() noexcept { started_ = false; }

  /// Once a frame: f0 in Hz after transposition by `semitones`, gliding in `milliseconds`.
  float next(float f0, float semitones, float milliseconds) noexcept;

 private:
  bool started_ = false;
  float midi_ = 0.0f;
};

}  // namespace ddsp_rt
