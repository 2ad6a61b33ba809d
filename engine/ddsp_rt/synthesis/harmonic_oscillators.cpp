// Phases, normalised amplitudes and the sum of the harmonics.
#include "ddsp_rt/synthesis/harmonic_oscillators.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {
namespace {

std::size_t padded(int n) { return (static_cast<std::size_t>(n) + kLanes - 1) / kLanes * kLanes; }

// 1 up to 0.9 Nyquist, 0 from Nyquist on.
float nyquist_fade(float frequency, float nyquist) {
  return std::clamp((nyquist - frequency) / (0.1f * nyquist), 0.0f, 1.0f);
}

constexpr double kLeap = 1.189207115002721;  // 2^(1/4): no glide is as fast within 4 ms

// From 0 to 1, level at both ends: where straight ramps meet, their corners click.
float smooth_step(float t) { return t * t * (3.0f - 2.0f * t); }

}  // namespace

HarmonicOscillators::HarmonicOscillators(int rate, int model_rate, int harmonics)
    : rate_(rate), model_rate_(model_rate), from_(harmonics), to_(harmonics), none_(harmonics) {
  const std::size_t longest = padded(max_frame_length(rate));
  for (auto* buffer : {&sine_, &twice_cosine_, &ramp_, &sum_}) buffer->resize(longest);
}

void HarmonicOscillators::reset() noexcept {
  phase_ = 0.0;
  started_ = leaps_ = false;
  active_ = 0;
  std::fill(to_.begin(), to_.end(), 0.0f);
}

HarmonicShares harmonic_shares(float f0, const Controls& controls, int model_rate, std::span<float> shares) noexcept {
  if (!(f0 > 0.0f) || !std::isfinite(controls.amplitude) || controls.amplitude == 0.0f) return {};
  const float model_nyquist = 0.5f * static_cast<float>(model_rate);
  const std::size_t count = std::min(shares.size(), controls.harmonics.size());
  std::size_t below = 0;
  float sum = 0.0f;
  for (; below < count && static_cast<float>(below + 1) * f0 < model_nyquist; ++below) {
    shares[below] = controls.harmonics[below] * nyquist_fade(static_cast<float>(below + 1) * f0, model_nyquist);
    sum += shares[below];
  }
  return {below, controls.amplitude / std::max(sum, 1e-7f)};
}

// Shares in to_ become amplitudes at the frame's end; returns how many harmonics are heard at the host's rate.
// Modulation takes frequencies up to `stretch` times as high, and the host's Nyquist must hold for those.
std::size_t HarmonicOscillators::fade(float f0, double stretch, HarmonicShares shares) noexcept {
  const float nyquist = 0.5f * static_cast<float>(rate_), highest = static_cast<float>(f0 * stretch);
  std::size_t heard = 0;
  for (std::size_t h = 0; h < shares.count; ++h) {
    to_[h] *= shares.scale * nyquist_fade(static_cast<float>(h + 1) * highest, nyquist);
    if (to_[h] != 0.0f) heard = h + 1;
  }
  return heard;
}

// Sines and cosines for a frame whose frequency is modulated; returns the phase after it.
double HarmonicOscillators::deviate(const Movement& frequency, int n, const float* deviation) noexcept {
  double phase = phase_;
  for (int i = 0; i < n; ++i) {
    phase += (frequency.increment + frequency.slope * (i + 1)) * (1.0 + static_cast<double>(deviation[i]));
    phase -= std::round(phase);
    const double angle = 2.0 * std::numbers::pi * phase;
    sine_[static_cast<std::size_t>(i)] = static_cast<float>(std::sin(angle));
    twice_cosine_[static_cast<std::size_t>(i)] = static_cast<float>(2.0 * std::cos(angle));
  }
  return phase;
}

// out += harmonics whose amplitudes go from `from` to `to`; returns the phase after the frame.
double HarmonicOscillators::add(const Movement& frequency, const std::vector<float>& from, const std::vector<float>& to,
                                std::size_t harmonics, int n, float* out, const float* deviation) noexcept {
  const auto [increment, slope] = frequency;
  const double end = deviation ? deviate(frequency, n, deviation) : phase_ + n * (increment + 0.5 * slope * (n + 1));
  if (harmonics == 0) return end;
  const Kernels& kernel = kernels();
  const std::size_t samples = padded(n);
  if (!deviation) kernel.sine_ramp(sine_.data(), twice_cosine_.data(), phase_, increment, slope, samples);
  for (std::size_t i = 0; i < samples; ++i) ramp_[i] = smooth_step(static_cast<float>(i + 1) / static_cast<float>(n));
  kernel.harmonic_sum(sum_.data(), sine_.data(), twice_cosine_.data(), ramp_.data(), from.data(), to.data(), harmonics,
                      samples);
  for (int i = 0; i < n; ++i) out[i] += sum_[static_cast<std::size_t>(i)];
  return end;
}

void HarmonicOscillators::render(float f0, const Controls& controls, int n, float* out,
                                 const float* deviation) noexcept {
  const auto fill = [&] { return harmonic_shares(f0, controls, model_rate_, to_); };
  render_frame(f0, fill, n, out, deviation);
}

void HarmonicOscillators::render(float f0, std::span<const float> amplitudes, int n, float* out,
                                 const float* deviation) noexcept {
  const auto fill = [&] {
    const std::size_t count = std::min(amplitudes.size(), to_.size());
    std::copy_n(amplitudes.begin(), count, to_.begin());
    return HarmonicShares{count, 1.0f};
  };
  render_frame(f0, fill, n, out, deviation);
}

template <typename Fill>
void HarmonicOscillators::render_frame(float f0, Fill&& fill, int n, float* out, const float* deviation) noexcept {
  n = std::clamp(n, 0, static_cast<int>(sine_.size()));
  if (n == 0) return;
  std::swap(from_, to_);
  const bool usable = f0 > 0.0f && f0 < static_cast<float>(rate_);  // not so for NaN
  double stretch = 1.0;
  if (deviation)
    for (int i = 0; i < n; ++i) stretch = std::max(stretch, std::abs(1.0 + static_cast<double>(deviation[i])));
  std::fill(to_.begin(), to_.end(), 0.0f);
  const std::size_t heard = usable ? fade(f0, stretch, fill()) : 0;
  const double target = usable ? static_cast<double>(f0) / rate_ : increment_;
  if (!started_) increment_ = target;
  started_ = true;
  std::fill_n(out, n, 0.0f);
  if (leaps_ || target > kLeap * increment_ || increment_ > kLeap * target) {
    add({increment_, 0.0}, from_, none_, active_, n, out, deviation);
    phase_ = add({target, 0.0}, none_, to_, heard, n, out, deviation);
  } else {
    phase_ = add({increment_, (target - increment_) / n}, from_, to_, std::max(active_, heard), n, out, deviation);
  }
  phase_ -= std::round(phase_);
  increment_ = target;
  leaps_ = false;
  active_ = heard;
}

}  // namespace ddsp_rt
