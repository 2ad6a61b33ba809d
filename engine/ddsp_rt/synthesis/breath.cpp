// How much of a frame is voiced, and where the rest goes.
#include "ddsp_rt/synthesis/breath.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/analysis/a_weighting.h"

namespace ddsp_rt {
namespace {

constexpr float kUnvoiced = 0.35f;      // periodicity from which down nothing is tone
constexpr float kFall = 1.0f / 3.0f;    // a frame, at the fastest
constexpr float kWhole = 1.0f + kFall;  // a voiced frame: one more goes by before the fall is heard
constexpr float kNearly = 0.48f;        // periodicity: more has what nearly is a tone, or one beyond the range
constexpr float kDull = -6.0f, kHissing = -2.0f;  // dB of balance: of tones nearly all, and of consonants
constexpr float kWhite = 1.0f / 3.0f;             // mean square of the noise generator's samples

constexpr double kLowest = 60.0, kEdge = 3500.0, kHighest = 7000.0;  // Hz: of what the analyser's balance is
constexpr double kSteepness = 12.0;                                  // of the way from one to the other
constexpr float kFarthest = 40.0f;                                   // dB that the noise is tilted by
constexpr float kLeastMoved = 0.25f;  // dB of balance for one of tilt, for what is hardly tilted at all
constexpr int kSteps = 4;             // of Newton's method: within 0.1 dB
constexpr float kNothing = 1e-20f;    // power

// Gain of a magnitude when the noise is tilted by `shift` dB: half of it up, half of it down.
float tilted(float shift, float tilt) noexcept { return std::exp2(shift / 40.0f * std::log2(10.0f) * tilt); }

}  // namespace

Breath::Breath(int model_rate, int bands) : nyquist_(0.5f * static_cast<float>(model_rate)) {
  for (int band = 0; band < bands; ++band) {
    const float share = (band == 0 || band == bands - 1 ? 0.5f : 1.0f) / static_cast<float>(bands - 1);
    const double width = static_cast<double>(nyquist_) / (bands - 1), hz = band * width;
    const double up = 1.0 / (1.0 + std::pow(kEdge / hz, kSteepness));  // 0 at 0 Hz
    const auto within = [&](double from, double to) {
      const double low = std::max(hz - 0.5 * width, from), high = std::min({hz + 0.5 * width, to, width * (bands - 1)});
      return static_cast<float>(std::max(high - low, 0.0) / nyquist_);
    };
    bands_.push_back({.weight = kWhite * share * static_cast<float>(a_weighting_power(hz)),
                      .below = within(kLowest, kEdge),
                      .above = within(kEdge, kHighest),
                      .tilt = static_cast<float>(2.0 * up - 1.0)});
    if (bands_.back().below > 0.0f || bands_.back().above > 0.0f) balanced_ = bands_.size();
  }
  if (static_cast<double>(nyquist_) / (bands - 1) > kEdge) balanced_ = 0;
}

void Breath::play(const Features& features, float gain, Controls& controls) noexcept {
  const float above = features.periodicity - kUnvoiced;
  const float now = features.periodicity >= kVoicedPeriodicity ? kWhole : above / (kVoicedPeriodicity - kUnvoiced);
  voiced_ = std::max(voiced_ - kFall, now > 0.0f ? now : 0.0f);  // no number counts as unvoiced
  float voiced = voiced_;
  if (features.periodicity < kNearly)  // no number, of a balance, leaves it
    voiced = std::min(voiced, std::clamp((kHissing - features.balance) / (kHissing - kDull), 0.0f, 1.0f));
  if (voiced >= 1.0f) return;
  const float tone = voiced * voiced * (3.0f - 2.0f * voiced);

  const float whole = noise_power(controls) + (1.0f - tone * tone) * harmonic_power(features.f0, controls);
  if (balanced_ > 0 && std::isfinite(features.balance)) balance((1.0f - tone), features.balance, controls);
  const float louder = std::sqrt(whole / noise_power(controls)) * (tone + (1.0f - tone) * gain);
  for (float& magnitude : controls.noise) magnitude *= louder;
  controls.amplitude *= tone;
}

// Moves the noise `share` of the way to a balance of `wanted` dB, whatever that does to its level. A tilt by so many
// decibels moves the balance by fewer, since what lies near the edge is hardly tilted: the right one is found by
// Newton's method.
void Breath::balance(float share, float wanted, Controls& controls) const noexcept {
  float shift = 0.0f;
  for (int step = 0; step < kSteps; ++step) {
    float below = kNothing, above = kNothing, below_tilt = 0.0f, above_tilt = 0.0f;
    for (std::size_t b = 0; b < balanced_; ++b) {
      const Band& band = bands_[b];
      const float magnitude = controls.noise[b] * (step == 0 ? 1.0f : tilted(shift, band.tilt));
      const float low = band.below * magnitude * magnitude, high = band.above * magnitude * magnitude;
      below += low, below_tilt += low * band.tilt;
      above += high, above_tilt += high * band.tilt;
    }
    const float moves = std::max(0.5f * (above_tilt / above - below_tilt / below), kLeastMoved);
    shift = std::clamp(shift + (wanted - 10.0f * std::log10(above / below)) / moves, -kFarthest, kFarthest);
  }
  for (std::size_t b = 0; b < bands_.size(); ++b) controls.noise[b] *= tilted(share * shift, bands_[b].tilt);
}

// A-weighted.
float Breath::noise_power(const Controls& controls) const noexcept {
  float power = kNothing;
  for (std::size_t b = 0; b < bands_.size(); ++b) power += bands_[b].weight * controls.noise[b] * controls.noise[b];
  return power;
}

// A-weighted, of the harmonics below the model's Nyquist, as the oscillators would normalise them.
float Breath::harmonic_power(float f0, const Controls& controls) const noexcept {
  float sum = 1e-7f, squares = 0.0f;
  for (std::size_t h = 0; h < controls.harmonics.size(); ++h) {
    const float hz = static_cast<float>(h + 1) * f0, share = controls.harmonics[h];
    if (!(hz < nyquist_)) break;
    sum += share;
    squares += share * share * static_cast<float>(a_weighting_power(hz));
  }
  return 0.5f * controls.amplitude * controls.amplitude * squares / (sum * sum);
}

}  // namespace ddsp_rt
