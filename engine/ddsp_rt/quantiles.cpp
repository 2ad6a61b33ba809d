// Counting values and reading quantiles.
#include "ddsp_rt/quantiles.h"

#include <algorithm>

namespace ddsp_rt {

template <std::size_t Bins>
void Histogram<Bins>::reset() noexcept {
  counts_.fill(0.0f);
  total_ = 0.0f;
}

template <std::size_t Bins>
void Histogram<Bins>::add(float value) noexcept {
  const float position = std::clamp((value - low_) / width_, 0.0f, static_cast<float>(Bins) - 1.0f);
  counts_[static_cast<std::size_t>(position)] += 1.0f;
  total_ += 1.0f;
}

template <std::size_t Bins>
void Histogram<Bins>::scale(float factor) noexcept {
  total_ = 0.0f;
  for (float& count : counts_) total_ += count *= factor;
}

template <std::size_t Bins>
float Histogram<Bins>::quantile(float probability) const noexcept {
  float rest = probability * total_;
  for (std::size_t bin = 0; bin < Bins; ++bin) {
    if (counts_[bin] > 0.0f && rest <= counts_[bin])
      return low_ + width_ * (static_cast<float>(bin) + rest / counts_[bin]);
    rest -= counts_[bin];
  }
  return low_ + width_ * static_cast<float>(Bins);
}

template <std::size_t Bins>
QuantileArray Histogram<Bins>::quantiles() const noexcept {
  QuantileArray result;
  result.fill(low_ + width_ * static_cast<float>(Bins));
  float before = 0.0f;
  std::size_t next = 0;
  for (std::size_t bin = 0; bin < Bins && next < result.size(); ++bin) {
    if (counts_[bin] <= 0.0f) continue;
    for (; next < result.size() && kQuantileProbabilities[next] * total_ <= before + counts_[bin]; ++next)
      result[next] =
          low_ + width_ * (static_cast<float>(bin) + (kQuantileProbabilities[next] * total_ - before) / counts_[bin]);
    before += counts_[bin];
  }
  return result;
}

template class Histogram<1200>;
template class Histogram<1280>;

}  // namespace ddsp_rt
