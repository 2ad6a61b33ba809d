#include "ddsp_rt/fitting.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ddsp_rt {
namespace {

constexpr float kUnvoicedDropDb = 12.0f;
constexpr float kFloorMarginDb = 6.0f;      // the gate sits this far above the performance's noise floor
constexpr float kClearFloorDb = 25.0f;      // a quietest part this far below the median counts as the noise floor
constexpr std::size_t kMinimumFrames = 25;

float quantile(const std::vector<float>& sorted, float probability) {
  const float position = probability * static_cast<float>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(position);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (position - static_cast<float>(low));
}

QuantileArray quantiles(std::vector<float> values) {
  std::sort(values.begin(), values.end());
  QuantileArray result{};
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = quantile(values, kQuantileProbabilities[i]);
  return result;
}

// How far the shifted quantiles lie outside the target's 5..95 % range, in semitones; the medians' distance decides ties.
float pitch_misfit(const QuantileArray& pitch, const QuantileArray& target, int octave) {
  const float low = target[1], high = target[target.size() - 2], shift = 12.0f * static_cast<float>(octave);
  float misfit = 0.0f;
  for (const float midi : pitch) misfit += std::max(0.0f, low - midi - shift) + std::max(0.0f, midi + shift - high);
  const std::size_t middle = pitch.size() / 2;
  return misfit + 0.1f * std::abs(pitch[middle] + shift - target[middle]);
}

}  // namespace

float midi_from_hz(float hz) noexcept { return 69.0f + 12.0f * std::log2(hz / 440.0f); }

LoudnessMap::LoudnessMap(float offset_db) noexcept { to_.fill(offset_db); }

LoudnessMap::LoudnessMap(const QuantileArray& from, const QuantileArray& to) noexcept : from_(from), to_(to) {
  const std::size_t middle = from.size() / 2;
  const auto rise = [&](std::size_t i) {
    const float run = from[i + 1] - from[i];
    return std::clamp(to[i + 1] - to[i], 0.5f * run, 2.0f * run);
  };
  for (std::size_t i = middle; i + 1 < from.size(); ++i) to_[i + 1] = to_[i] + rise(i);
  for (std::size_t i = middle; i-- > 0;) to_[i] = to_[i + 1] - rise(i);
}

float LoudnessMap::operator()(float loudness_db) const noexcept {
  if (loudness_db <= kSilenceDb) return kSilenceDb;
  const auto above = static_cast<std::size_t>(std::upper_bound(from_.begin(), from_.end(), loudness_db) - from_.begin());
  if (above == 0) return std::max(kSilenceDb, loudness_db - from_.front() + to_.front());
  const std::size_t below = above - 1;
  if (above == from_.size()) return loudness_db - from_.back() + to_.back();
  const float run = from_[above] - from_[below];
  return to_[below] + (to_[above] - to_[below]) * (loudness_db - from_[below]) / run;
}

Features Fitting::apply(const Features& features) const noexcept {
  Features fitted = features;
  fitted.f0 = std::ldexp(features.f0, octave);
  fitted.loudness = loudness(features.loudness);
  const float unvoiced = std::clamp(1.0f - features.periodicity / kVoicedPeriodicity, 0.0f, 1.0f);
  fitted.loudness = std::max(kSilenceDb, fitted.loudness - unvoiced_drop_db * unvoiced);
  return fitted;
}

Fitting fit(std::span<const Features> performance, const TargetQuantiles& target) {
  std::vector<float> pitch, loudness, sounding;
  for (const Features& frame : performance) {
    if (frame.loudness > kSilenceDb) sounding.push_back(frame.loudness);
    if (frame.periodicity < kVoicedPeriodicity) continue;
    pitch.push_back(midi_from_hz(frame.f0));
    loudness.push_back(frame.loudness);
  }
  Fitting fitting;
  fitting.unvoiced_drop_db = kUnvoicedDropDb;
  if (pitch.size() < kMinimumFrames) return fitting;

  const QuantileArray pitch_quantiles = quantiles(std::move(pitch)), loudness_quantiles = quantiles(std::move(loudness));
  for (const int octave : {-1, 1, -2, 2, -3, 3, -4, 4})
    if (pitch_misfit(pitch_quantiles, target.pitch_midi, octave) <
        pitch_misfit(pitch_quantiles, target.pitch_midi, fitting.octave))
      fitting.octave = octave;
  fitting.loudness = LoudnessMap(loudness_quantiles, target.loudness_db);

  std::sort(sounding.begin(), sounding.end());
  const float floor = quantile(sounding, 0.05f), median = loudness_quantiles[loudness_quantiles.size() / 2];
  if (floor < median - kClearFloorDb) fitting.gate_db = fitting.loudness(floor) + kFloorMarginDb;
  return fitting;
}

}  // namespace ddsp_rt
