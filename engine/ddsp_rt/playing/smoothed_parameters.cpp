// Parameters as they sound.
#include "ddsp_rt/playing/smoothed_parameters.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/features.h"
#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {
namespace {

constexpr float kSmoothing = 0.25f;  // share of the way to the target in each frame: a time constant of 14 ms
constexpr float kFrameMs = 1000.0f / kFrameRate;
constexpr float kLowestMidi = -100.0f,
                kHighestMidi = 300.0f;  // far beyond hearing; an infinite pitch would stay for good

}  // namespace

void SmoothedParameters::reset() noexcept { now_ = before_ = wanted(); }

void SmoothedParameters::step() noexcept {
  before_ = now_;
  const Values goal = wanted();
  const auto approach = [](float& value, float target) {
    const float step = (target - value) * kSmoothing;
    value = std::abs(target - value) < 1e-5f ? target : value + step;
  };
  now_.semitones = goal.semitones;  // a transposition is a new note, not a slide; glide is a parameter of its own
  now_.gate = goal.gate;
  approach(now_.input_gain, goal.input_gain);
  approach(now_.harmonic_gain, goal.harmonic_gain);
  approach(now_.noise_gain, goal.noise_gain);
  approach(now_.breath, goal.breath);
  approach(now_.life, goal.life);
  approach(now_.brightness, goal.brightness);
  approach(now_.reverb, goal.reverb);
  approach(now_.dry, goal.dry);
  approach(now_.wet, goal.wet);
}

SmoothedParameters::Values SmoothedParameters::wanted() const noexcept {
  const float output = targets_.gain(Parameter::kOutputGain), wet = targets_[Parameter::kDryWet];
  return {.semitones = targets_[Parameter::kTranspose] + targets_[Parameter::kFineTune] / 100.0f,
          .input_gain = std::pow(10.0f, targets_[Parameter::kInputGain] / 20.0f),
          .gate = targets_[Parameter::kGate],
          .harmonic_gain = targets_.gain(Parameter::kHarmonicGain),
          .noise_gain = targets_.gain(Parameter::kNoiseGain),
          .breath = targets_.gain(Parameter::kBreath),
          .life = targets_[Parameter::kLife] / 100.0f,
          .brightness = targets_[Parameter::kBrightness],
          .reverb = targets_[Parameter::kReverb],
          .dry = output * (1.0f - wet),
          .wet = output * wet};
}

float Glide::share(float milliseconds) noexcept {
  return milliseconds > 0.0f ? 1.0f - std::exp(-3.0f * kFrameMs / milliseconds) : 1.0f;
}

float Glide::next(float f0, float semitones, float milliseconds) noexcept {
  const float wanted = std::clamp(midi_from_hz(f0) + semitones, kLowestMidi, kHighestMidi);
  midi_ = started_ ? midi_ + (wanted - midi_) * share(milliseconds) : wanted;
  started_ = true;
  return hz_from_midi(midi_);
}

}  // namespace ddsp_rt
