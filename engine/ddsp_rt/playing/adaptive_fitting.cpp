// Learning and following a performance.
#include "ddsp_rt/playing/adaptive_fitting.h"

#include <algorithm>

#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {
namespace {

constexpr int kLearnt = 5 * kFrameRate;                     // sounding frames that learning takes
constexpr int kFirstHeard = kFrameRate / 2;                 // sounding frames before following starts
constexpr int kStepEvery = kFrameRate / 10;                 // frames between two looks at what was heard
constexpr float kFollowStep = 0.1f;                         // dB a look: 1 dB/s at least
constexpr float kGrowth = 1.0f + 1.0f / (20 * kFrameRate);  // of following: what sounded 20 s ago counts a third
constexpr int kPause = kFrameRate / 5;  // frames without a pitch before following may change the octave

}  // namespace

void AdaptiveFitting::set(const Fitting& fitting) noexcept {
  fitting_ = fitting;
  fitter_.reset();
  learning_ = false;
}

void AdaptiveFitting::learn() noexcept {
  fitter_.reset();
  learning_ = true;
}

void AdaptiveFitting::adopt(const AdaptiveFitting& other, const Target& target) noexcept {
  fitting_ = other.fitting_;
  fitter_ = other.fitter_;
  learning_ = other.learning_;
  if (!learning_ && fitter_.sounding() > 0.0f) fitting_ = fitter_.fit(target.quantiles, fitting_.loudness.range);
}

void AdaptiveFitting::hear(const Features& features, std::int64_t frame, bool following,
                           const Target& target) noexcept {
  const bool pitched =
      features.periodicity >= kVoicedPeriodicity && fitting_.apply(features).loudness >= target.gate_db;
  unpitched_ = pitched ? 0 : std::min(unpitched_ + 1, kPause);
  if (!learning_ && !following) return;
  fitter_.add(features, learning_ ? 1.0f : kGrowth);
  if (frame % kStepEvery != 0) return;
  const float heard = fitter_.sounding();
  if (learning_ && heard >= kLearnt) {
    learning_ = false;
    fitting_ = fitter_.fit(target.quantiles, fitting_.loudness.range);
  } else if (!learning_ && heard >= kFirstHeard) {
    follow(target.quantiles);
  }
}

void AdaptiveFitting::follow(const TargetQuantiles& target) noexcept {
  const Fitting wanted = fitter_.fit(target, fitting_.loudness.range);
  fitting_.loudness.approach(wanted.loudness, kFollowStep);
  fitting_.balance_db = nearer(fitting_.balance_db, wanted.balance_db, kFollowStep);
  fitting_.gate_db = wanted.gate_db;
  if (unpitched_ == kPause) fitting_.octave = wanted.octave;
}

}  // namespace ddsp_rt
