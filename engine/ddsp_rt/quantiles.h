// How a quantity is spread over a recording: what an instrument remembers of its training and a fit of a performance.
#pragma once

#include <array>
#include <cstddef>

namespace ddsp_rt {

inline constexpr std::array kQuantileProbabilities{0.01f, 0.05f, 0.1f, 0.25f, 0.5f, 0.75f, 0.9f, 0.95f, 0.99f};
using QuantileArray = std::array<float, kQuantileProbabilities.size()>;

/// Of an instrument's training set, voiced frames only.
struct TargetQuantiles {
  QuantileArray pitch_midi{}, loudness_db{};
};

/// Counts of a value over even bins, from which quantiles are read to within a bin. Real-time. Made for the numbers of
/// bins that quantiles.cpp names.
template <std::size_t Bins>
class Histogram {
 public:
  Histogram(float low, float width) noexcept : low_(low), width_(width) {}
  void reset() noexcept;
  void add(float value) noexcept;
  void scale(float factor) noexcept;
  float total() const noexcept { return total_; }
  float quantile(float probability) const noexcept;
  QuantileArray quantiles() const noexcept;  // at kQuantileProbabilities, in one pass

 private:
  float low_, width_, total_ = 0.0f;
  std::array<float, Bins> counts_{};
};

}  // namespace ddsp_rt
