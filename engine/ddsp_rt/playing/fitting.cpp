// Quantiles of a performance, and the octave and loudness map that follow from them.
#include "ddsp_rt/playing/fitting.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {
namespace {

constexpr float kUnvoicedDropDb = 12.0f;
constexpr float kFloorMarginDb = 6.0f;  // the gate sits this far above the performance's noise floor
constexpr float kClearFloorDb = 25.0f;  // a quietest part this far below the median counts as the noise floor
constexpr float kMinimumFrames = 25.0f;

// How far the shifted 5..95 % quantiles lie outside the target's, in semitones; the medians' distance decides ties. The
// outermost quantiles are left to slips of the tracker.
float pitch_misfit(const QuantileArray& pitch, const QuantileArray& target, int octave) {
  const float low = target[1], high = target[target.size() - 2], shift = 12.0f * static_cast<float>(octave);
  float misfit = 0.0f;
  for (std::size_t i = 1; i + 1 < pitch.size(); ++i)
    misfit += std::max(0.0f, low - pitch[i] - shift) + std::max(0.0f, pitch[i] + shift - high);
  const std::size_t middle = pitch.size() / 2;
  return misfit + 0.1f * std::abs(pitch[middle] + shift - target[middle]);
}

}  // namespace

LoudnessMap::LoudnessMap(float offset_db) noexcept { points_.to.fill(offset_db); }

LoudnessMap::LoudnessMap(const QuantileArray& from, const QuantileArray& to) noexcept : points_{from, to} {
  QuantileArray& mapped = points_.to;
  const std::size_t middle = from.size() / 2;
  const auto rise = [&](std::size_t i) {
    const float run = from[i + 1] - from[i];
    return std::clamp(to[i + 1] - to[i], 0.5f * run, 2.0f * run);
  };
  for (std::size_t i = middle; i + 1 < from.size(); ++i) mapped[i + 1] = mapped[i] + rise(i);
  for (std::size_t i = middle; i-- > 0;) mapped[i] = mapped[i + 1] - rise(i);
}

float LoudnessMap::operator()(float loudness_db) const noexcept {
  if (loudness_db <= kSilenceDb) return kSilenceDb;
  const auto& [from, to] = points_;
  const auto above = static_cast<std::size_t>(std::upper_bound(from.begin(), from.end(), loudness_db) - from.begin());
  if (above == 0) return std::max(kSilenceDb, loudness_db - from.front() + to.front());
  const std::size_t below = above - 1;
  if (above == from.size()) return loudness_db - from.back() + to.back();
  const float run = from[above] - from[below];
  return to[below] + (to[above] - to[below]) * (loudness_db - from[below]) / run;
}

float LoudnessMap::reaching(float db) const noexcept {
  constexpr double kLowest = -100.0, kStep = 0.1 + kLowest - kLowest;  // rounded as the second rung is
  constexpr int kSteps = 1200;
  int step = 0;
  while (step + 1 < kSteps && !((*this)(static_cast<float>(kLowest + step * kStep)) >= db)) ++step;
  return static_cast<float>(kLowest + step * kStep);
}

void LoudnessMap::approach(const LoudnessMap& wanted, float step_db) noexcept {
  constexpr float kLowest = -85.0f, kSpacing = 10.0f;  // dB; the points a moving map is held at
  LoudnessMap moved;
  for (std::size_t i = 0; i < moved.points_.from.size(); ++i) {
    moved.points_.from[i] = kLowest + kSpacing * static_cast<float>(i);
    const float now = (*this)(moved.points_.from[i]);
    moved.points_.to[i] = now + std::clamp(wanted(moved.points_.from[i]) - now, -step_db, step_db);
  }
  *this = moved;
}

Features Fitting::apply(const Features& features) const noexcept {
  Features fitted = features;
  fitted.f0 = std::ldexp(features.f0, octave);
  fitted.loudness = loudness(features.loudness);
  const float unvoiced = std::clamp(1.0f - features.periodicity / kVoicedPeriodicity, 0.0f, 1.0f);
  fitted.loudness = std::max(kSilenceDb, fitted.loudness - unvoiced_drop_db * unvoiced);
  return fitted;
}

void Fitting::set_loudness_offset(float offset_db) noexcept {
  const float threshold = loudness.reaching(gate_db);
  loudness = LoudnessMap(offset_db);
  if (gate_db > kSilenceDb) gate_db = loudness(threshold);
}

void Fitter::reset() noexcept {
  pitch_.reset();
  loudness_.reset();
  sounding_.reset();
}

void Fitter::add(const Features& frame) noexcept {
  if (frame.loudness > kSilenceDb) sounding_.add(frame.loudness);
  if (frame.periodicity < kVoicedPeriodicity) return;
  pitch_.add(midi_from_hz(frame.f0));
  loudness_.add(frame.loudness);
}

void Fitter::forget(float factor) noexcept {
  pitch_.scale(factor);
  loudness_.scale(factor);
  sounding_.scale(factor);
}

Fitting Fitter::fit(const TargetQuantiles& target) const noexcept {
  Fitting fitting;
  fitting.unvoiced_drop_db = kUnvoicedDropDb;
  if (pitch_.total() < kMinimumFrames) return fitting;

  const QuantileArray pitch = pitch_.quantiles(), loudness = loudness_.quantiles();
  for (const int octave : {-1, 1, -2, 2, -3, 3, -4, 4})
    if (pitch_misfit(pitch, target.pitch_midi, octave) < pitch_misfit(pitch, target.pitch_midi, fitting.octave))
      fitting.octave = octave;
  fitting.loudness = LoudnessMap(loudness, target.loudness_db);

  const float floor = sounding_.quantile(0.05f), median = loudness[loudness.size() / 2];
  if (floor < median - kClearFloorDb) fitting.gate_db = fitting.loudness(floor) + kFloorMarginDb;
  return fitting;
}

Fitting fit(std::span<const Features> performance, const TargetQuantiles& target) {
  Fitter fitter;
  for (const Features& frame : performance) fitter.add(frame);
  return fitter.fit(target);
}

}  // namespace ddsp_rt
