// Scan of whole lags, band-limited interpolation between them.
#include "ddsp_rt/analysis/correlation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {
namespace {

constexpr double kPeriods = 2.5;              // span of the window
constexpr double kShortestProducts = 4.5e-3;  // s
constexpr double kApart = 2.0e-3;             // s; shorter periods are refined at the multiple of them below this
constexpr double kBrief = 7.65e-3;            // s; products of longer periods when refined, but at least one period
constexpr double kFloor = 1e-12;              // mean square taken as silence (-120 dB)

}  // namespace

Correlation::Correlation(double rate, double f0_low, double scan_low, double f0_high)
    : lowest_(std::max(2, static_cast<int>(rate / f0_high))),
      highest_(static_cast<int>(std::ceil(rate / scan_low))),
      apart_(static_cast<float>(kApart * rate)),
      brief_(static_cast<float>(kBrief * rate)),
      fixed_products_(static_cast<int>(std::lround(kShortestProducts * rate))),
      fine_below_(static_cast<int>(static_cast<double>(fixed_products_) / (kPeriods - 1.0))),
      values_(static_cast<std::size_t>(kReach + highest_ + 2 * kReach + 2 + kTaps)),
      local_(2 * kLags + kTaps),
      energy_(static_cast<std::size_t>(history(rate, f0_low)) + 1),
      sinc_(static_cast<std::size_t>(kPhases + 1) * kTaps) {
  for (int phase = 0; phase <= kPhases; ++phase) {
    float* taps = sinc_.data() + phase * kTaps;
    double sum = 0.0;
    double exact[2 * kReach];
    for (int t = 0; t < 2 * kReach; ++t) {
      const double x = t - (kReach - 1) - static_cast<double>(phase) / kPhases;  // distance from the point wanted
      const double window = std::cos(0.5 * std::numbers::pi * x / (kReach + 0.5));
      exact[t] =
          (std::fabs(x) < 1e-9 ? 1.0 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x)) * window * window;
      sum += exact[t];
    }
    for (int t = 0; t < 2 * kReach; ++t) taps[t] = static_cast<float>(exact[t] / sum);
  }
}

int Correlation::history(double rate, double f0_low) noexcept {
  const int longest = static_cast<int>(std::ceil(rate / f0_low)) + 2 * kReach + 4;  // lag touched
  return longest + static_cast<int>(std::ceil(std::max(kShortestProducts * rate, (kPeriods - 1.0) * longest))) + 1;
}

int Correlation::products(int lag) const noexcept {
  return std::max(fixed_products_, static_cast<int>((kPeriods - 1.0) * lag));
}

float Correlation::normalised(const float* newest, int lag, int count) const noexcept {
  return normalise(kernels().dot(newest - count, newest - count - lag, static_cast<std::size_t>(count)), lag, count);
}

float Correlation::normalise(float product, int lag, int count) const noexcept {
  const auto from = static_cast<std::size_t>(lag), n = static_cast<std::size_t>(count);
  const double sum = energy_[n] + energy_[n + from] - energy_[from];
  return 2.0f * product / static_cast<float>(sum + 2.0 * kFloor * count);
}

void Correlation::scan(const float* newest) noexcept {
  sum_energy(newest);
  int end = highest_ + kReach + 1;
  const int begin = std::max(0, lowest_ - kReach - 1);
  for (int counts[kLags]; end - begin >= kLags; end -= kLags) {  // from the longest down, many lags at once
    const int first = end - kLags;
    float* values = values_.data() + kReach + first;
    for (int j = 0; j < kLags; ++j) counts[j] = products(first + j);
    kernels().correlate(values, newest, first, counts);
    for (int j = 0; j < kLags; ++j) values[j] = normalise(values[j], first + j, counts[j]);
  }
  float* values = values_.data() + kReach;
  for (int lag = begin; lag < end; ++lag) values[lag] = normalised(newest, lag, products(lag));
  for (int lag = 1; lag <= kReach; ++lag) values[-lag] = values[lag];
}

// Running sums over several stretches at once: one alone waits for each addition.
void Correlation::sum_energy(const float* newest) noexcept {
  constexpr std::size_t stretches = 4;
  const std::size_t n = energy_.size() - 1, length = n / stretches;
  double sums[stretches] = {};
  for (std::size_t i = 1; i <= length; ++i)
    for (std::size_t s = 0; s < stretches; ++s) {
      const double x = newest[-static_cast<std::ptrdiff_t>(s * length + i)];
      energy_[s * length + i] = sums[s] += x * x;
    }
  for (std::size_t s = 1; s < stretches; ++s) {
    const double before = energy_[s * length];
    for (std::size_t i = 1; i <= length; ++i) energy_[s * length + i] += before;
  }
  for (std::size_t i = stretches * length + 1; i <= n; ++i) {
    const double x = newest[-static_cast<std::ptrdiff_t>(i)];
    energy_[i] = energy_[i - 1] + x * x;
  }
}

