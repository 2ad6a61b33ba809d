// Gathering frames, fitting them and playing the answer.
#include "ddsp_rt/playing/transfer.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/realtime.h"

namespace ddsp_rt {
namespace {

constexpr int kLearningFrames = 5 * kFrameRate;
constexpr int kFollowEvery = kFrameRate / 10;   // frames between two steps of following
constexpr float kFollowStep = 0.1f;             // dB a step: 1 dB/s
constexpr float kFollowMemory = 0.995f;         // a step: what was heard 20 s ago counts a third
constexpr int kOctaveSilence = kFrameRate / 5;  // frames of silence before following may change the octave

AnalyserSettings analyser_settings(const Instrument& instrument, const std::optional<PitchRange>& range) {
  AnalyserSettings settings = instrument.analyser;
  settings.range = range.value_or(settings.range);
  settings.mfcc = instrument.encoder.has_value();
  return settings;
}

}  // namespace

Transfer::Transfer(std::shared_ptr<const Instrument> instrument, int rate, std::optional<PitchRange> range)
    : rate_(rate),
      analyser_(rate, analyser_settings(*instrument, range)),
      voice_(std::move(instrument), rate),
      gathered_(static_cast<std::size_t>(max_frame_length(rate))),
      rendered_(gathered_.size()) {
  reset();
}

void Transfer::reset() noexcept {
  analyser_.reset();
  voice_.reset();
  parameters_.reset();
  glide_.reset();
  features_ = {};
  frame_ = 0;
  length_ = position_ = 0;
}

void Transfer::process(const float* in, float* out, int n) noexcept {
  const FlushDenormals flush;
  const SmoothedParameters::Values &before = parameters_.before(), &now = parameters_.now();
  const int block = n;
  bool spare = true;  // no frame begins in this block
  while (n > 0) {
    if (position_ == length_) {
      run_frame();
      spare = false;
    }
    const int count = std::min(n, length_ - position_);
    for (int i = 0; i < count; ++i, ++position_) {
      const auto at = static_cast<std::size_t>(position_);
      const float sample = admitted(in[i]);
      const float ramp = static_cast<float>(position_ + 1) / static_cast<float>(length_);
      gathered_[at] = sample * (before.input_gain + (now.input_gain - before.input_gain) * ramp);
      out[i] = sample * (before.dry + (now.dry - before.dry) * ramp) +
               rendered_[at] * (before.wet + (now.wet - before.wet) * ramp);
    }
    in += count;
    out += count;
    n -= count;
  }
  if (spare && block > 0) voice_.work_ahead(length_ - position_, block);
}

void Transfer::run_frame() noexcept {
  features_ = analyser_.frame(gathered_.data(), length_);
  listen();
  parameters_.step();
  const SmoothedParameters::Values& now = parameters_.now();
  Features fitted = fitting_.apply(features_);
  fitted.f0 = glide_.next(fitted.f0, now.semitones, parameters()[Parameter::kGlide]);
  const float gate = std::max(fitting_.gate_db, instrument().gate_db) + now.gate;
  length_ = voice_.next_length();
  voice_.render(fitted, {gate, now.harmonic_gain, now.noise_gain, now.brightness, now.reverb, fitting_.mean_z},
                rendered_.data());
  position_ = 0;
  ++frame_;
}

void Transfer::set_fitting(const Fitting& fitting) noexcept {
  fitting_ = fitting;
  fitter_.reset();
  to_learn_ = 0;
}

void Transfer::learn() noexcept {
  fitter_.reset();
  to_learn_ = kLearningFrames;
}

void Transfer::adopt(const Transfer& other) noexcept {
  parameters_.set(other.parameters());
  fitter_ = other.fitter_;
  to_learn_ = other.to_learn_;
  const bool known = to_learn_ == 0 && fitter_.frames() > 0.0f;
  fitting_ = other.fitting_;
  if (known) refit();
}

void Transfer::refit() noexcept {
  const bool mean_z = fitting_.mean_z;  // a choice, not something heard
  fitting_ = fitter_.fit(instrument().quantiles);
  fitting_.mean_z = mean_z;
}

void Transfer::listen() noexcept {
  const bool following = parameters()[Parameter::kAutoFit] >= 0.5f;
  const bool voiced = features_.periodicity >= kVoicedPeriodicity;
  const bool sounds = fitting_.apply(features_).loudness >= std::max(fitting_.gate_db, instrument().gate_db);
  silent_ = sounds ? 0 : std::min(silent_ + 1, kOctaveSilence);
  if (to_learn_ == 0 && !following) return;
  fitter_.add(features_);
  if (to_learn_ > 0 && voiced && sounds && --to_learn_ == 0) refit();
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

}  // namespace ddsp_rt
