// How a quantity is spread over a recording: what an instrument remembers of its training and a fit of a performance.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

namespace ddsp_rt {

inline constexpr std::array kQuantileProbabilities{0.01f, 0.05f, 0.1f, 0.25f, 0.5f, 0.75f, 0.9f, 0.95f, 0.99f};
// Where among them lie the soft or low end, the median and the loud or high end.
inline constexpr std::size_t kSoft = 1, kMedian = 4, kLoud = 7;
static_assert(kQuantileProbabilities[kSoft] == 0.05f && kQuantileProbabilities[kMedian] == 0.5f &&
              kQuantileProbabilities[kLoud] == 0.95f);
using QuantileArray = std::array<float, kQuantileProbabilities.size()>;

/// Of an instrument's training set, voiced frames only.
struct TargetQuantiles {
  QuantileArray pitch_midi{}, loudness_db{};
  std::optional<float> balance_db{};  // at the median loudness, where the instrument hears it
};

/// Weighted counts of a value over even bins, from which quantiles are read to within a bin; values beyond the ends
/// count in the last bins. Real-time.
template <std::size_t Bins>
class Histogram {
 public:
  Histogram(float low, float width) noexcept : low_(low), width_(width) {}

  void reset() noexcept {
    counts_.fill(0.0f);
    total_ = 0.0f;
  }

  void add(float value, float weight = 1.0f) noexcept {
    const float position = std::clamp((value - low_) / width_, 0.0f, static_cast<float>(Bins) - 1.0f);
    counts_[static_cast<std::size_t>(position)] += weight;
    total_ += weight;
  }

  void scale(float factor) noexcept {
    total_ = 0.0f;
    for (float& count : counts_) total_ += count *= factor;
  }

  float total() const noexcept { return total_; }

  /// Of the bins that start at `from` or above.
  float total(float from) const noexcept {
    float sum = 0.0f;
    for (std::size_t bin = first(from); bin < Bins; ++bin) sum += counts_[bin];
    return sum;
  }

  /// The value under which a share of the weight from `from` up lies; `from`'s bin when there is none.
  float quantile(float probability, float from = -1e9f) const noexcept {
    std::size_t bin = first(from), last = bin;
    float rest = probability * total(from);
    for (; bin < Bins; ++bin) {
      if (counts_[bin] > 0.0f) {
        if (rest <= counts_[bin]) return edge(bin) + width_ * rest / counts_[bin];
        last = bin + 1;
      }
      rest -= counts_[bin];
    }
    return edge(last);
  }

 private:
  float edge(std::size_t bin) const noexcept { return low_ + width_ * static_cast<float>(bin); }
  std::size_t first(float from) const noexcept {
    std::size_t bin = 0;
    while (bin < Bins && edge(bin) < from) ++bin;
    return bin;
  }

  float low_, width_, total_ = 0.0f;
  std::array<float, Bins> counts_{};
};

}  // namespace ddsp_rt
