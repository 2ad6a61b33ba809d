// One room or two.
#include "ddsp_rt/playing/rooms.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/synthesis/resample.h"

namespace ddsp_rt {
namespace {

float product(std::span<const float> a, std::span<const float> b) {
  const std::size_t n = std::min(a.size(), b.size());
  return static_cast<float>(std::inner_product(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin(), 0.0));
}

}  // namespace

Rooms::Rooms(const Instruments& instruments, int rate) : first_(instruments.first()->room(rate)) {
  if (!instruments.two()) return;
  const Instrument &first = *instruments.first(), &second = *instruments.second();
  second_.emplace(second.room(rate));
  sent_.fill(std::vector<float>(static_cast<std::size_t>(max_frame_length(rate))));
  std::vector<float> other = second.impulse_response;
  if (!other.empty() && second.model_rate != first.model_rate)
    other = resample_response(other, second.model_rate, first.model_rate);
  first_power_ = product(first.impulse_response, first.impulse_response);
  second_power_ = product(other, other);
  common_power_ = product(first.impulse_response, other);
}

// Shares 1 - s and s, scaled so that the power of both rooms' answers to a noise is as far between that of either.
Rooms::Gains Rooms::sends(float share) const noexcept {
  const float a = 1.0f - share, b = share;
  const float wanted = a * first_power_ + b * second_power_;
  const float both = a * a * first_power_ + b * b * second_power_ + 2.0f * a * b * common_power_;
  const float scale = both > 1e-6f * wanted ? std::sqrt(wanted / both) : 1.0f;
  return {scale * a, scale * b};
}

void Rooms::process(float* inout, int n, float gain, float share) noexcept {
  if (!second_) {
    first_.process(inout, n, gain);
    return;
  }
  const Gains now = sends(share), before = started_ ? sends_ : now;
  sends_ = now;
  started_ = true;
  constexpr Gains kFirstAlone{1.0f, 0.0f};
  if (now == kFirstAlone && before == kFirstAlone && second_->silent()) {
    first_.process(inout, n, gain);
    return;
  }
  const auto send = [&](std::size_t room) {
    for (int i = 0; i < n; ++i) {
      const float passed = static_cast<float>(i + 1) / static_cast<float>(n);
      sent_[room][static_cast<std::size_t>(i)] = inout[i] * (before[room] + (now[room] - before[room]) * passed);
    }
  };
  send(0);
  send(1);
  if (now[0] != 0.0f || before[0] != 0.0f || !first_.silent()) first_.process(sent_[0].data(), inout, n, gain);
  if (now[1] != 0.0f || before[1] != 0.0f || !second_->silent()) second_->process(sent_[1].data(), inout, n, gain);
}

void Rooms::work_ahead() noexcept {
  first_.work_ahead();
  if (second_) second_->work_ahead();
}

void Rooms::reset() noexcept {
  first_.reset();
  if (second_) second_->reset();
  started_ = false;
}

}  // namespace ddsp_rt
