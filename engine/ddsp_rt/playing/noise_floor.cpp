// Finding what stands still between the notes.
#include "ddsp_rt/playing/noise_floor.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {
namespace {

constexpr int kStretch = kFrameRate / 10;      // frames
constexpr int kStray = 2;                      // frames of a stretch that may seem voiced or silent
constexpr float kSteady = 2.0f;                // dB, standard deviation within a stretch
constexpr float kLevel = 1.5f;                 // dB between its halves
constexpr float kEnough = float{kFrameRate};   // frames of noise
constexpr float kSoftest = 0.02f;              // of the frames
constexpr float kAboveSoftest = 6.0f;          // dB
constexpr float kNothing = kSilenceDb + 5.0f;  // dB: digital silence or nearly so
constexpr float kHeaviest = 1e4f;              // weight at which counts are scaled down

template <std::size_t Bins>
void grow(float& weight, float growth, Histogram<Bins>& counts) noexcept {
  weight *= growth;
  if (weight < kHeaviest) return;
  counts.scale(1.0f / weight);
  weight = 1.0f;
}

}  // namespace

void NoiseFloor::reset() noexcept {
  frames_.reset();
  stretches_.reset();
  frame_weight_ = stretch_weight_ = 1.0f;
  length_ = 0;
  halves_ = {};
}

void NoiseFloor::add(const Features& frame, float growth) noexcept {
  const bool silent = frame.loudness < kNothing;
  if (!silent) {
    grow(frame_weight_, growth, frames_);
    frames_.add(frame.loudness, frame_weight_);
  }
  Part& half = halves_[length_ < kStretch / 2 ? 0 : 1];
  ++length_;
  if (!silent && frame.periodicity < kVoicedPeriodicity) {
    half.sum += frame.loudness;
    half.squares += frame.loudness * frame.loudness;
    ++half.count;
  }
  const bool spoilt = length_ - halves_[0].count - halves_[1].count > kStray;
  if (!spoilt && length_ == kStretch) end_stretch(growth);
  if (!spoilt && length_ < kStretch) return;
  length_ = 0;
  halves_ = {};
}

void NoiseFloor::end_stretch(float growth) noexcept {
  const auto& [first, second] = halves_;
  const float count = static_cast<float>(first.count + second.count), mean = (first.sum + second.sum) / count;
  const float variance = (first.squares + second.squares) / count - mean * mean;
  if (variance > kSteady * kSteady || std::abs(first.mean() - second.mean()) > kLevel) return;
  grow(stretch_weight_, std::pow(growth, float{kStretch}), stretches_);
  stretches_.add(mean, float{kStretch} * stretch_weight_);
}

std::optional<float> NoiseFloor::level() const noexcept {
  const float highest = frames_.quantile(kSoftest) + kAboveSoftest;
  const float noise = stretches_.total() - stretches_.total(highest);
  if (noise < kEnough * stretch_weight_) return std::nullopt;
  return stretches_.quantile(0.5f * noise / stretches_.total());
}

}  // namespace ddsp_rt