/// Value at whole + phase / kPhases.
float Correlation::interpolate(const float* values, int whole, int phase) const noexcept {
  constexpr int lanes = 4;
  const float *taps = sinc_.data() + phase * kTaps, *from = values + whole - (kReach - 1);
  float sums[lanes] = {};
  for (int t = 0; t < kTaps; t += lanes)
    for (int j = 0; j < lanes; ++j) sums[j] += taps[t + j] * from[t + j];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// The highest point between two phases around `whole`, by steps and a last parabola.
Correlation::Peak Correlation::climb(const float* values, int whole, int first, int last, int step) const noexcept {
  const auto value = [&](int position) {
    const int shift = position < 0 ? -1 - (-1 - position) / kPhases : position / kPhases;
    return interpolate(values, whole + shift, position - shift * kPhases);
  };
  int best = first;
  float height = value(first);
  for (int position = first + step; position <= last; position += step) {
    const float here = value(position);
    if (here > height) height = here, best = position;
  }
  const float left = value(best - step), right = value(best + step);
  const float curve = left - 2.0f * height + right;
  const float move = curve < 0.0f ? std::clamp(0.5f * (left - right) / curve, -1.0f, 1.0f) : 0.0f;
  return {static_cast<float>(whole) + (static_cast<float>(best) + move * static_cast<float>(step)) / kPhases,
          height - 0.25f * (left - right) * move};
}

int Correlation::peaks(float least, Peak* out, int capacity) const noexcept {
  const float* values = values_.data() + kReach;
  int count = 0;
  const int fine_end = std::min(fine_below_, highest_);
  float before = interpolate(values, lowest_ - 1, kPhases / 2), here = values[lowest_];
  for (int half = 2 * lowest_; half < 2 * fine_end && count < capacity; ++half) {
    const int next = half + 1;
    const float after = next % 2 ? interpolate(values, next / 2, kPhases / 2) : values[next / 2];
    if (here > before && here >= after && here > 0.8f * least) {
      const int centre = half % 2 ? kPhases / 2 : 0;
      const Peak peak = climb(values, half / 2, centre - kPhases / 2, centre + kPhases / 2, kPhases / 8);
      if (peak.height >= least) out[count++] = peak;
    }
    before = here, here = after;
  }
  for (int lag = std::max(fine_end, lowest_); lag <= highest_ && count < capacity; ++lag) {
    if (values[lag] <= values[lag - 1] || values[lag] < values[lag + 1] || values[lag] < 0.8f * least) continue;
    const Peak peak = climb(values, lag, -kPhases / 2, kPhases / 2, kPhases / 4);
    if (peak.height >= least) out[count++] = peak;
  }
  return count;
}

float Correlation::at(float lag) const noexcept {
  const int position = static_cast<int>(std::lround(lag * kPhases));
  return interpolate(values_.data() + kReach, position / kPhases, position % kPhases);
}

Correlation::Peak Correlation::refine(const float* newest, float lag, float spread) noexcept {
  const float multiple = std::max(1.0f, std::floor(apart_ / lag));
  const float far = multiple * lag;
  int count = products(static_cast<int>(lag));
  if (multiple > 1.0f)
    count -= static_cast<int>(far - lag);  // the window stays as long as it would be for one period
  else
    count = std::min(count, std::max(static_cast<int>(std::lround(lag)), static_cast<int>(brief_)));
  constexpr int reach = kReach + 1;
  const int whole = static_cast<int>(std::lround(far)), start = whole - kLags;
  std::array<int, kLags> counts;
  counts.fill(count);
  for (int j = 0; start < 0 && j < 2 * kLags; ++j)  // slow hosts
    local_[static_cast<std::size_t>(j)] = normalised(newest, std::abs(start + j), count);
  for (int half = 0; start >= 0 && half < 2 * kLags; half += kLags) {
    kernels().correlate(local_.data() + half, newest, start + half, counts.data());
    for (int j = half; j < half + kLags; ++j)
      local_[static_cast<std::size_t>(j)] = normalise(local_[static_cast<std::size_t>(j)], start + j, count);
  }
  const int most = (kLags - reach - 1) * kPhases;
  const int away = std::min(most, static_cast<int>(spread * kPhases) / 4 * 4);
  Peak peak = climb(local_.data(), kLags, -away, away, 4);
  peak.lag = (peak.lag + static_cast<float>(start)) / multiple;
  return peak;
}

double Correlation::power(double span) const noexcept {
  const int longest = static_cast<int>(energy_.size()) - 1;
  const int n = std::clamp(static_cast<int>(span), std::min(fixed_products_, longest), longest);
  return energy_[static_cast<std::size_t>(n)] / n;
}

}  // namespace ddsp_rt
