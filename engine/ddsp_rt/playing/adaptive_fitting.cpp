// Learning and following a performance.
#include "ddsp_rt/playing/adaptive_fitting.h"

#include <algorithm>

#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {
namespace {

constexpr int kLearningFrames = 5 * kFrameRate;
constexpr int kFollowEvery = kFrameRate / 10;   // frames between two steps of following
constexpr float kFollowStep = 0.1f;             // dB a step: 1 dB/s
constexpr float kFollowMemory = 0.995f;         // a step: what was heard 20 s ago counts a third
constexpr int kOctaveSilence = kFrameRate / 5;  // frames of silence before following may change the octave

}  // namespace

void AdaptiveFitting::set(const Fitting& fitting) noexcept {
  fitting_ = fitting;
  fitter_.reset();
  to_learn_ = 0;
}

void AdaptiveFitting::learn() noexcept {
  fitter_.reset();
  to_learn_ = kLearningFrames;
}

void AdaptiveFitting::adopt(const AdaptiveFitting& other, const Target& target) noexcept {
  fitting_ = other.fitting_;
  fitter_ = other.fitter_;
  to_learn_ = other.to_learn_;
  if (to_learn_ == 0 && fitter_.frames() > 0.0f) fitting_ = fitter_.fit(target.quantiles);
}

void AdaptiveFitting::hear(const Features& features, std::int64_t frame, bool following,
                           const Target& target) noexcept {
  const bool voiced = features.periodicity >= kVoicedPeriodicity;
  const bool sounds = fitting_.apply(features).loudness >= std::max(fitting_.gate_db, target.gate_db);
  silent_ = sounds ? 0 : std::min(silent_ + 1, kOctaveSilence);
  if (to_learn_ == 0 && !following) return;
  fitter_.add(features);
  if (to_learn_ > 0 && voiced && sounds && --to_learn_ == 0) fitting_ = fitter_.fit(target.quantiles);
  if (following && to_learn_ == 0 && frame % kFollowEvery == 0) follow(target.quantiles);
}

void AdaptiveFitting::follow(const TargetQuantiles& target) noexcept {
  const Fitting wanted = fitter_.fit(target);
  fitting_.loudness.approach(wanted.loudness, kFollowStep);
  fitting_.gate_db += std::clamp(wanted.gate_db - fitting_.gate_db, -kFollowStep, kFollowStep);
  fitting_.unvoiced_drop_db = wanted.unvoiced_drop_db;
  if (silent_ >= kOctaveSilence) fitting_.octave = wanted.octave;
  fitter_.forget(kFollowMemory);
}

}  // namespace ddsp_rt
