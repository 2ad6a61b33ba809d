// Audio in, the instrument out: any block size, no delay beyond the 4 ms frame.
#pragma once

#include <memory>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/fitting.h"
#include "ddsp_rt/parameters.h"
#include "ddsp_rt/voice.h"

namespace ddsp_rt {

/// Samples in [n_k, n_k+1) are gathered while the frame rendered at n_k from what came before sounds, so that the output
/// is the same however the input is chopped. Every method but the constructor is real-time; all belong to one thread.
class Transfer {
 public:
  /// Throws std::invalid_argument for a rate outside 8..192 kHz.
  Transfer(std::shared_ptr<const Instrument> instrument, int rate);

  /// `out` may be `in`. NaN and infinity at the input count as silence.
  void process(const float* in, float* out, int n) noexcept;

  /// Back to the state after construction; fitting and parameters stay.
  void reset() noexcept;

  void set_fitting(const Fitting& fitting) noexcept { fitting_ = fitting; }
  const Fitting& fitting() const noexcept { return fitting_; }

  /// Listens to the next five seconds of sounding input, then fits to them. What `auto_fit` set is kept until then.
  void learn() noexcept;

  /// Takes over parameters and what was heard of the performance from `other`, refitted to this instrument.
  void adopt(const Transfer& other) noexcept;

  void set(Parameter parameter, float value) noexcept { targets_.set(parameter, value); }
  const ParameterValues& parameters() const noexcept { return targets_; }

  /// The analyser's word on the last frame, before fitting.
  const Features& features() const noexcept { return features_; }
  int rate() const noexcept { return rate_; }
  const Instrument& instrument() const noexcept { return voice_.instrument(); }

 private:
  // Parameters as they sound: each frame moves a share of the way to its target, so nothing steps.
  struct Smoothed {
    float semitones, input_gain, gate, harmonic_gain, noise_gain, brightness, reverb, dry, wet;
  };
  Smoothed target() const noexcept;
  void listen() noexcept;
  void follow() noexcept;
  void smooth() noexcept;
  void run_frame() noexcept;
  float glide(float f0) noexcept;

  int rate_;
  Analyser analyser_;
  Voice voice_;
  Fitting fitting_;
  Fitter fitter_;
  int to_learn_ = 0;  // sounding frames still to be heard before fitting
  int silent_ = 0;    // frames since the input last sounded
  ParameterValues targets_;
  Smoothed now_{}, before_{};
  Features features_;
  float midi_ = 0.0f;  // pitch that sounds, after glide; 0 before the first frame
  std::int64_t frame_ = 0;
  int length_ = 0, position_ = 0;
  std::vector<float> gathered_, rendered_;
};

}  // namespace ddsp_rt
