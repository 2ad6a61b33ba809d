// Control signals in, the instrument out.
#include "ddsp_rt/playing/control_voice.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {
namespace {

constexpr float kLowestF0 = 10.0f, kHighestF0 = 12000.0f;  // Hz; what the network is asked about
constexpr float kHighestLoudness = 20.0f;                  // dB

}  // namespace

ControlVoice::ControlVoice(const Instruments& instruments, int rate)
    : Framed(instruments, rate),
      voice_(instruments, rate),
      modulation_(static_cast<std::size_t>(max_frame_length(rate))),
      deviation_(modulation_.size()) {
  reset();
}

void ControlVoice::reset() noexcept {
  Framed::reset();
  voice_.start();
  glide_.reset();
  ratio_before_ = ratio_now_ = parameters()[Parameter::kRatio];
  f0_ = kDefaultF0;
}

void ControlVoice::process(const Input& signals, float* out, int n) noexcept {
  const auto begin = [&](int first) {
    asked_f0_ = signals.f0[first];
    asked_level_ = signals.level[first];
  };
  run(n, begin, [&](int first, int at, int count) {
    const Ramp gain = smoothed().output_gain(), depth{ratio_before_, ratio_now_ - ratio_before_};
    for (int i = first; i < first + count; ++i, ++at) {
      const float passed = share(at), modulator = signals.modulator[i];
      modulation_[static_cast<std::size_t>(at)] = std::isfinite(modulator) ? depth(passed) * modulator : 0.0f;
      out[i] = rendered()[at] * gain(passed);
    }
  });
}

void ControlVoice::render(int gathered, const FrameClock::Frame& frame, float* out) noexcept {
  ratio_before_ = ratio_now_;
  ratio_now_ = parameters()[Parameter::kRatio];
  Features asked = features();
  f0_ = asked.f0;
  asked.f0 = glide_.next(asked.f0, smoothed().now().semitones, parameters()[Parameter::kGlide]);
  voice_.render(asked, voice_settings(true), frame, out, nullptr, deviation(asked.f0, gathered, frame.length));
}

// What was gathered as a deviation of the frame to come, or null where there is none. The frame gathered may be a
// sample shorter; its last value then stands twice.
const float* ControlVoice::deviation(float f0, int gathered, int length) noexcept {
  const float limit = static_cast<float>(rate()) / f0;  // beyond it nothing is heard, and phases stay exact
  bool modulated = false;
  for (int i = 0; i < length; ++i) {
    const int from = std::min(i, gathered - 1);
    const float value = from < 0 ? 0.0f : std::clamp(modulation_[static_cast<std::size_t>(from)], -limit, limit);
    deviation_[static_cast<std::size_t>(i)] = value;
    modulated = modulated || value != 0.0f;
  }
  return modulated ? deviation_.data() : nullptr;
}

Features ControlVoice::features() const noexcept {
  Features frame = asked();
  instruments().complete(frame, morph().share);
  return frame;
}

Features ControlVoice::asked() const noexcept {
  Features frame;
  const float f0 = asked_f0_, level = asked_level_;
  const bool sounds = std::isfinite(f0) && f0 > 0.0f && !std::isnan(level);
  frame.f0 = sounds ? std::clamp(f0, kLowestF0, kHighestF0) : f0_;
  frame.periodicity = instruments().periodicity_median(morph().share);
  const bool decibels = parameters().on(Parameter::kLevelInDb);
  if (!sounds || (!decibels && level <= 0.0f)) return frame;
  const float relative = decibels ? level : 20.0f * std::log10(level);
  frame.loudness =
      std::clamp(instruments().quantiles(morph().share).loudness_db[kLoud] + relative, kSilenceDb, kHighestLoudness);
  return frame;
}

}  // namespace ddsp_rt
