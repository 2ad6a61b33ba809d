// Runs the parts of the analysis in order, a frame at a time.
#include "ddsp_rt/analysis/analyser.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {

namespace {

constexpr float kLargest = 1e6f;  // samples beyond are clipped, so that squares and their sums stay finite
// The band that features see ends here at every rate; what decimation folds back lies above it as well.
constexpr double kBandEdge = 7000.0, kBandStop = 7900.0;  // Hz
constexpr double kBandRippleDb = 0.05, kBandAttenuationDb = 45.0;
constexpr double kNyquistShare = 0.495;  // of the rate; the stop band must begin below it
constexpr int kChunk = 256;              // internal samples taken at a time
constexpr int kRoom = 4;                 // the history is moved back once in (kRoom - 1) reaches

const AnalyserSettings& checked(const AnalyserSettings& settings) {
  if (settings.version != kAnalyserVersion)
    throw std::invalid_argument("analyser version " + std::to_string(settings.version) +
                                " is not the one this engine has (" + std::to_string(kAnalyserVersion) + ")");
  if (!settings.range.usable())
    throw std::invalid_argument("the pitch range must lie within 20 to 3000 Hz and span an octave");
  return settings;
}

}  // namespace

int supported_rate(int rate) {
  if (rate < kLowestRate || rate > kHighestRate)
    throw std::invalid_argument("sample rate " + std::to_string(rate) + " Hz is not within 8000 to 192000 Hz");
  return rate;
}

Analyser::Analyser(int rate, AnalyserSettings settings)
    : settings_(checked(settings)),
      factor_(Decimator::factor(supported_rate(rate))),
      decimator_(rate),
      high_pass_(decimator_.rate()),
      spectrum_(decimator_.rate()),
      pitch_tracker_(decimator_.rate(), settings.range),
      loudness_meter_(decimator_.rate(), settings.range.low),
      balance_(spectrum_),
      reach_(std::max(spectrum_.history(), PitchTracker::history(decimator_.rate(), settings.range))),
      history_(static_cast<std::size_t>(kRoom) * reach_, 0.0f),
      end_(reach_) {
  const double stop = std::min(kBandStop, kNyquistShare * decimator_.rate());
  if (stop > 1.02 * kBandEdge) band_.emplace(decimator_.rate(), kBandEdge, stop, kBandRippleDb, kBandAttenuationDb);
  if (settings.mfcc) mfcc_.emplace(spectrum_);
  reset();
}

void Analyser::reset() noexcept {
  decimator_.reset();
  if (band_) band_->reset();
  high_pass_.reset();
  pitch_tracker_.reset();
  loudness_meter_.reset();
  std::fill(history_.begin(), history_.end(), 0.0f);
  end_ = reach_;
  features_ = Features{};
}

Analyser::Filters Analyser::filters() const {
  const auto sections = [](const auto& filter) { return filter ? filter->sections() : std::vector<Biquad>(); };
  const auto& weighting = loudness_meter_.weighting().sections();
  const auto& low_band = pitch_tracker_.low_band();
  return {sections(decimator_.low_pass()),
          sections(band_),
          {weighting.begin(), weighting.end()},
          {high_pass_.section()},
          low_band ? low_band->low_pass().sections() : std::vector<Biquad>()};
}

int Analyser::push(const float* samples, int n) noexcept {
  int internal = 0;
  std::array<float, kChunk> chunk;
  std::array<double, kChunk> wide;
  while (n > 0) {
    const int taken = std::min(n, (kChunk - 1) * factor_);
    const int count = decimator_.process(samples, taken, chunk.data());
    samples += taken;
    n -= taken;
    for (int i = 0; i < count; ++i) wide[i] = std::clamp(chunk[i], -kLargest, kLargest);
    if (band_) {
      band_->process(wide.data(), count);
      band_->flush();
    }
    for (int i = 0; i < count; ++i) chunk[i] = static_cast<float>(wide[i]);
    loudness_meter_.push(chunk.data(), count);
    if (end_ + count > static_cast<int>(history_.size())) {
      std::copy(history_.begin() + (end_ - reach_), history_.begin() + end_, history_.begin());
      end_ = reach_;
    }
    high_pass_.process(chunk.data(), count, history_.data() + end_);
    end_ += count;
    internal += count;
  }
  return internal;
}

const Features& Analyser::frame(const float* samples, int n) noexcept {
  const int internal = push(samples, n);
  const float* newest = history_.data() + end_;
  spectrum_.process(newest);
  const PitchTracker::Estimate pitch = pitch_tracker_.process(newest, internal, spectrum_);
  const bool voiced = pitch.periodicity >= kVoicedPeriodicity;
  features_.periodicity = pitch.periodicity;
  features_.outside = pitch.outside;
  features_.loudness = loudness_meter_.level(voiced ? pitch.f0 : 0.0f);
  // In silence the tracker's longer windows still hold the end of a sound, whose pitch depends on how far it is cut.
  if (voiced && features_.loudness > kSilenceDb) features_.f0 = pitch.f0;
  features_.fast_loudness = loudness_meter_.fast_level(voiced ? pitch.f0 : 0.0f);
  features_.balance = balance_(spectrum_);
  if (mfcc_) mfcc_->process(spectrum_, features_.mfcc.data());
  return features_;
}

std::vector<Features> analyse(std::span<const float> samples, int rate, AnalyserSettings settings) {
  Analyser analyser(rate, settings);
  const std::int64_t frames = frame_count(static_cast<std::int64_t>(samples.size()), rate);
  std::vector<Features> features;
  features.reserve(static_cast<std::size_t>(frames));
  std::int64_t taken = 0;
  for (std::int64_t k = 0; k < frames; ++k) {
    const std::int64_t start = frame_start(k, rate);
    features.push_back(analyser.frame(samples.data() + taken, static_cast<int>(start - taken)));
    taken = start;
  }
  return features;
}

}  // namespace ddsp_rt
