// Playing live and handing instruments over.
#include "ddsp_rt/live/player.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "ddsp_rt/realtime.h"

namespace ddsp_rt {
namespace {

constexpr float kBypassFade = 0.02f;  // seconds

}  // namespace

Player::Player(int rate) : rate_(supported_rate(rate)), handover_(rate) {}

void Player::load(std::shared_ptr<const Instrument> instrument, std::optional<PitchRange> range) {
  handover_.give(std::make_unique<Transfer>(std::move(instrument), rate_, range));
}

void Player::process(const float* in, float* out, int n) noexcept {
  if (!bypassed_ && through_ == 0.0f) {
    play(in, out, n);
    return;
  }
  const float step = (bypassed_ ? 1.0f : -1.0f) / (kBypassFade * static_cast<float>(rate_));
  while (n > 0) {
    const int count = std::min(n, static_cast<int>(dry_.size()));
    std::transform(in, in + count, dry_.data(), admitted);  // out may be in
    play(in, out, count);
    for (int i = 0; i < count; ++i) {
      through_ = std::clamp(through_ + step, 0.0f, 1.0f);
      const float angle = 0.5f * std::numbers::pi_v<float> * through_;
      const float dry = dry_[static_cast<std::size_t>(i)];
      out[i] = through_ == 1.0f ? dry : out[i] * std::cos(angle) + dry * std::sin(angle);
    }
    in += count;
    out += count;
    n -= count;
  }
}

void Player::play(const float* in, float* out, int n) noexcept {
  handover_.process(
      out, n, [this](Transfer& taken, const Transfer* before) { start(taken, before); },
      [in](Transfer& transfer, int first, float* to, int count) { transfer.process(in + first, to, count); });
}

void Player::start(Transfer& taken, const Transfer* before) noexcept {
  taken.set(values_);
  if (before) {
    taken.adopt(before->adaptive_fitting());
  } else {
    if (fitting_) taken.set_fitting(*fitting_);
    if (learn_) taken.learn();
  }
  taken.reset();
}

void Player::set(Parameter parameter, float value) noexcept {
  values_.set(parameter, value);
  handover_.each([&](Transfer& transfer) { transfer.set(parameter, value); });
}

void Player::learn() noexcept {
  learn_ = true;
  handover_.each([](Transfer& transfer) { transfer.learn(); });
}

void Player::set_fitting(const Fitting& fitting) noexcept {
  fitting_ = fitting;
  learn_ = false;
  handover_.each([&](Transfer& transfer) { transfer.set_fitting(fitting); });
}

void Player::reset() noexcept {
  handover_.each([](Transfer& transfer) { transfer.reset(); });
}

const Features& Player::features() const noexcept {
  static constexpr Features silence{};
  return current() ? current()->features() : silence;
}

}  // namespace ddsp_rt
