// A frame of tracking: candidates, octave, refined lag, voicing.
#include "ddsp_rt/analysis/pitch_tracker.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/features.h"

namespace ddsp_rt {
namespace {

constexpr int kHarmonics = 10;  // in the harmonic sum
constexpr float kJustUnvoiced = 0.49f;
constexpr float kSplit = 125.0f;            // Hz; below, candidates come from the low band
constexpr float kBelow = 0.6f;              // of the lowest pitch: how far down is searched for what lies outside
constexpr float kLowestOfAll = 16.0f;       // Hz
constexpr float kHighestOfAll = 6500.0f;    // Hz
constexpr float kMargin = 1.02f;            // beyond the range's ends before a pitch counts as outside
constexpr float kLowHeightBelow = 550.0f;   // Hz; up to here the low band has its say in a candidate's height
constexpr float kLongBelow = 150.0f;        // Hz; up to here the long spectrum tells harmonics apart better
constexpr float kLongThirdsBelow = 400.0f;  // Hz; likewise for the third part of a pitch
constexpr float kLeastSpacing = 22.0f;      // Hz; harmonics closer than that cannot be told apart

float lowest_searched(PitchRange range) { return std::max(kLowestOfAll, kBelow * range.low); }
float split(PitchRange range) { return std::max(kSplit, lowest_searched(range)); }

/// magnitude^0.5: many weak harmonics then say more than a few strong ones.
float compressed(float magnitude) { return std::sqrt(magnitude); }

}  // namespace

PitchTracker::PitchTracker(double rate, PitchRange range, const Settings& settings)
    : settings_(settings),
      rate_(static_cast<float>(rate)),
      range_(range),
      split_(split(range)),
      correlation_(rate, std::min(range.low, split_), split_, std::min(kHighestOfAll, 0.4f * rate_)),
      memory_(settings.octave),
      voicing_(settings.voicing),
      f0_(kDefaultF0),
      unvoiced_(settings.lapse + 1) {
  if (lowest_searched(range) < kSplit) low_.emplace(rate, lowest_searched(range));
}

int PitchTracker::history(double rate, PitchRange range) noexcept {
  return Correlation::history(rate, std::min(range.low, split(range)));
}

void PitchTracker::reset() noexcept {
  if (low_) low_->reset();
  memory_.reset();
  voicing_.reset();
  f0_ = kDefaultF0;
  leaps_ = 0;
  unvoiced_ = settings_.lapse + 1;
  age_ = 0;
  began_ = 0.0f;
  read_ = kNothing;
  still_ = 0;
}

/// Fills candidates_ from the last scans and returns how many.
int PitchTracker::gather(const Spectrum& spectrum) noexcept {
  constexpr int kMostPeaks = 128, kMostLow = 8;
  constexpr float kOverlap = 1.03f;  // of the two bands
  std::array<Correlation::Peak, kMostPeaks> peaks;
  std::array<float, OctaveMemory::kCapacity> pitches;
  int count = 0;
  const auto keep = [&](const Correlation& correlation, float rate, float highest, int most) {
    int found = correlation.peaks(settings_.least_height, peaks.data(), kMostPeaks);
    const auto last = std::remove_if(peaks.begin(), peaks.begin() + found,
                                     [&](const auto& peak) { return rate > highest * peak.lag; });
    found = static_cast<int>(last - peaks.begin());
    if (found > most) {  // every multiple of a short period repeats as well: prefer short lags
      const auto promise = [this](const Correlation::Peak& peak) {
        return std::log(std::max(0.0f, 1.0f - peak.height) + settings_.octave.height_offset) +
               settings_.octave.short_lag * std::log2(peak.lag);
      };
      std::nth_element(peaks.begin(), peaks.begin() + most - 1, peaks.begin() + found,
                       [&](const auto& a, const auto& b) { return promise(a) < promise(b); });
      found = most;
    }
    for (int i = 0; i < found; ++i, ++count) {
      pitches[static_cast<std::size_t>(count)] = rate / peaks[static_cast<std::size_t>(i)].lag;
      heights_[static_cast<std::size_t>(count)] = peaks[static_cast<std::size_t>(i)].height;
    }
  };
  if (low_) keep(low_->correlation(), static_cast<float>(low_->rate()), kOverlap * split_, kMostLow);
  keep(correlation_, rate_, rate_, OctaveMemory::kCapacity - count);

  float strongest = 1e-20f;
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::size_t>(i);
    const float f0 = pitches[n], sum = std::max(0.0f, harmonic_sum(spectrum, f0));
    strongest = std::max(strongest, sum);
    float height = heights_[n];  // noise above the low band must not speak against a pitch and for its fractions
    if (low_ && f0 >= split_ && f0 < kLowHeightBelow)
      height = std::max(height, low_->correlation().at(static_cast<float>(low_->rate()) / f0));
    candidates_[n] = {1.0f / f0, height, sum};
  }
  for (int i = 0; i < count; ++i) candidates_[static_cast<std::size_t>(i)].harmonic_sum /= strongest;
  return count;
}

