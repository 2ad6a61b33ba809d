// Measures A-weighted loudness over whole periods.
#include "ddsp_rt/analysis/loudness_meter.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/features.h"
#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {

namespace {

constexpr double kVoicedWindow = 0.008;                                   // seconds, at least
constexpr double kUnvoicedWindow = 0.016;                                 // seconds
constexpr double kFastVoicedWindow = 0.004, kFastUnvoicedWindow = 0.005;  // seconds, likewise
constexpr float kLoudest = 20.0f;                                         // dB
constexpr int kRoom = 4;  // the history is moved back once in (kRoom - 1) windows

}  // namespace

LoudnessMeter::LoudnessMeter(double rate, float f0_low)
    : weighting_(rate),
      rate_(rate),
      reference_(10.0 * std::log10(0.5) + a_weighting_db(997.0)),
      longest_(static_cast<int>(rate * std::max(kUnvoicedWindow, std::max(2.0 * kVoicedWindow, 1.0 / f0_low))) + 2),
      history_(static_cast<std::size_t>(kRoom) * longest_, 0.0f),
      end_(longest_) {}

void LoudnessMeter::reset() noexcept {
  weighting_.reset();
  std::fill(history_.begin(), history_.end(), 0.0f);
  end_ = longest_;
}

void LoudnessMeter::push(const float* samples, int n) noexcept {
  const int size = static_cast<int>(history_.size());
  while (n > 0) {
    if (end_ == size) {
      std::copy(history_.end() - longest_, history_.end(), history_.begin());
      end_ = longest_;
    }
    const int count = std::min(n, size - end_);
    weighting_.process(samples, count, history_.data() + end_);
    end_ += count;
    samples += count;
    n -= count;
  }
}

float LoudnessMeter::level(float f0) const noexcept { return level(f0, kVoicedWindow, kUnvoicedWindow); }

float LoudnessMeter::fast_level(float f0) const noexcept { return level(f0, kFastVoicedWindow, kFastUnvoicedWindow); }

float LoudnessMeter::level(float f0, double voiced_window, double unvoiced_window) const noexcept {
  double window = unvoiced_window * rate_;
  if (f0 > 0.0f) {
    const double period = rate_ / f0;
    window = period * std::max(1.0, std::ceil(voiced_window * f0 - 1e-6));
  }
  window = std::min(window, static_cast<double>(longest_ - 1));
  const int whole = static_cast<int>(window);
  const float* newest = history_.data() + end_;
  const float oldest = newest[-whole - 1];
  const double energy = kernels().dot(newest - whole, newest - whole, static_cast<std::size_t>(whole)) +
                        (window - whole) * static_cast<double>(oldest) * oldest;
  const double decibels = 10.0 * std::log10(energy / window + 1e-30) - reference_;
  return std::clamp(static_cast<float>(decibels), kSilenceDb, kLoudest);
}

}  // namespace ddsp_rt
