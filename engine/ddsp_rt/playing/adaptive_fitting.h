// The fitting a performance is played with: given, learnt from its next seconds, or followed as it goes on.
#pragma once

#include <cstdint>

#include "ddsp_rt/features.h"
#include "ddsp_rt/playing/fitter.h"
#include "ddsp_rt/quantiles.h"

namespace ddsp_rt {

/// Every method is real-time.
class AdaptiveFitting {
 public:
  /// What an instrument asks of a performance.
  struct Target {
    TargetQuantiles quantiles;
    float gate_db;  // its own silence threshold
  };

  const Fitting& fitting() const noexcept { return fitting_; }

  /// From now on this fitting; what was heard of the performance is forgotten.
  void set(const Fitting& fitting) noexcept;

  /// Listens to the next five seconds of sounding input, then fits to them. The fitting stays as it is until then.
  void learn() noexcept;
  bool learning() const noexcept { return learning_; }

  /// Takes over what `other` has heard, fitted to `target`, and goes on from there.
  void adopt(const AdaptiveFitting& other, const Target& target) noexcept;

  /// Once a frame, `frame` counted from the start of the stream: hears what the analyser says. `following`: from
  /// half a second of sounding input on the fitting keeps moving towards what fits, octaves only where there is no
  /// pitch.
  void hear(const Features& features, std::int64_t frame, bool following, const Target& target) noexcept;

 private:
  void follow(const TargetQuantiles& target) noexcept;

  Fitting fitting_;
  Fitter fitter_;
  bool learning_ = false;
  int unpitched_ = 0;  // frames since the input last had a pitch
};

}  // namespace ddsp_rt
