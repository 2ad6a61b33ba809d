// Audio in, the instrument out: any block size, no delay beyond the 4 ms frame.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/playing/fitting.h"
#include "ddsp_rt/playing/smoothed_parameters.h"
#include "ddsp_rt/playing/voice.h"

namespace ddsp_rt {

/// Samples in [n_k, n_k+1) are gathered while the frame rendered at n_k from what came before sounds, so that the
/// output is the same however the input is chopped. Every method but the constructor is real-time; all belong to one
/// thread.
class Transfer {
 public:
  /// Without a `range` the pitch is searched where it was in training. Throws std::invalid_argument for a rate outside
  /// 8..192 kHz or for a range that is none.
  Transfer(std::shared_ptr<const Instrument> instrument, int rate, std::optional<PitchRange> range = {});

  /// `out` may be `in`. NaN and infinity at the input count as silence.
  void process(const float* in, float* out, int n) noexcept;

  /// Back to the state after construction; fitting and parameters stay.
  void reset() noexcept;

  /// From now on this fitting; what was heard of the performance is forgotten.
  void set_fitting(const Fitting& fitting) noexcept;
  const Fitting& fitting() const noexcept { return fitting_; }

  /// Listens to the next five seconds of sounding input, then fits to them. What `auto_fit` set is kept until then.
  void learn() noexcept;
  bool learning() const noexcept { return to_learn_ > 0; }

  /// Takes over parameters and what was heard of the performance from `other`, refitted to this instrument.
  void adopt(const Transfer& other) noexcept;

  void set(Parameter parameter, float value) noexcept { parameters_.set(parameter, value); }
  void set(const ParameterValues& values) noexcept { parameters_.set(values); }
  const ParameterValues& parameters() const noexcept { return parameters_.targets(); }

  /// The analyser's word on the last frame, before fitting.
  const Features& features() const noexcept { return features_; }
  int rate() const noexcept { return rate_; }
  const Instrument& instrument() const noexcept { return voice_.instrument(); }

 private:
  void listen() noexcept;
  void refit() noexcept;
  void follow() noexcept;
  void run_frame() noexcept;

  int rate_;
  Analyser analyser_;
  Voice voice_;
  Fitting fitting_;
  Fitter fitter_;
  int to_learn_ = 0;  // sounding frames still to be heard before fitting
  int silent_ = 0;    // frames since the input last sounded
  SmoothedParameters parameters_;
  Glide glide_;
  Features features_;
  std::int64_t frame_ = 0;
  int length_ = 0, position_ = 0;
  std::vector<float> gathered_, rendered_;
};

}  // namespace ddsp_rt
