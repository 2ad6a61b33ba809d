// How a fit changes a frame.
#include "ddsp_rt/playing/fitting.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {
namespace {

constexpr float kDynamicsDb = 30.0f;  // under the loud level: what a range stretches
constexpr float kOpensAbove = 6.0f;   // dB over a noise gate's threshold

}  // namespace

float nearer(float value, float wanted, float step) noexcept {
  const float way = wanted - value, stride = std::max(step, 0.05f * std::abs(way));
  return value + std::clamp(way, -stride, stride);
}

float LoudnessMap::operator()(float loudness_db) const noexcept {
  if (loudness_db <= kSilenceDb) return kSilenceDb;
  const float under = loud_db - loudness_db;  // the loud level
  float bent = 0.0f;                          // dB further down than an offset alone would have it
  if (under > kDynamicsDb) {
    bent = (range - 1.0f) * kDynamicsDb;
    if (range < 1.0f) bent = std::min(0.0f, bent + (1.0f - range) * (under - kDynamicsDb));
  } else if (under > 0.0f) {
    bent = (range - 1.0f) * under;
  }
  return std::max(kSilenceDb, loudness_db + offset_db - bent);
}

void LoudnessMap::approach(const LoudnessMap& wanted, float step_db) noexcept {
  offset_db = nearer(offset_db, wanted.offset_db, step_db);
  loud_db = nearer(loud_db, wanted.loud_db, step_db);
  range = wanted.range;
}

Features Fitting::apply(const Features& features) const noexcept {
  Features fitted = features;
  fitted.f0 = std::ldexp(features.f0, octave);
  fitted.loudness = loudness(features.loudness);
  fitted.fast_loudness = loudness(features.fast_loudness);
  fitted.balance += balance_db * std::clamp(features.periodicity, 0.0f, 1.0f);
  return fitted;
}

bool NoiseGate::next(const Features& frame, float threshold_db, float offset_db) noexcept {
  const float closes = threshold_db + offset_db, opens = closes + kOpensAbove;
  open_ = threshold_db <= kSilenceDb || frame.periodicity >= kVoicedPeriodicity ||
          frame.loudness >= (open_ ? closes : opens);
  return open_;
}

}  // namespace ddsp_rt
