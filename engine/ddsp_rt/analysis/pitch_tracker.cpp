// A frame of tracking: candidates, octave, refined lag, voicing.
#include "ddsp_rt/analysis/pitch_tracker.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/features.h"

namespace ddsp_rt {
namespace {

constexpr int kHarmonics = 10;  // in the harmonic sum
constexpr float kJustUnvoiced = 0.49f;

/// magnitude^0.75: many weak harmonics then say more than a few strong ones.
float compressed(float magnitude) { return std::sqrt(magnitude * std::sqrt(magnitude)); }

/// Least harmonic sum granted at `f0` Hz: 32 ms cannot tell such low harmonics apart, so the repeat must decide.
float benefit_of_doubt(float f0) {
  constexpr float doubt = 0.8f, blurred = 80.0f, resolved = 130.0f;  // the last two in Hz
  return doubt * std::clamp((resolved - f0) / (resolved - blurred), 0.0f, 1.0f);
}

}  // namespace

PitchTracker::PitchTracker(double rate, float f0_low, float f0_high, const Settings& settings)
    : settings_(settings),
      rate_(static_cast<float>(rate)),
      f0_low_(f0_low),
      f0_high_(f0_high),
      correlation_(rate, f0_low, f0_high),
      memory_(settings.octave),
      voicing_(settings.voicing),
      f0_(kDefaultF0) {}

void PitchTracker::reset() noexcept {
  memory_.reset();
  voicing_.reset();
  f0_ = kDefaultF0;
  leaps_ = 0;
}

template <typename Measure>
PitchTracker::Comb PitchTracker::comb(const Spectrum& spectrum, float f0, Measure measure) const noexcept {
  Comb sums{0.0f, 0.0f};
  float weight = 1.0f;
  for (int h = 1; h <= kHarmonics; ++h, weight *= settings_.harmonic_decay) {
    sums.on += weight * measure(spectrum.at(static_cast<float>(h) * f0));
    sums.between += weight * measure(spectrum.at((static_cast<float>(h) - 0.5f) * f0));  // strong if f0 is too low
  }
  return sums;
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
  float strongest = 1e-20f;
  for (int i = 0; i < found; ++i) {
    const Correlation::Peak& peak = peaks[static_cast<std::size_t>(i)];
    const float f0 = rate_ / peak.lag;
    if (f0 < f0_low_ || f0 > f0_high_) continue;
    const Comb sums = comb(spectrum, f0, compressed);
    const float sum = std::max(0.0f, sums.on - settings_.between * sums.between);
    strongest = std::max(strongest, sum);
    candidates_[static_cast<std::size_t>(count++)] = {peak.lag / rate_, peak.height, sum};
  }
  for (int i = 0; i < count; ++i) {
    OctaveMemory::Candidate& c = candidates_[static_cast<std::size_t>(i)];
    c.harmonic_sum = std::max(c.harmonic_sum / strongest, benefit_of_doubt(1.0f / c.lag));
  }
  return count;
}

/// Most leaps to a multiple or a fraction are slips of one frame (a bow's noise, two notes in one room), and each would
/// be a squeak; a true octave can wait 4 ms.
bool PitchTracker::doubtful(float f0) noexcept {
  leaps_ = is_multiple(std::fabs(std::log2(f0 / f0_)), settings_.octave.tolerance) ? leaps_ + 1 : 0;
  return leaps_ > 0 && leaps_ < settings_.leap_frames;
}

PitchTracker::Estimate PitchTracker::process(const float* newest, const Spectrum& spectrum) noexcept {
  correlation_.scan(newest);
  const int count = gather(spectrum);
  if (count == 0) {
    memory_.reset();
    voicing_.reset();
    leaps_ = 0;
    return {f0_, 0.0f};
  }
  const auto chosen = static_cast<std::size_t>(memory_.choose(candidates_.data(), count));
  const Correlation::Peak peak = correlation_.refine(newest, candidates_[chosen].lag * rate_);
  const float f0 = std::clamp(rate_ / peak.lag, f0_low_, f0_high_);
  const Comb sums = comb(spectrum, f0, [](float magnitude) { return magnitude; });
  const bool was_voiced = voicing_.voiced();
  const double remaining = was_voiced ? correlation_.power(rate_ / f0_) / correlation_.power(2.5 * peak.lag) : 1.0;
  if (!voicing_.decide(peak.height, sums.on / (sums.on + sums.between + 1e-20f), remaining))
    return {f0_, std::clamp(peak.height, 0.0f, kJustUnvoiced)};

  // A longer lag sees more of a note that is ending; only a note with power of its own may take over.
  const bool same = std::fabs(std::log2(f0 / f0_)) < settings_.octave.tolerance;
  const bool leap_in_doubt = doubtful(f0);
  if (!was_voiced || same || (remaining > settings_.fall && !leap_in_doubt)) f0_ = f0;
  return {f0_, std::clamp(peak.height, kVoicedPeriodicity, 1.0f)};
}

}  // namespace ddsp_rt