/// How much of the spectrum `f0` explains, less what it leaves over.
float PitchTracker::harmonic_sum(const Spectrum& spectrum, float f0) const noexcept {
  const Spectrum& own = low_ && f0 < kLongBelow ? low_->spectrum() : spectrum;
  float odd = 0.0f, even = 0.0f, most_odd = 0.0f, most_even = 0.0f, between = 0.0f, weight = 1.0f;
  for (int h = 1; h <= kHarmonics; ++h, weight *= settings_.harmonic_decay) {
    const float on = weight * compressed(own.at(static_cast<float>(h) * f0));
    (h % 2 ? odd : even) += on;
    float& most = h % 2 ? most_odd : most_even;
    most = std::max(most, on);
    between += weight * compressed(own.at((static_cast<float>(h) - 0.5f) * f0));
  }
  // A lone odd harmonic, weaker than the even ones, is an undertone (flutes) and no sign of a pitch an octave lower.
  if (!from_low_band(f0) && most_odd < most_even) {
    const float companions = (odd - most_odd) / (settings_.undertone * most_odd + 1e-20f);
    odd -= most_odd * std::clamp(2.0f - companions, 0.0f, 1.0f);
  }
  // Strong third harmonics (cellos) pass for the pitch, but then the others of the true one are all there: of four the
  // second weakest speaks for them. Two notes in one room leave gaps.
  float thirds = 0.0f;
  if (f0 > 3.0f * kLeastSpacing) {
    const Spectrum& fine = low_ && f0 < kLongThirdsBelow ? low_->spectrum() : spectrum;
    std::array<float, 4> levels{1.0f, 2.0f, 4.0f, 5.0f};
    for (float& level : levels) level = compressed(fine.at(level * f0 / 3.0f));
    std::nth_element(levels.begin(), levels.begin() + 1, levels.end());
    thirds = levels[1];
  }
  return odd + even - settings_.between * between - settings_.thirds * thirds;
}

/// How far the spectrum stands out at the harmonics of `f0` against half-way between them: 0.5 for noise, up to 1.
float PitchTracker::contrast(const Spectrum& spectrum, float f0) const noexcept {
  float on = 0.0f, between = 0.0f, weight = 1.0f;
  for (int h = 1; h <= kHarmonics; ++h, weight *= settings_.harmonic_decay) {
    on += weight * spectrum.at(static_cast<float>(h) * f0);
    between += weight * spectrum.at((static_cast<float>(h) - 0.5f) * f0);
  }
  return on / (on + between + 1e-20f);
}

/// -1 where `f0` lies below the range, 1 above it.
int PitchTracker::outside(float f0) const noexcept {
  return f0 * kMargin < range_.low ? -1 : f0 > range_.high * kMargin ? 1 : 0;
}

/// Whether the last pitch, a low one, is among the `count` candidates with its odd harmonics: those of a note that has
/// left for an octave above are gone.
bool PitchTracker::complete(int count) const noexcept {
  if (f0_ > kLongBelow) return false;
  return std::any_of(candidates_.begin(), candidates_.begin() + count, [this](const auto& candidate) {
    return candidate.harmonic_sum >= settings_.complete &&
           std::fabs(std::log2(candidate.lag * f0_)) < settings_.octave.tolerance;
  });
}

