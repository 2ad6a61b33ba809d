// The door for audio: audio in, the instrument out, in blocks of any size and no later than the 4 ms frame.
#pragma once

#include <optional>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/playing/adaptive_fitting.h"
#include "ddsp_rt/playing/framed.h"

namespace ddsp_rt {

/// Every method but the constructor is real-time; all belong to one thread.
class Transfer final : public Framed {
 public:
  using Input = const float*;  // as many samples as are rendered

  /// Without a `range` the pitch is searched where it was in the first instrument's training. Throws
  /// std::invalid_argument for a rate outside 8..192 kHz or for a range that cannot be used.
  Transfer(const Instruments& instruments, int rate, std::optional<PitchRange> range = {});

  /// `out` may be `in`. NaN and infinity at the input count as silence.
  void process(Input in, float* out, int n) noexcept;

  /// Back to the state after construction; fitting and parameters stay.
  void reset() noexcept;

  void set_fitting(const Fitting& fitting) noexcept { fitting_.set(fitting); }
  const Fitting& fitting() const noexcept { return fitting_.fitting(); }
  void learn() noexcept { fitting_.learn(); }
  bool learning() const noexcept { return fitting_.learning(); }

  /// What it plays by, which another instrument may adopt: refitted to itself if it was heard, not given.
  const AdaptiveFitting& adaptive_fitting() const noexcept { return fitting_; }
  void adopt(const AdaptiveFitting& other) noexcept;

  /// The analyser's word on the last frame, before fitting.
  const Features& features() const noexcept { return features_; }

  /// What the network heard of it, and the voice that answered; for displays.
  const Features& fitted() const noexcept { return fitted_; }
  const Voice& voice() const noexcept { return voice_; }

 private:
  AdaptiveFitting::Target target(float share) const noexcept;
  void render(int gathered, const FrameClock::Frame& frame, float* out) noexcept override;
  void work_ahead_step(int step) noexcept override { voice_.work_ahead(step); }

  Analyser analyser_;
  Voice voice_;
  AdaptiveFitting fitting_;
  NoiseGate noise_gate_;
  Glide glide_;
  Features features_, fitted_;
  std::vector<float> gathered_;
};

}  // namespace ddsp_rt
