// What tests of the pitch tracker play to it, and how they run it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "ddsp_rt/analysis/decimator.h"
#include "ddsp_rt/analysis/high_pass.h"
#include "ddsp_rt/analysis/pitch_tracker.h"
#include "ddsp_rt/frame_clock.h"

namespace tracking {

using Estimates = std::vector<ddsp_rt::PitchTracker::Estimate>;

inline double cents(double a, double b) { return 1200 * std::log2(a / b); }

/// `shape` gives the sample at a phase in radians, of the period of `f0`.
template <typename Shape>
std::vector<float> sound(int rate, double f0, double seconds, Shape&& shape) {
  std::vector<float> x(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(shape(2 * std::numbers::pi * std::fmod(f0 * static_cast<double>(i) / rate, 1.0)));
  return x;
}

/// Ten harmonics falling by 6 dB an octave below 7 kHz.
inline std::vector<float> harmonic_tone(int rate, double f0, double seconds, double level = 0.3) {
  return sound(rate, f0, seconds, [&](double x) {
    double sum = 0;
    for (int h = 1; h <= 10 && h * f0 < 7000; ++h) sum += std::sin(h * x + h * h) / h;
    return level * sum;
  });
}

inline void add_noise(std::vector<float>& x, double level) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, static_cast<float>(level));
  for (float& y : x) y += normal(random);
}

/// Runs decimator, high-pass, spectrum and tracker as the analyser does.
inline Estimates track(const std::vector<float>& audio, int rate) {
  using namespace ddsp_rt;
  Decimator decimator(rate);
  const double internal = decimator.rate();
  HighPass high_pass(internal);
  Spectrum spectrum(internal);
  PitchTracker tracker(internal);
  std::vector<float> signal(static_cast<std::size_t>(PitchTracker::history(internal)), 0.0f);
  std::vector<float> block(static_cast<std::size_t>(max_frame_length(rate)));
  Estimates estimates;
  for (std::int64_t k = 0; frame_start(k + 1, rate) <= static_cast<std::int64_t>(audio.size()); ++k) {
    const int n = decimator.process(audio.data() + frame_start(k, rate), frame_length(k, rate), block.data());
    high_pass.process(block.data(), n, block.data());
    signal.insert(signal.end(), block.begin(), block.begin() + n);
    spectrum.process(signal.data() + signal.size());
    estimates.push_back(tracker.process(signal.data() + signal.size(), n, spectrum));
  }
  return estimates;
}

/// The share of the estimates from 0.1 s on that are voiced and within a quarter tone of `f0`.
inline double share_right(const Estimates& estimates, double f0) {
  constexpr std::size_t kFirst = 25;
  int right = 0;
  for (std::size_t k = kFirst; k < estimates.size(); ++k)
    right += std::fabs(cents(estimates[k].f0, f0)) < 50 && estimates[k].periodicity >= 0.5f;
  return right / static_cast<double>(estimates.size() - kFirst);
}

}  // namespace tracking