/// Most leaps to a multiple or a fraction are slips of one frame (a bow's noise, two notes in one room), and so are
/// most to a pitch that repeats badly; each would be a squeak. A true leap can wait a frame or two. A dying note
/// repeats better over two of its periods than over one: a fraction waits longest. Where a note has just begun while
/// another rings, the period that both share is read first: what leaves that upwards is no slip. Low strings that die
/// away read an octave high while they are still all there.
bool PitchTracker::doubtful(float f0, float height, bool voiced, int count) noexcept {
  const float tolerance = settings_.octave.tolerance;
  const float octaves = std::fabs(std::log2(f0 / f0_));
  if (octaves < tolerance) {
    leaps_ = 0;
    return false;
  }
  leaps_ = leaps_ > 0 && std::fabs(std::log2(f0 / leap_)) < tolerance ? leaps_ + 1 : 1;
  leap_ = f0;
  int needed = 1 + (height < settings_.sure) + (height < settings_.unsure);
  if (is_multiple(octaves, tolerance)) {
    needed += settings_.leap_frames - 1;
    if (f0 < f0_ && height < settings_.sure_fraction) needed += settings_.fraction_frames;
    if (f0 > f0_ && complete(count)) needed += settings_.complete_frames;
    if (f0 > f0_ && age_ <= settings_.young && began_ < settings_.well_begun) needed = 1;
    if (!voiced) leaps_ = 0;
  } else if (f0 < f0_ && octaves > settings_.far_fall) {
    ++needed;
  }
  return leaps_ < needed;
}

/// Whether the last few frames chose the same `pitch`. Where one note takes over from another both repeat badly, but
/// what is read stands still with the new one; in noise it does not.
bool PitchTracker::stands_still(float pitch) noexcept {
  still_ = std::fabs(std::log2(pitch / read_)) < settings_.still ? still_ + 1 : 0;
  read_ = pitch;
  return still_ >= settings_.still_frames;
}

/// Noise reads near 0 and what nearly has a pitch nearly 0.5.
PitchTracker::Estimate PitchTracker::unvoiced(float height, float needed, int outside) noexcept {
  ++unvoiced_;
  const float share = std::clamp(height / needed, 0.0f, 1.0f);
  return {f0_, kJustUnvoiced * share * share, outside};
}

PitchTracker::Estimate PitchTracker::process(const float* newest, int n, const Spectrum& spectrum) noexcept {
  correlation_.scan(newest);
  if (low_) low_->process(newest - n, n);
  const int count = gather(spectrum);
  if (count == 0) {
    memory_.reset();
    voicing_.reset();
    leaps_ = 0;
    read_ = kNothing;
    return unvoiced(0.0f, 1.0f, 0);
  }
  const auto chosen = static_cast<std::size_t>(memory_.choose(candidates_.data(), count));
  const float coarse = 1.0f / candidates_[chosen].lag;
  if (const int side = outside(coarse)) {
    voicing_.reset();
    leaps_ = 0;
    read_ = kNothing;
    return unvoiced(heights_[chosen], settings_.least_outside, heights_[chosen] > settings_.least_outside ? side : 0);
  }
  const bool low = from_low_band(coarse);
  const Correlation::Peak peak = correlation_.refine(newest, rate_ / coarse, low ? 2.5f : 0.6f);
  const float f0 = std::clamp(rate_ / peak.lag, range_.low, range_.high);
  float height = heights_[chosen], comb = contrast(spectrum, coarse);
  if (low) {
    height = std::max(height, peak.height);
    comb = std::max(comb, contrast(low_->spectrum(), coarse));
  }
  const double window = correlation_.power(2.5 * peak.lag);
  const double remaining = voicing_.voiced() ? correlation_.power(rate_ / f0_) / window : 1.0;
  const bool lapsed = unvoiced_ > 0 && unvoiced_ <= settings_.lapse;
  const float eased = stands_still(coarse) && lapsed ? settings_.eased : 0.0f;
  const bool voiced = voicing_.decide(height + eased, comb, remaining);
  const bool doubted = doubtful(f0, height, voiced, count);  // counts, so it is asked in every frame
  if (!voiced) return unvoiced(height, voicing_.needed(), 0);

  // A longer lag sees more of a note that is ending; only a note with power of its own may take over.
  const bool ending = correlation_.power(peak.lag) < settings_.fall * window;
  if (unvoiced_ >= settings_.pause || leaps_ == 0 || !(ending || doubted)) {
    if (unvoiced_ >= settings_.pause || std::fabs(std::log2(f0 / f0_)) > settings_.octave.tolerance) {
      age_ = 0;
      began_ = height;
    }
    f0_ = f0;
  }
  ++age_;
  unvoiced_ = 0;
  return {f0_, std::clamp(height, kVoicedPeriodicity, 1.0f), 0};
}

}  // namespace ddsp_rt
