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
constexpr double kQuick = 60.0, kQuickFrom = 25.0;                 // Hz: the one-poles of the fast process
constexpr float kBurst = 0.238f, kLargest = 5.0f;                  // of |n|^2: E[min(|n|^2, 5)^4] = 1 / 0.238^2
constexpr int kWarmUp = 500;                                       // frames, 2 s
constexpr std::uint32_t kOtherSeed = 0x51f3u;                      // not the noise's

// What a one-pole at a frequency takes of its input in one frame.
constexpr double share_at(double hz) noexcept {
  const double turn = 2.0 * std::numbers::pi * hz / kFrameRate;
  return turn / (1.0 + turn);
}

constexpr auto kQuickShare = static_cast<float>(share_at(kQuick)),
               kQuickFromShare = static_cast<float>(share_at(kQuickFrom));

// Variance of the fast process for white noise of variance 1: the impulse response is a difference of two geometric
// ones, p (q^(n+1) - r^(n+1)) (1 - r) / (q - r) taken from p q^n, q and r what the poles keep.
double fast_variance() noexcept {
  const double p = share_at(kQuick), q = 1.0 - p, s = share_at(kQuickFrom), r = 1.0 - s;
  const double of_q = p - p * s * q / (q - r), of_r = p * s * r / (q - r);
  return of_q * of_q / (1.0 - q * q) + 2.0 * of_q * of_r / (1.0 - q * r) + of_r * of_r / (1.0 - r * r);
}

}  // namespace

float LifeDepth::at(const std::vector<float>& depths, double hz) const noexcept {
  if (depths.empty()) return 0.0f;
  const auto above = static_cast<std::size_t>(std::upper_bound(hertz.begin(), hertz.end(), hz) - hertz.begin());
  if (above == 0) return depths.front();
  if (above == hertz.size()) return depths.back();
  const double from = hertz[above - 1], share = std::log(hz / from) / std::log(hertz[above] / from);
  return static_cast<float>(depths[above - 1] + share * (depths[above] - depths[above - 1]));
}

Life::Life(const LifeDepth& depth, int model_rate, std::size_t harmonics, float f0, std::uint32_t seed)
    : nyquist_(0.5f * static_cast<float>(model_rate)),
      flutters_(!depth.fast.empty()),
      generator_(seed + kOtherSeed),
      warm_generator_(generator_),
      shares_(2 * harmonics),
      processes_(8 * harmonics),
      at_(harmonics) {
  if (depth.hertz.empty()) return;
  white_.resize((2 * harmonics + NoiseGenerator::kWidth - 1) / NoiseGenerator::kWidth * NoiseGenerator::kWidth);
  const auto count = static_cast<std::size_t>(nyquist_ / kStep) + 2;
  for (std::size_t i = 0; i < count; ++i) {
    const double hz = kStep * static_cast<double>(i);
    const double share = share_at(std::clamp(kSpeed * hz, kSlowest, kFastest)), kept = (1.0 - share) * (1.0 - share);
    // Two one-poles answer an impulse by (n + 1) share^2 (1 - share)^n; uniform samples have a mean square of 1/3, and
    // of a complex process each half has one of 1/2.
    const double variance = std::pow(share, 4) * (1.0 + kept) / std::pow(1.0 - kept, 3) / 3.0;
    const double unit = std::sqrt(0.5 / variance);
    places_.push_back({static_cast<float>(share), static_cast<float>(depth.at(depth.depth, hz) * unit),
                       static_cast<float>(depth.at(depth.fast, hz) * std::sqrt(1.5 / fast_variance())),
                       static_cast<float>(unit), static_cast<float>(a_weighting_power(hz))});
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
  return {a.share + share * (b.share - a.share), a.gain + share * (b.gain - a.gain), a.fast + share * (b.fast - a.fast),
          a.unit + share * (b.unit - a.unit), a.weight + share * (b.weight - a.weight)};
}

void Life::step(float f0) noexcept {
  generator_.fill(white_.data(), white_.size());
  for (std::size_t h = 0; h < at_.size(); ++h) {
    at_[h] = place(static_cast<float>(h + 1) * f0);
    shares_[2 * h] = shares_[2 * h + 1] = at_[h].share;
  }
  const std::size_t count = shares_.size();
  const float *const white = white_.data(), *const shares = shares_.data();
  float *const first = processes_.data(), *const second = first + count, *const quick = second + count,
               *const quick_from = quick + count;
  for (std::size_t i = 0; i < count; ++i) {
    first[i] += shares[i] * (white[i] - first[i]);
    second[i] += shares[i] * (first[i] - second[i]);
  }
  if (!flutters_) return;
  for (std::size_t i = 0; i < count; ++i) {
    quick[i] += kQuickShare * (white[i] - quick[i]);
    quick_from[i] += kQuickFromShare * (quick[i] - quick_from[i]);
  }
}

void Life::play(float f0, float amount, Controls& controls) noexcept {
  if (places_.empty() || !(amount > 0.0f)) return;
  step(f0);
  float sum = 0.0f, moved_sum = 0.0f, power = 0.0f, moved_power = 0.0f;
  const std::size_t count = shares_.size();
  for (std::size_t h = 0; h < at_.size(); ++h) {
    if (!(static_cast<float>(h + 1) * f0 < nyquist_)) break;
    const Place& at = at_[h];
    const float *const slow = &processes_[count + 2 * h], *const quick = slow + count,
                       *const quick_from = quick + count;
    const float share = controls.harmonics[h], depth = amount * at.gain;
    float real = 1.0f + depth * slow[0], imaginary = depth * slow[1];
    if (flutters_) {
      const float square = at.unit * at.unit * (slow[0] * slow[0] + slow[1] * slow[1]);
      const float large = std::min(square, kLargest), fast = amount * at.fast * kBurst * large * large;
      real += fast * (quick[0] - quick_from[0]);
      imaginary += fast * (quick[1] - quick_from[1]);
    }
    const float moved = share * std::sqrt(real * real + imaginary * imaginary);
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
