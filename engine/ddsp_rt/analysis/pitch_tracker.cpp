// A frame of tracking: candidates, octave, refined lag, voicing.
#include "ddsp_rt/analysis/pitch_tracker.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/features.h"

namespace ddsp_rt {

PitchTracker::PitchTracker(double rate, float f0_low, float f0_high, const Settings& settings)
    : settings_(settings),
      rate_(rate),
      f0_low_(f0_low),
      f0_high_(f0_high),
      correlation_(rate, f0_low, f0_high),
      memory_(settings.octave),
      f0_(kDefaultF0) {}

void PitchTracker::reset() noexcept {
  memory_.reset();
  voiced_ = false;
  f0_ = kDefaultF0;
}

/// Fills candidates_ from the last scan and returns how many.
int PitchTracker::gather(const Spectrum& spectrum) noexcept {
  constexpr int kMostPeaks = 128;
  std::array<Correlation::Peak, kMostPeaks> peaks;
  int found = correlation_.peaks(settings_.least_height, peaks.data(), kMostPeaks);
  if (found > OctaveMemory::kCapacity) {  // every multiple of a short period repeats as well: prefer short lags
    const auto promise = [this](const Correlation::Peak& peak) {
      return std::log(std::max(0.0f, 1.0f - peak.height) + settings_.octave.height_offset) +
             settings_.octave.short_lag * std::log2(peak.lag);
    };
    std::nth_element(peaks.begin(), peaks.begin() + OctaveMemory::kCapacity - 1, peaks.begin() + found,
                     [&](const auto& a, const auto& b) { return promise(a) < promise(b); });
    found = OctaveMemory::kCapacity;
  }
  int count = 0;
  float strongest = 0.0f;
  for (int i = 0; i < found; ++i) {
    const Correlation::Peak& peak = peaks[static_cast<std::size_t>(i)];
    const float f0 = static_cast<float>(rate_) / peak.lag;
    if (f0 < f0_low_ || f0 > f0_high_) continue;
    float sum = 0.0f, weight = 1.0f;
    for (int h = 1; h <= settings_.harmonics; ++h, weight *= settings_.harmonic_decay) {
      const float on = spectrum.at(static_cast<float>(h) * f0);
      const float between = spectrum.at((static_cast<float>(h) - 0.5f) * f0);  // strong where f0 is an octave too low
      sum += weight * (on - settings_.between * between);
    }
    sum = std::max(sum, 0.0f);
    strongest = std::max(strongest, sum);
    candidates_[static_cast<std::size_t>(count++)] = {peak.lag / static_cast<float>(rate_), peak.height, sum};
  }
  for (int i = 0; i < count; ++i)
    candidates_[static_cast<std::size_t>(i)].harmonic_sum /= std::max(strongest, 1e-20f);
  return count;
}

PitchTracker::Estimate PitchTracker::process(const float* newest, const Spectrum& spectrum) noexcept {
  correlation_.scan(newest);
  const int count = gather(spectrum);
  if (count == 0) {
    memory_.reset();
    voiced_ = false;
    return {f0_, 0.0f};
  }
  const OctaveMemory::Candidate& chosen = candidates_[static_cast<std::size_t>(memory_.choose(candidates_.data(), count))];
  const Correlation::Peak peak = correlation_.refine(newest, chosen.lag * static_cast<float>(rate_));
  const float threshold = voiced_ ? settings_.release : settings_.onset;
  const float above = (peak.height - threshold) / (peak.height >= threshold ? 1.0f - threshold : threshold);
  const double left = voiced_ ? correlation_.power(rate_ / f0_) / correlation_.power(2.5 * peak.lag) : 1.0;
  const bool ended = left < settings_.ending;
  if (ended) memory_.reset();
  voiced_ = peak.height >= threshold && !ended;
  const float f0 = std::clamp(static_cast<float>(rate_) / peak.lag, f0_low_, f0_high_);
  const bool same = std::fabs(std::log2(f0 / f0_)) < settings_.octave.tolerance;
  if (voiced_ && (left > settings_.fall || same)) f0_ = f0;  // a longer lag only sees more of a note that is ending
  return {f0_, ended ? 0.0f : std::clamp(0.5f + 0.5f * above, 0.0f, 1.0f)};
}

}  // namespace ddsp_rt
