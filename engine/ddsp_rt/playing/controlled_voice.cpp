// Control signals in, the instrument out.
#include "ddsp_rt/playing/controlled_voice.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/realtime.h"

namespace ddsp_rt {
namespace {

constexpr float kLowestF0 = 10.0f, kHighestF0 = 12000.0f;  // Hz; what the network is asked about
constexpr float kHighestLoudness = 20.0f;                  // dB
constexpr float kHighestRatio = 1000.0f;
constexpr std::size_t kLoud = 7;  // of the quantiles: 95 %
static_assert(kQuantileProbabilities[kLoud] == 0.95f);

}  // namespace

ControlledVoice::ControlledVoice(std::shared_ptr<const Instrument> instrument, int rate)
    : rate_(supported_rate(rate)),
      voice_(std::move(instrument), rate),
      modulation_(static_cast<std::size_t>(max_frame_length(rate))),
      deviation_(modulation_.size()),
      rendered_(modulation_.size()) {
  reset();
}

void ControlledVoice::reset() noexcept {
  voice_.reset();
  parameters_.reset();
  glide_.reset();
  ratio_before_ = ratio_now_ = ratio_;
  f0_ = kDefaultF0;
  length_ = position_ = 0;
  std::fill(modulation_.begin(), modulation_.end(), 0.0f);
}

void ControlledVoice::set_ratio(float ratio) noexcept {
  ratio_ = std::isfinite(ratio) ? std::clamp(ratio, -kHighestRatio, kHighestRatio) : 0.0f;
}

void ControlledVoice::process(const ControlSignals& signals, float* out, int n) noexcept {
  const FlushDenormals flush;
  const SmoothedParameters::Values &before = parameters_.before(), &now = parameters_.now();
  bool spare = true;  // no frame begins in this block
  for (int done = 0; done < n;) {
    if (position_ == length_) {
      run_frame(signals.f0[done], signals.level[done]);
      spare = false;
    }
    const int count = std::min(n - done, length_ - position_);
    for (int i = done; i < done + count; ++i, ++position_) {
      const auto at = static_cast<std::size_t>(position_);
      const float ramp = static_cast<float>(position_ + 1) / static_cast<float>(length_);
      const float depth = ratio_before_ + (ratio_now_ - ratio_before_) * ramp;
      modulation_[at] = std::isfinite(signals.modulator[i]) ? depth * signals.modulator[i] : 0.0f;
      const float before_gain = before.dry + before.wet, gain = now.dry + now.wet;  // together the output gain
      out[i] = rendered_[at] * (before_gain + (gain - before_gain) * ramp);
    }
    done += count;
  }
  if (spare && n > 0) voice_.work_ahead(length_ - position_, n);
}

void ControlledVoice::run_frame(float f0, float level) noexcept {
  ratio_before_ = ratio_now_;
  ratio_now_ = ratio_;
  parameters_.step();
  const SmoothedParameters::Values& now = parameters_.now();
  Features frame = features(f0, level);
  f0_ = frame.f0;
  frame.f0 = glide_.next(frame.f0, now.semitones, parameters()[Parameter::kGlide]);

  // The frame gathered before this one may be a sample shorter; its last value then stands twice.
  const int gathered = length_;
  length_ = voice_.next_length();
  const float limit = static_cast<float>(rate_) / frame.f0;  // beyond it nothing is heard, and phases stay exact
  bool modulated = false;
  for (int i = 0; i < length_; ++i) {
    const int from = std::min(i, gathered - 1);
    const float value = from < 0 ? 0.0f : std::clamp(modulation_[static_cast<std::size_t>(from)], -limit, limit);
    deviation_[static_cast<std::size_t>(i)] = value;
    modulated = modulated || value != 0.0f;
  }
  const float gate = instrument().gate_db + now.gate;
  voice_.render(frame, {gate, now.harmonic_gain, now.noise_gain, now.brightness, now.reverb, true}, rendered_.data(),
                nullptr, modulated ? deviation_.data() : nullptr);
  position_ = 0;
}

Features ControlledVoice::features(float f0, float level) const noexcept {
  Features frame;
  const bool sounds = std::isfinite(f0) && f0 > 0.0f && !std::isnan(level);
  frame.f0 = sounds ? std::clamp(f0, kLowestF0, kHighestF0) : f0_;
  frame.periodicity = instrument().periodicity_median;
  if (!sounds || (unit_ == LevelUnit::kLinear && level <= 0.0f)) return frame;
  const float relative = unit_ == LevelUnit::kLinear ? 20.0f * std::log10(level) : level;
  frame.loudness = std::clamp(instrument().quantiles.loudness_db[kLoud] + relative, kSilenceDb, kHighestLoudness);
  return frame;
}

}  // namespace ddsp_rt
