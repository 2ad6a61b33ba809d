// Magnitudes to gains.
#include "ddsp_rt/synthesis/noise_curve.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {

NoiseCurve::NoiseCurve(int rate, int model_rate, int bands, std::size_t size) {
  const double nyquist = 0.5 * model_rate, density = std::sqrt(static_cast<double>(rate) / model_rate);
  for (std::size_t k = 1; k <= size / 2; ++k) {
    const double frequency = static_cast<double>(k) * rate / static_cast<double>(size);
    if (frequency > nyquist) break;
    const double position = frequency / nyquist * (bands - 1);
    const int band = std::clamp(static_cast<int>(position), 0, bands - 2);
    const double right = position - band;
    bins_.push_back({band, static_cast<float>((1.0 - right) * density), static_cast<float>(right * density)});
  }
}

void NoiseCurve::read(const float* magnitudes, float* gains) const noexcept {
  for (const auto& [band, left, right] : bins_) *gains++ = left * magnitudes[band] + right * magnitudes[band + 1];
}

}  // namespace ddsp_rt
