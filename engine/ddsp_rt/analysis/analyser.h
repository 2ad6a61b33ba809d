// The analyser: audio in, one set of features every 4 ms out. Live playing and training both use this one.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ddsp_rt/analysis/balance.h"
#include "ddsp_rt/analysis/decimator.h"
#include "ddsp_rt/analysis/high_pass.h"
#include "ddsp_rt/analysis/loudness_meter.h"
#include "ddsp_rt/analysis/low_pass.h"
#include "ddsp_rt/analysis/mfcc.h"
#include "ddsp_rt/analysis/pitch_range.h"
#include "ddsp_rt/analysis/pitch_tracker.h"
#include "ddsp_rt/analysis/spectrum.h"
#include "ddsp_rt/features.h"

namespace ddsp_rt {

/// Raised whenever the features of some sound change enough to matter to a trained instrument (docs/analysis.md).
inline constexpr int kAnalyserVersion = 2;
inline constexpr int kLowestRate = 8000, kHighestRate = 192000;  // Hz, of the host

/// `rate` in Hz, where the host may have it. Throws std::invalid_argument.
int supported_rate(int rate);

struct AnalyserSettings {
  int version = kAnalyserVersion;
  PitchRange range{};  // of the pitches searched
  bool mfcc = false;   // whether Features::mfcc is filled
};

/// Causal analysis at any host rate. Frame k is heard up to sample frame_start(k, rate) and no further.
class Analyser {
 public:
  /// `rate`: host rate in Hz, 8000 to 192000. Throws std::invalid_argument for a rate, a version or a pitch range
  /// that it cannot serve.
  explicit Analyser(int rate, AnalyserSettings settings = {});

  /// Takes the `n` samples that came since the last frame and gives the features of this one. Frame 0 takes none:
  /// frame k > 0 takes frame_length(k - 1, rate). The reference holds until the next call. NaN and infinities count as
  /// silence. Real-time.
  const Features& frame(const float* samples, int n) noexcept;
  void reset() noexcept;

  const AnalyserSettings& settings() const noexcept { return settings_; }

  /// The filters it hears through, in the order of the signal, for whoever builds the same analyser out of other parts:
  /// to the internal rate, to the band; from there the loudness's weighting, and the pitch's high-pass and low band.
  /// Empty where one is not needed. Not real-time.
  struct Filters {
    std::vector<Biquad> decimator, band, weighting, high_pass, low_band;
  };
  Filters filters() const;

 private:
  int push(const float* samples, int n) noexcept;  // returns how many internal samples they gave

  AnalyserSettings settings_;
  int factor_;  // host samples to an internal one
  Decimator decimator_;
  std::optional<LowPass> band_;
  HighPass high_pass_;
  Spectrum spectrum_;
  PitchTracker pitch_tracker_;
  LoudnessMeter loudness_meter_;
  Balance balance_;
  std::optional<Mfcc> mfcc_;
  int reach_;                   // internal samples that some part looks back
  std::vector<float> history_;  // internal samples, the newest just before end_
  int end_;
  Features features_;
};

/// The features of each of a signal's frame_count(samples.size(), rate) frames, as the stream would give them. Throws
/// as the constructor does.
std::vector<Features> analyse(std::span<const float> samples, int rate, AnalyserSettings settings = {});

}  // namespace ddsp_rt
