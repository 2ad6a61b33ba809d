#include "ddsp_rt/transfer.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/realtime.h"

namespace ddsp_rt {
namespace {

constexpr int kLearningFrames = 5 * kFrameRate;
constexpr int kFollowEvery = kFrameRate / 10;       // frames between two steps of following
constexpr float kFollowStep = 0.1f;                 // dB a step: 1 dB/s
constexpr float kFollowMemory = 0.995f;             // a step: what was heard 20 s ago counts a third
constexpr int kOctaveSilence = kFrameRate / 5;      // frames of silence before following may change the octave
constexpr float kSmoothing = 0.25f;  // share of the way to the target in each frame: a time constant of 14 ms

AnalyserSettings analyser_settings(const Instrument& instrument) {
  AnalyserSettings settings = instrument.analyser;
  settings.mfcc = instrument.encoder.has_value();
  return settings;
}

float amplitude(float db) noexcept { return std::pow(10.0f, db / 20.0f); }

}  // namespace

Transfer::Transfer(std::shared_ptr<const Instrument> instrument, int rate)
    : rate_(rate),
      analyser_(rate, analyser_settings(*instrument)),
      voice_(std::move(instrument), rate),
      gathered_(static_cast<std::size_t>(max_frame_length(rate))),
      rendered_(gathered_.size()) {
  reset();
}

void Transfer::reset() noexcept {
  analyser_.reset();
  voice_.reset();
  now_ = before_ = target();
  features_ = {};
  midi_ = 0.0f;
  frame_ = 0;
  length_ = position_ = 0;
}

void Transfer::process(const float* in, float* out, int n) noexcept {
  const FlushDenormals flush;
  while (n > 0) {
    if (position_ == length_) run_frame();
    const int count = std::min(n, length_ - position_);
    for (int i = 0; i < count; ++i, ++position_) {
      const auto at = static_cast<std::size_t>(position_);
      const float sample = std::isfinite(in[i]) ? in[i] : 0.0f;
      const float ramp = static_cast<float>(position_ + 1) / static_cast<float>(length_);
      gathered_[at] = sample * (before_.input_gain + (now_.input_gain - before_.input_gain) * ramp);
      out[i] = sample * (before_.dry + (now_.dry - before_.dry) * ramp) +
               rendered_[at] * (before_.wet + (now_.wet - before_.wet) * ramp);
    }
    in += count;
    out += count;
    n -= count;
  }
}

void Transfer::run_frame() noexcept {
  features_ = analyser_.frame(gathered_.data(), length_);
  listen();
  smooth();
  Features fitted = fitting_.apply(features_);
  fitted.f0 = glide(fitted.f0);
  const float gate = std::max(fitting_.gate_db, instrument().gate_db) + now_.gate;
  length_ = voice_.next_length();
  voice_.render(fitted, {gate, now_.harmonic_gain, now_.noise_gain, now_.brightness, now_.reverb}, rendered_.data());
  position_ = 0;
  ++frame_;
}

void Transfer::learn() noexcept {
  fitter_.reset();
  to_learn_ = kLearningFrames;
}

void Transfer::adopt(const Transfer& other) noexcept {
  targets_ = other.targets_;
  fitter_ = other.fitter_;
  to_learn_ = other.to_learn_;
  fitting_ = fitter_.frames() > 0.0f ? fitter_.fit(instrument().quantiles) : other.fitting_;
}

void Transfer::listen() noexcept {
  const bool following = targets_[Parameter::kAutoFit] >= 0.5f;
  const bool voiced = features_.periodicity >= kVoicedPeriodicity;
  const bool sounds = fitting_.apply(features_).loudness >= std::max(fitting_.gate_db, instrument().gate_db) ;
  silent_ = sounds ? 0 : std::min(silent_ + 1, kOctaveSilence);
  if (to_learn_ == 0 && !following) return;
  fitter_.add(features_);
  if (to_learn_ > 0 && voiced && sounds && --to_learn_ == 0) fitting_ = fitter_.fit(instrument().quantiles);
  if (following && to_learn_ == 0 && frame_ % kFollowEvery == 0) follow();
}

void Transfer::follow() noexcept {
  const Fitting wanted = fitter_.fit(instrument().quantiles);
  fitting_.loudness.approach(wanted.loudness, kFollowStep);
  fitting_.gate_db += std::clamp(wanted.gate_db - fitting_.gate_db, -kFollowStep, kFollowStep);
  fitting_.unvoiced_drop_db = wanted.unvoiced_drop_db;
  if (silent_ >= kOctaveSilence) fitting_.octave = wanted.octave;
  fitter_.forget(kFollowMemory);
}

// The pitch that sounds: transposed, and moving towards a new note by an exponential that is 95 % there in the glide time.
float Transfer::glide(float f0) noexcept {
  const float wanted = midi_from_hz(f0) + now_.semitones;
  const float milliseconds = targets_[Parameter::kGlide];
  const float share = milliseconds > 0.0f ? 1.0f - std::exp(-3.0f * 4.0f / milliseconds) : 1.0f;
  midi_ = frame_ == 0 ? wanted : midi_ + (wanted - midi_) * share;
  return 440.0f * std::exp2((midi_ - 69.0f) / 12.0f);
}

Transfer::Smoothed Transfer::target() const noexcept {
  const float output = targets_.gain(Parameter::kOutputGain), wet = targets_[Parameter::kDryWet];
  return {.semitones = targets_[Parameter::kTranspose] + targets_[Parameter::kFineTune] / 100.0f,
          .input_gain = amplitude(targets_[Parameter::kInputGain]),
          .gate = targets_[Parameter::kGate],
          .harmonic_gain = targets_.gain(Parameter::kHarmonicGain),
          .noise_gain = targets_.gain(Parameter::kNoiseGain),
          .brightness = targets_[Parameter::kBrightness],
          .reverb = targets_[Parameter::kReverb],
          .dry = output * (1.0f - wet),
          .wet = output * wet};
}

void Transfer::smooth() noexcept {
  before_ = now_;
  const Smoothed wanted = target();
  const auto approach = [](float& value, float goal) {
    const float step = (goal - value) * kSmoothing;
    value = std::abs(goal - value) < 1e-5f ? goal : value + step;
  };
  now_.semitones = wanted.semitones;  // a transposition is a new note, not a slide; glide is a parameter of its own
  now_.gate = wanted.gate;
  approach(now_.input_gain, wanted.input_gain);
  approach(now_.harmonic_gain, wanted.harmonic_gain);
  approach(now_.noise_gain, wanted.noise_gain);
  approach(now_.brightness, wanted.brightness);
  approach(now_.reverb, wanted.reverb);
  approach(now_.dry, wanted.dry);
  approach(now_.wet, wanted.wet);
}

}  // namespace ddsp_rt
