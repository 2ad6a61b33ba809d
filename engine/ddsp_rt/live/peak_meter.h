// What a level display shows.
#pragma once

#include <algorithm>
#include <cmath>

namespace ddsp_rt {

/// The largest magnitude of late: up at once, down by 20 dB a second. `add` is real-time.
class PeakMeter {
 public:
  static constexpr float kFloorDb = -120.0f;

  explicit PeakMeter(int rate) noexcept : fall_(std::pow(0.1f, 1.0f / static_cast<float>(rate))) {}

  void add(const float* samples, int n) noexcept {
    for (int i = 0; i < n; ++i) {
      const float magnitude = std::fabs(samples[i]);
      peak_ = std::isfinite(magnitude) ? std::max(magnitude, peak_ * fall_) : peak_ * fall_;
    }
    if (peak_ < 1e-6f) peak_ = 0.0f;
  }
  void reset() noexcept { peak_ = 0.0f; }

  /// dB re full scale, from kFloorDb.
  float db() const noexcept { return peak_ > 1e-6f ? 20.0f * std::log10(peak_) : kFloorDb; }

 private:
  float fall_;  // a sample
  float peak_ = 0.0f;
};

}  // namespace ddsp_rt
