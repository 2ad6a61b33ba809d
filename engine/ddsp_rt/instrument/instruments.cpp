// Between two instruments.
#include "ddsp_rt/instrument/instruments.h"

#include <cstddef>

namespace ddsp_rt {
namespace {

float between(float a, float b, float share) noexcept { return share >= 1.0f ? b : a + share * (b - a); }

}  // namespace

TargetQuantiles Instruments::quantiles(float share) const noexcept {
  if (!two() || share <= 0.0f) return first_->quantiles;
  const TargetQuantiles &a = first_->quantiles, &b = second_->quantiles;
  TargetQuantiles result;
  for (std::size_t i = 0; i < kQuantileProbabilities.size(); ++i) {
    result.pitch_midi[i] = between(a.pitch_midi[i], b.pitch_midi[i], share);
    result.loudness_db[i] = between(a.loudness_db[i], b.loudness_db[i], share);
  }
  if (a.balance_db && b.balance_db) {
    result.balance_db = between(*a.balance_db, *b.balance_db, share);
  } else if (share < 1.0f) {
    result.balance_db = a.balance_db ? a.balance_db : b.balance_db;
  } else {
    result.balance_db = b.balance_db;
  }
  return result;
}

float Instruments::gate_db(float share) const noexcept {
  return two() && share > 0.0f ? between(first_->gate_db, second_->gate_db, share) : first_->gate_db;
}

float Instruments::periodicity_median(float share) const noexcept {
  return two() && share > 0.0f ? between(first_->periodicity_median, second_->periodicity_median, share)
                               : first_->periodicity_median;
}

void Instruments::complete(Features& features, float share) const noexcept {
  Features second = features;
  first_->complete(features);
  if (!two() || share <= 0.0f) return;
  second_->complete(second);
  const auto settle = [&](float& first, float other, Feature feature) {
    if (share >= 1.0f || !first_->decoder.spec().reads(feature)) {
      first = other;
    } else if (second_->decoder.spec().reads(feature)) {
      first = between(first, other, share);
    }
  };
  settle(features.fast_loudness, second.fast_loudness, Feature::kFastLoudness);
  settle(features.balance, second.balance, Feature::kBalance);
}

}  // namespace ddsp_rt
