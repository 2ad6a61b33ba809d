// Reading two models' controls, and what lies between.
#include "ddsp_rt/synthesis/control_blend.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/analysis/a_weighting.h"
#include "ddsp_rt/synthesis/harmonic_oscillators.h"

namespace ddsp_rt {
namespace {

constexpr double kStep = 25.0;          // Hz between the harmonics' weights
constexpr float kWhite = 1.0f / 3.0f;   // mean square of the noise generator's samples
constexpr float kNothing = 1e-4f;       // of the whole, an amplitude: as good as missing
constexpr float kNothingPower = 1e-8f;  // likewise
constexpr float kFaintest = 1e-28f;     // power: of what is fainter, what counts as nothing is no number any more

// `share` of the way from `a` to `b`, both above 0, in dB.
float between(float a, float b, float share) noexcept { return a * std::exp2(share * std::log2(b / a)); }

// The same, level by level; what is missing in one is at its `floor`.
void blend(std::span<const float> a, std::span<const float> b, float floor_a, float floor_b, float share,
           std::span<float> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = a[i] > 0.0f || b[i] > 0.0f ? between(std::max(a[i], floor_a), std::max(b[i], floor_b), share) : 0.0f;
}

}  // namespace

ControlBlend::ControlBlend(int rate, const ControlFormat& first, const ControlFormat& second, std::size_t size)
    : highest_(0.5f * static_cast<float>(rate)),
      sides_{Side{first.model_rate, NoiseCurve(rate, first.model_rate, first.noise_bands, size), {}, {}},
             Side{second.model_rate, NoiseCurve(rate, second.model_rate, second.noise_bands, size), {}, {}}},
      harmonics_(static_cast<std::size_t>(std::max(first.harmonics, second.harmonics))),
      noise_(std::max(sides_[0].curve.bins(), sides_[1].curve.bins())) {
  for (Side& side : sides_) {
    side.harmonics.resize(harmonics_.size());
    side.noise.resize(noise_.size());
  }
  for (int i = 0; i <= static_cast<int>(highest_ / kStep) + 1; ++i)
    harmonic_weights_.push_back(0.5f * static_cast<float>(a_weighting_power(kStep * i)));
  for (std::size_t bin = 1; bin <= noise_.size(); ++bin) {
    const double hertz = static_cast<double>(bin) * rate / static_cast<double>(size);
    noise_weights_.push_back(kWhite * 2.0f / static_cast<float>(size) * static_cast<float>(a_weighting_power(hertz)));
  }
}

void ControlBlend::read(Side& side, float f0, const Controls& controls) const noexcept {
  const auto [count, scale] = harmonic_shares(f0, controls, side.model_rate, side.harmonics);
  for (std::size_t h = 0; h < count; ++h) side.harmonics[h] *= scale;
  std::fill(side.harmonics.begin() + static_cast<std::ptrdiff_t>(count), side.harmonics.end(), 0.0f);
  side.noise_sounds =
      std::any_of(controls.noise.begin(), controls.noise.end(), [](float magnitude) { return magnitude != 0.0f; });
  side.curve.read(controls.noise.data(), side.noise.data());  // the bins above stay 0
}

float ControlBlend::harmonic_power(float f0, std::span<const float> amplitudes) const noexcept {
  float power = 0.0f;
  for (std::size_t h = 0; h < amplitudes.size(); ++h) {
    const float hertz = static_cast<float>(h + 1) * f0;
    if (!(hertz > 0.0f && hertz < highest_)) break;
    const float at = hertz / static_cast<float>(kStep);
    const auto below = static_cast<std::size_t>(at);
    const float weight = harmonic_weights_[below] +
                         (at - static_cast<float>(below)) * (harmonic_weights_[below + 1] - harmonic_weights_[below]);
    power += weight * amplitudes[h] * amplitudes[h];
  }
  return power;
}

float ControlBlend::noise_power(std::span<const float> gains) const noexcept {
  float power = 0.0f;
  for (std::size_t bin = 0; bin < gains.size(); ++bin) power += noise_weights_[bin] * gains[bin] * gains[bin];
  return power;
}

void ControlBlend::mix(float f0, const Controls& first, const Controls& second, float share) noexcept {
  Side &a = sides_[0], &b = sides_[1];
  if (share <= 0.0f || share >= 1.0f) {
    Side& alone = share <= 0.0f ? a : b;
    read(alone, f0, share <= 0.0f ? first : second);
    std::copy(alone.harmonics.begin(), alone.harmonics.end(), harmonics_.begin());
    std::copy(alone.noise.begin(), alone.noise.end(), noise_.begin());
    noise_sounds_ = alone.noise_sounds;
    return;
  }
  read(a, f0, first);
  read(b, f0, second);
  noise_sounds_ = a.noise_sounds || b.noise_sounds;
  const float tone_a = harmonic_power(f0, a.harmonics), tone_b = harmonic_power(f0, b.harmonics);
  const float hiss_a = noise_power(a.noise), hiss_b = noise_power(b.noise);
  // Where one model is silent, the other still says what counts as nothing.
  const float whole_a = std::max(tone_a + hiss_a, kNothingPower * (tone_b + hiss_b));
  const float whole_b = std::max(tone_b + hiss_b, kNothingPower * whole_a);
  const float floor_a = kNothing * std::sqrt(whole_a), floor_b = kNothing * std::sqrt(whole_b);
  blend(a.harmonics, b.harmonics, floor_a, floor_b, share, harmonics_);
  blend(a.noise, b.noise, floor_a, floor_b, share, noise_);
  if (!(std::min(whole_a, whole_b) > kFaintest)) return;

  const float least_a = kNothingPower * whole_a, least_b = kNothingPower * whole_b;
  const float tone = between(std::max(tone_a, least_a), std::max(tone_b, least_b), share);
  const float hiss = between(std::max(hiss_a, least_a), std::max(hiss_b, least_b), share);
  const float whole = between(whole_a, whole_b, share) / (tone + hiss);
  const auto bring = [&](std::span<float> levels, float wanted, float power) {
    const float gain = power > 0.0f ? std::sqrt(wanted * whole / power) : 1.0f;
    for (float& level : levels) level *= gain;
  };
  bring(harmonics_, tone, harmonic_power(f0, harmonics_));
  bring(noise_, hiss, noise_power(noise_));
}

}  // namespace ddsp_rt
