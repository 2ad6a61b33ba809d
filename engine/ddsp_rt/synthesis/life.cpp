// Random fading of harmonics.
#include "ddsp_rt/synthesis/life.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ddsp_rt/analysis/a_weighting.h"
#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {
namespace {

constexpr double kStep = 25.0;                                     // Hz between the places of the table
constexpr double kSpeed = 0.006, kSlowest = 3.0, kFastest = 20.0;  // the one-poles' Hz: per Hz of the harmonic, limits
constexpr int kWarmUp = 500;                                       // frames, 2 s
constexpr std::uint32_t kOtherSeed = 0x51f3u;                      // not the noise's

}  // namespace

float LifeDepth::at(double hz) const noexcept {
  if (hertz.empty()) return 0.0f;
  const auto above = static_cast<std::size_t>(std::upper_bound(hertz.begin(), hertz.end(), hz) - hertz.begin());
  if (above == 0) return depth.front();
  if (above == hertz.size()) return depth.back();
  const double from = hertz[above - 1], share = std::log(hz / from) / std::log(hertz[above] / from);
  return static_cast<float>(depth[above - 1] + share * (depth[above] - depth[above - 1]));
}

Life::Life(const LifeDepth& depth, int model_rate, std::size_t harmonics, float f0, std::uint32_t seed)
    : nyquist_(0.5f * static_cast<float>(model_rate)),
      generator_(seed + kOtherSeed),
      warm_generator_(generator_),
      processes_(harmonics),
      at_(harmonics) {
  if (depth.hertz.empty()) return;
  white_.resize((2 * harmonics + NoiseGenerator::kWidth - 1) / NoiseGenerator::kWidth * NoiseGenerator::kWidth);
  const auto count = static_cast<std::size_t>(nyquist_ / kStep) + 2;
  for (std::size_t i = 0; i < count; ++i) {
    const double hz = kStep * static_cast<double>(i);
    const double turn = 2.0 * std::numbers::pi * std::clamp(kSpeed * hz, kSlowest, kFastest) / kFrameRate;
    const double share = turn / (1.0 + turn), kept = (1.0 - share) * (1.0 - share);
    // Two one-poles answer an impulse by (n + 1) share^2 (1 - share)^n; uniform samples have a mean square of 1/3, and
    // of a complex process each half has one of 1/2.
    const double variance = std::pow(share, 4) * (1.0 + kept) / std::pow(1.0 - kept, 3) / 3.0;
    places_.push_back({static_cast<float>(share), static_cast<float>(depth.at(hz) * std::sqrt(0.5 / variance)),
                       static_cast<float>(a_weighting_power(hz))});
  }
  for (int frame = 0; frame < kWarmUp; ++frame) step(f0);
  warm_ = processes_;
  warm_generator_ = generator_;
}

void Life::reset() noexcept {
  std::copy(warm_.begin(), warm_.end(), processes_.begin());
  generator_ = warm_generator_;
}

Life::Place Life::place(float hz) const noexcept {
  const float last = static_cast<float>(places_.size() - 1), at = hz / static_cast<float>(kStep);
  const float within = at > 0.0f ? std::min(at, last) : 0.0f;
  const int below = std::min(static_cast<int>(within), static_cast<int>(places_.size()) - 2);
  const float share = within - static_cast<float>(below);
  const Place *const places = &places_[static_cast<std::size_t>(below)], &a = places[0], &b = places[1];
  return {a.share + share * (b.share - a.share), a.gain + share * (b.gain - a.gain),
          a.weight + share * (b.weight - a.weight)};
}

void Life::step(float f0) noexcept {
  generator_.fill(white_.data(), white_.size());
  for (std::size_t h = 0; h < processes_.size(); ++h) {
    at_[h] = place(static_cast<float>(h + 1) * f0);
    const float share = at_[h].share;
    auto& [real, imaginary] = processes_[h];
    real[0] += share * (white_[2 * h] - real[0]);
    real[1] += share * (real[0] - real[1]);
    imaginary[0] += share * (white_[2 * h + 1] - imaginary[0]);
    imaginary[1] += share * (imaginary[0] - imaginary[1]);
  }
}

void Life::play(float f0, float amount, Controls& controls) noexcept {
  if (places_.empty() || !(amount > 0.0f)) return;
  step(f0);
  float sum = 0.0f, moved_sum = 0.0f, power = 0.0f, moved_power = 0.0f;
  for (std::size_t h = 0; h < processes_.size(); ++h) {
    if (!(static_cast<float>(h + 1) * f0 < nyquist_)) break;
    const Place& at = at_[h];
    const float depth = amount * at.gain, real = 1.0f + depth * processes_[h].real[1],
                imaginary = depth * processes_[h].imaginary[1];
    const float share = controls.harmonics[h], moved = share * std::sqrt(real * real + imaginary * imaginary);
    controls.harmonics[h] = moved;
    sum += share;
    moved_sum += moved;
    power += share * share * at.weight;
    moved_power += moved * moved * at.weight;
  }
  if (moved_sum > 0.0f && moved_power > 0.0f && sum > 0.0f)
    controls.amplitude *= moved_sum / sum * std::sqrt(power / moved_power);
}

}  // namespace ddsp_rt
