// What is played: an instrument, or two and whatever lies between them.
#pragma once

#include <memory>
#include <utility>

#include "ddsp_rt/features.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/quantiles.h"

namespace ddsp_rt {

/// `share` is how far between them: at 0 everything is the first's to the bit, at 1 the second's.
class Instruments {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions): one instrument is the usual case
  Instruments(std::shared_ptr<const Instrument> first, std::shared_ptr<const Instrument> second = nullptr)
      : first_(std::move(first)), second_(std::move(second)) {}

  const std::shared_ptr<const Instrument>& first() const noexcept { return first_; }
  const std::shared_ptr<const Instrument>& second() const noexcept { return second_; }  // null where there is one
  bool two() const noexcept { return second_ != nullptr; }

  /// What a performance is fitted to: quantile by quantile, so that a melody's octave does not depend on one of them
  /// alone. Real-time, as the others are.
  TargetQuantiles quantiles(float share) const noexcept;
  float gate_db(float share) const noexcept;
  float periodicity_median(float share) const noexcept;

  /// As of an instrument; a feature that one of them does not read is what the other wants.
  void complete(Features& features, float share) const noexcept;

 private:
  std::shared_ptr<const Instrument> first_, second_;
};

}  // namespace ddsp_rt
