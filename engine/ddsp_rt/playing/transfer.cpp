// Hearing a frame, fitting it and playing the answer.
#include "ddsp_rt/playing/transfer.h"

namespace ddsp_rt {
namespace {

AnalyserSettings analyser_settings(const Instruments& instruments, const std::optional<PitchRange>& range) {
  AnalyserSettings settings = instruments.first()->analyser;
  settings.range = range.value_or(settings.range);
  settings.mfcc = instruments.first()->encoder || (instruments.two() && instruments.second()->encoder);
  return settings;
}

}  // namespace

Transfer::Transfer(const Instruments& instruments, int rate, std::optional<PitchRange> range)
    : Framed(instruments, rate),
      analyser_(rate, analyser_settings(instruments, range)),
      voice_(instruments, rate),
      gathered_(static_cast<std::size_t>(max_frame_length(rate))) {
  reset();
}

void Transfer::reset() noexcept {
  Framed::reset();
  analyser_.reset();
  voice_.start();
  glide_.reset();
  noise_gate_.reset();
  features_ = fitted_ = {};
}

void Transfer::adopt(const AdaptiveFitting& other) noexcept { fitting_.adopt(other, target(wanted_share())); }

AdaptiveFitting::Target Transfer::target(float share) const noexcept {
  return {instruments().quantiles(share), instruments().gate_db(share)};
}

void Transfer::process(Input in, float* out, int n) noexcept {
  using Values = SmoothedParameters::Values;
  const auto begin = [](int) {};
  run(n, begin, [&](int first, int at, int count) {
    const Ramp input = smoothed().ramp(&Values::input_gain), dry = smoothed().ramp(&Values::dry),
               wet = smoothed().ramp(&Values::wet);
    for (int i = first; i < first + count; ++i, ++at) {
      const float sample = admitted(in[i]), passed = share(at);
      gathered_[static_cast<std::size_t>(at)] = sample * input(passed);
      out[i] = sample * dry(passed) + rendered()[at] * wet(passed);
    }
  });
}

void Transfer::render(int gathered, const FrameClock::Frame& frame, float* out) noexcept {
  features_ = analyser_.frame(gathered_.data(), gathered);
  fitting_.hear(features_, clock().index(), parameters().on(Parameter::kAutoFit), target(morph().share));
  fitted_ = fitting().apply(features_);
  fitted_.f0 = glide_.next(fitted_.f0, smoothed().now().semitones, parameters()[Parameter::kGlide]);
  if (!noise_gate_.next(features_, fitting().gate_db, smoothed().now().gate)) silence(fitted_);
  voice_.render(fitted_, voice_settings(parameters().on(Parameter::kMeanZ)), frame, out);
}

}  // namespace ddsp_rt
