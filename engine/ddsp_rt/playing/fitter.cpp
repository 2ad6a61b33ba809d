// Counting what sounds, and the octave, offset and gate that follow from it.
#include "ddsp_rt/playing/fitter.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {
namespace {

constexpr float kLoudShare = 0.95f;  // of the voiced frames
constexpr float kSounding = 30.0f;   // dB under the loud level
constexpr float kMinimumFrames = 25;
constexpr float kBand = 3.0f;                  // dB
constexpr float kPitchStep = 0.5f;             // semitones
constexpr float kHeaviest = 1e4f;              // weight at which counts are scaled down
constexpr float kNothing = kSilenceDb + 5.0f;  // dB: whatever its periodicity, no sound
constexpr float kOverNoise = 12.0f;            // dB, of the loud level: less is no performance
constexpr float kAboveNoise = 2.0f;            // dB from the mean of the noise to the gate: it wavers by less
constexpr int kFarthest = 4;                   // octaves
constexpr float kAsWell = 0.04f;  // misfits that differ by less are alike: stray slips of the tracker, a rare note
constexpr float kFarthestBalance = 20.0f;     // dB
constexpr float kOctave = 12.0f;              // semitones
constexpr std::array kUpperHalf{4, 5, 6, 7};  // of kQuantileProbabilities: 50 to 95 %; the lower ones say how much of
                                              // a performance is decay and room

/// MIDI note numbers that an instrument plays. Training material has stray slips as well: its outermost quantiles count
/// only near the next ones.
struct Range {
  float low, high;
  explicit Range(const QuantileArray& pitch) noexcept
      : low(std::max(pitch[0], pitch[1] - 4.0f) - 0.5f),
        high(std::min(pitch[pitch.size() - 1], pitch[pitch.size() - 2] + 4.0f) + 0.5f) {}
};

/// The middle of a bin of pitch, MIDI.
float pitch_of(std::size_t bin) noexcept { return kPitchStep * (static_cast<float>(bin) + 0.5f); }

}  // namespace

void Fitter::reset() noexcept {
  for (Pitches& band : pitches_) band.fill(0.0f);
  loudness_.reset();
  balance_.reset();
  floor_.reset();
  weight_ = 1.0f;
}

void Fitter::add(const Features& frame, float growth) noexcept {
  floor_.add(frame, growth);
  if (frame.periodicity < kVoicedPeriodicity || frame.loudness < kNothing) return;
  weight_ *= growth;
  if (weight_ > kHeaviest) {
    for (Pitches& band : pitches_)
      for (float& count : band) count /= weight_;
    loudness_.scale(1.0f / weight_);
    balance_.scale(1.0f / weight_);
    weight_ = 1.0f;
  }
  const auto index = [](float position, std::size_t size) {
    return static_cast<std::size_t>(std::clamp(position, 0.0f, static_cast<float>(size) - 1.0f));
  };
  Pitches& band = pitches_[index((frame.loudness - kSilenceDb) / kBand, pitches_.size())];
  band[index(midi_from_hz(frame.f0) / kPitchStep, band.size())] += weight_;
  loudness_.add(frame.loudness, weight_);
  balance_.add(frame.balance, weight_);
}

float Fitter::loud() const noexcept { return loudness_.quantile(kLoudShare); }

float Fitter::sounding() const noexcept {
  const auto noise = floor_.level();
  const bool noise_alone = noise && loud() < *noise + kOverNoise && loudness_.total() / weight_ < floor_.frames();
  return noise_alone ? 0.0f : loudness_.total(loud() - kSounding) / weight_;
}

Fitter::Pitches Fitter::sounding_pitches() const noexcept {
  Pitches sum{};
  const float from = std::max(0.0f, (loud() - kSounding - kSilenceDb) / kBand);
  for (auto band = static_cast<std::size_t>(from); band < pitches_.size(); ++band)
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += pitches_[band][i];
  return sum;
}

Fitting Fitter::fit(const TargetQuantiles& target, float range) const noexcept {
  Fitting fitting;
  fitting.loudness.range = range;
  if (sounding() < kMinimumFrames) return fitting;

  fitting.loudness.loud_db = loud();
  float offset = 0.0f;
  for (const int i : kUpperHalf) {
    const auto at = static_cast<std::size_t>(i);
    const float level = loudness_.quantile(kQuantileProbabilities[at], loud() - kSounding);
    offset += (target.loudness_db[at] - fitting.loudness(level)) / static_cast<float>(kUpperHalf.size());
  }
  // The loud level itself is not driven beyond the loudest of the training material.
  fitting.loudness.offset_db = std::min(offset, target.loudness_db.back() - loud());
  if (target.balance_db)
    fitting.balance_db = std::clamp(*target.balance_db - balance_.quantile(0.5f), -kFarthestBalance, kFarthestBalance);
  if (const auto noise = floor_.level(); noise && *noise < loud() - kOverNoise) fitting.gate_db = *noise + kAboveNoise;

  const Range playable(target.pitch_midi);
  const Pitches pitches = sounding_pitches();
  std::array<float, 2 * kFarthest + 1> misfits{};
  for (int octave = -kFarthest; octave <= kFarthest; ++octave) {
    float total = 0.0f, sum = 0.0f;
    for (std::size_t i = 0; i < pitches.size(); ++i) {
      const float midi = pitch_of(i) + kOctave * static_cast<float>(octave);
      const float outside = std::max(playable.low - midi, midi - playable.high);
      total += pitches[i];
      if (outside > 0.0f) sum += pitches[i] * (1.0f + outside / kOctave);
    }
    misfits[static_cast<std::size_t>(octave + kFarthest)] = sum / total;
  }
  const float good = *std::min_element(misfits.begin(), misfits.end()) + kAsWell;
  for (const int octave : {0, 1, -1, 2, -2, 3, -3, 4, -4}) {
    fitting.octave = octave;
    if (misfits[static_cast<std::size_t>(octave + kFarthest)] <= good) break;
  }
  return fitting;
}

Beyond Fitter::beyond(const TargetQuantiles& target, int octave) const noexcept {
  const Range playable(target.pitch_midi);
  const Pitches pitches = sounding_pitches();
  Beyond result;
  float total = 0.0f;
  for (std::size_t i = 0; i < pitches.size(); ++i) {
    const float midi = pitch_of(i) + kOctave * static_cast<float>(octave);
    total += pitches[i];
    if (midi < playable.low) result.below += pitches[i];
    if (midi > playable.high) result.above += pitches[i];
  }
  if (total <= 0.0f) return {};
  return {result.below / total, result.above / total};
}

}  // namespace ddsp_rt
