#include "ddsp_rt/player.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace ddsp_rt {

Player::Player(int rate) : rate_(rate), warm_up_(rate / 10), fade_(rate / 50) {}

Player::~Player() {
  delete incoming_.exchange(nullptr);
  collect();
}

void Player::load(std::shared_ptr<const Instrument> instrument) {
  auto made = std::make_unique<Transfer>(std::move(instrument), rate_);
  delete incoming_.exchange(made.release(), std::memory_order_acq_rel);
  collect();
}

void Player::collect() noexcept { delete retired_.exchange(nullptr, std::memory_order_acq_rel); }

void Player::process(const float* in, float* out, int n) noexcept {
  retire();
  if (!next_ && !leaving_) take_incoming();
  if (!current_) {
    std::fill_n(out, n, 0.0f);
    return;
  }
  while (n > 0 && next_) {
    const int until = elapsed_ < warm_up_ ? warm_up_ : warm_up_ + fade_;
    const int count = std::min({n, until - elapsed_, static_cast<int>(old_.size())});
    current_->process(in, old_.data(), count);
    next_->process(in, new_.data(), count);
    for (int i = 0; i < count; ++i) {
      const float share = std::max(0.0f, static_cast<float>(elapsed_ + i - warm_up_) / static_cast<float>(fade_));
      const float angle = 0.5f * std::numbers::pi_v<float> * share;
      const auto at = static_cast<std::size_t>(i);
      out[i] = elapsed_ < warm_up_ ? old_[at] : old_[at] * std::cos(angle) + new_[at] * std::sin(angle);
    }
    elapsed_ += count;
    in += count;
    out += count;
    n -= count;
    if (elapsed_ == warm_up_ + fade_) {
      leaving_ = std::exchange(current_, std::move(next_));
      swaps_.fetch_add(1, std::memory_order_release);
      retire();
    }
  }
  if (n > 0) current_->process(in, out, n);
}

void Player::take_incoming() noexcept {
  std::unique_ptr<Transfer> taken(incoming_.exchange(nullptr, std::memory_order_acq_rel));
  if (!taken) return;
  for (std::size_t p = 0; p < kParameters.size(); ++p) taken->set(static_cast<Parameter>(p), values_[static_cast<Parameter>(p)]);
  if (current_) {
    taken->adopt(*current_);
    taken->reset();
    next_ = std::move(taken);
    elapsed_ = 0;
  } else {
    taken->reset();
    current_ = std::move(taken);
    swaps_.fetch_add(1, std::memory_order_release);
  }
}

// Leaves the old instrument where the control thread will free it; tried again in the next block if the place is taken.
void Player::retire() noexcept {
  if (!leaving_) return;
  Transfer* none = nullptr;
  if (retired_.compare_exchange_strong(none, leaving_.get(), std::memory_order_acq_rel)) leaving_.release();
}

void Player::set(Parameter parameter, float value) noexcept {
  values_.set(parameter, value);
  if (current_) current_->set(parameter, value);
  if (next_) next_->set(parameter, value);
}

void Player::learn() noexcept {
  if (current_) current_->learn();
  if (next_) next_->learn();
}

void Player::set_fitting(const Fitting& fitting) noexcept {
  if (current_) current_->set_fitting(fitting);
  if (next_) next_->set_fitting(fitting);
}

void Player::reset() noexcept {
  if (current_) current_->reset();
  if (next_) next_->reset();
}

const Features& Player::features() const noexcept {
  static constexpr Features silence{};
  return current_ ? current_->features() : silence;
}

}  // namespace ddsp_rt
