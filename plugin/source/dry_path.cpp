// Dry, wet and bypassed.
#include "dry_path.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ddsp_rt/realtime.h"

namespace ddsp_rt::plugin {
namespace {

constexpr double kFade = 0.02;  // seconds

}  // namespace

void DryPath::prepare(int rate) {
  for (auto& channel : past_) channel.assign(static_cast<std::size_t>(kLongestDelay * rate) + 1, 0.0f);
  step_ = static_cast<float>(1.0 / (kFade * rate));
  reset();
}

void DryPath::reset() noexcept {
  for (auto& channel : past_) std::fill(channel.begin(), channel.end(), 0.0f);
  at_ = 0;
  for (Ramp* ramp : {&dry_, &wet_, &through_}) ramp->now = ramp->goal;
  delay_ = next_delay_ = wanted_.delay;
  towards_ = 0.0f;
}

void DryPath::set(const Setting& setting) noexcept {
  wanted_ = setting;
  dry_.aim(setting.dry, step_);
  wet_.aim(setting.wet, step_);
  through_.aim(setting.bypassed ? 1.0f : 0.0f, step_);
}

void DryPath::Ramp::aim(float at, float step) noexcept {
  if (at == goal) return;
  goal = at;
  by = std::abs(goal - now) * step;
}

float DryPath::Ramp::next() noexcept {
  now = now < goal ? std::min(goal, now + by) : std::max(goal, now - by);
  return now;
}

float DryPath::delayed(std::size_t channel, int delay) const noexcept {
  const int size = static_cast<int>(past_[channel].size());
  int from = at_ - std::clamp(delay, 0, size - 1);
  if (from < 0) from += size;
  return past_[channel][static_cast<std::size_t>(from)];
}

void DryPath::process(std::span<const float* const> in, const float* wet, std::span<float* const> out, int n) noexcept {
  const FlushDenormals flush;
  const int size = static_cast<int>(past_[0].size());
  const std::size_t channels = std::min<std::size_t>({kChannels, std::max(in.size(), out.size())});
  for (int i = 0; i < n; ++i) {
    std::array<float, kChannels> now{};
    for (std::size_t c = 0; c < channels; ++c) {
      const float sample = admitted(in[std::min(c, in.size() - 1)][i]);
      past_[c][static_cast<std::size_t>(at_)] = sample;
    }
    if (delay_ == next_delay_ && delay_ != wanted_.delay) next_delay_ = wanted_.delay;
    if (delay_ != next_delay_ && (towards_ += step_) >= 1.0f) {
      delay_ = next_delay_;
      towards_ = 0.0f;
    }
    for (std::size_t c = 0; c < channels; ++c) {
      now[c] = delayed(c, delay_);
      if (delay_ != next_delay_) now[c] += towards_ * (delayed(c, next_delay_) - now[c]);
    }
    if (++at_ == size) at_ = 0;

    const float dry = dry_.next(), wet_gain = wet_.next(), through = through_.next();
    const float played = wet[i] * wet_gain;
    const auto mixed = [&](float input) {
      if (through >= 1.0f) return input;
      const float playing = dry == 0.0f ? played : input * dry + played;
      if (through <= 0.0f) return playing;
      const float angle = 0.5f * std::numbers::pi_v<float> * through;
      return playing * std::cos(angle) + input * std::sin(angle);
    };
    if (out.size() == 1) {
      out[0][i] = mixed(in.size() == 1 ? now[0] : 0.5f * (now[0] + now[1]));
    } else {
      for (std::size_t c = 0; c < out.size(); ++c) out[c][i] = mixed(now[std::min<std::size_t>(c, kChannels - 1)]);
    }
  }
}

}  // namespace ddsp_rt::plugin
