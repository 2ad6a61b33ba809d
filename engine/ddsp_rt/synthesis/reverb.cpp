// Zero-delay convolution: the state of one voice.
#include "ddsp_rt/synthesis/reverb.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {
namespace {

constexpr float kFloor = 1e-6f;  // -120 dBFS

std::size_t padded(std::size_t bins) { return (bins + kLanes - 1) / kLanes * kLanes; }

}  // namespace

Reverb::Accumulator::Accumulator(const ReverbResponse::Level& level, std::size_t slots)
    : fft(level.size),
      ring(level.groups, slots),
      spectrum(level.groups * kCell),
      sums(spectrum.size()),
      real(std::max(padded(fft.bins()), level.groups * kLanes)),
      imaginary(real.size()),
      time(level.size),
      wet(level.block) {}

/// The spectrum of the newest input.
void Reverb::Accumulator::listen(const float* window) noexcept {
  fft.forward(window, real.data(), imaginary.data());
  for (std::size_t group = 0; group * kCell < spectrum.size(); ++group) {
    std::copy_n(&real[group * kLanes], kLanes, &spectrum[group * kCell]);
    std::copy_n(&imaginary[group * kLanes], kLanes, &spectrum[group * kCell + kLanes]);
  }
}

/// What the sums sound like.
void Reverb::Accumulator::answer(std::size_t block) noexcept {
  const std::size_t bins = sums.size() / 2;
  for (std::size_t group = 0; group * kCell < sums.size(); ++group) {
    std::copy_n(&sums[group * kCell], kLanes, &real[group * kLanes]);
    std::copy_n(&sums[group * kCell + kLanes], kLanes, &imaginary[group * kLanes]);
  }
  for (auto* part : {&real, &imaginary})
    std::fill(part->begin() + static_cast<std::ptrdiff_t>(bins), part->end(), 0.0f);
  fft.inverse(real.data(), imaginary.data(), time.data());
  std::copy(time.end() - static_cast<std::ptrdiff_t>(block), time.end(), wet.begin());
  std::fill(sums.begin(), sums.end(), 0.0f);
}

void Reverb::Accumulator::forget() noexcept {
  ring.forget();
  std::fill(sums.begin(), sums.end(), 0.0f);
  std::fill(wet.begin(), wet.end(), 0.0f);
}

Reverb::Reverb(std::span<const float> impulse_response, int model_rate, int rate)
    : Reverb(std::make_shared<const ReverbResponse>(impulse_response, model_rate, rate)) {}

Reverb::Reverb(std::shared_ptr<const ReverbResponse> response)
    : response_(std::move(response)),
      reach_(response_->long_.partitions > 0 ? response_->long_.size : response_->short_.size),
      history_(reach_ + response_->long_.block + kLanes),
      chunk_(response_->short_.block + kLanes),
      short_(response_->short_, response_->short_.partitions),
      long_(response_->long_, response_->long_.partitions),
      late_(response_->long_.block),
      norms_(response_->norms_.size() + 1) {}

void Reverb::reset() noexcept {
  forget();
  position_ = turn_ = 0;
  ahead_ = started_ = false;
}

void Reverb::forget() noexcept {
  std::fill(history_.begin(), history_.end(), 0.0f);
  std::fill(late_.begin(), late_.end(), 0.0f);
  std::fill(norms_.begin(), norms_.end(), 0.0f);
  short_.forget();
  long_.forget();
  newest_norm_ = 0;
  quiet_ = true;
}

void Reverb::process(const float* in, float* inout, int n, float gain) noexcept {
  const ReverbResponse& response = *response_;
  if (response.empty() || n <= 0) return;
  if (!started_) gain_ = gain;
  started_ = true;
  const float slope = (gain - gain_) / static_cast<float>(n);
  const std::size_t block = response.short_.block;
  for (std::size_t left = static_cast<std::size_t>(n); left > 0;) {
    if (position_ == block) next_block();
    const std::size_t count = std::min(left, block - position_);
    const std::size_t at = turn_ * block + position_;
    float* input = history_.data() + reach_ + at;
    std::copy(in, in + count, input);
    if (quiet_ && std::any_of(input, input + count, [](float sample) { return sample != 0.0f; })) quiet_ = false;
    if (!quiet_) {
      for (std::size_t i = 0; i < count; ++i) chunk_[i] = short_.wet[position_ + i] + late_[at + i];
      kernels().convolve_add(chunk_.data(), input, response.head_.data(), response.head_.size(), count);
      const std::size_t done = static_cast<std::size_t>(n) - left;
      for (std::size_t i = 0; i < count; ++i)
        inout[i] += (gain_ + slope * static_cast<float>(done + i + 1)) * chunk_[i];
    }
    position_ += count;
    in += count;
    inout += count;
    left -= count;
  }
  gain_ = gain;
}

void Reverb::work_ahead() noexcept {
  if (ahead_ || quiet_) return;
  ahead_ = true;
  const ReverbResponse& response = *response_;
  short_.ring.add_products(response.short_.spectra, 0, response.short_.groups, short_.sums.data());
  if (response.long_.partitions > 0) step_long();
}

// The short block is complete: its spectrum enters, and what the partitions give the block to come leaves.
void Reverb::next_block() noexcept {
  const ReverbResponse& response = *response_;
  const std::size_t block = response.short_.block;
  work_ahead();
  ahead_ = false;
  position_ = 0;
  turn_ = (turn_ + 1) % ReverbResponse::kShortInLong;
  if (quiet_) return;
  const float* end = history_.data() + reach_ + (turn_ == 0 ? response.long_.block : turn_ * block);
  const float energy = kernels().dot(end - block, end - block, block);
  newest_norm_ = (newest_norm_ + norms_.size() - 1) % norms_.size();
  norms_[newest_norm_] = std::sqrt(energy);
  if (energy == 0.0f &&
      std::all_of(end - block, end, [](float x) { return x == 0.0f; })) {  // can the tail still be heard?
    float loudest = 0.0f;
    for (std::size_t age = 0; age < response.norms_.size(); ++age)
      loudest += norms_[(newest_norm_ + age) % norms_.size()] * response.norms_[age];
    if (loudest * std::max(std::abs(gain_), 1.0f) < kFloor) return forget();
  }
  if (response.short_.groups > 0) {
    short_.listen(end - response.short_.size);
    for (std::size_t cell = 0; cell < short_.sums.size(); cell += kCell)
      kernels().complex_multiply_add(&short_.sums[cell], &short_.spectrum[cell], &response.first_[cell], 1);
    short_.answer(block);
    short_.ring.push(short_.spectrum);
  }
  if (turn_ == 0) {
    std::copy_n(history_.begin() + static_cast<std::ptrdiff_t>(response.long_.block), reach_, history_.begin());
    late_.swap(long_.wet);
  }
}

// The long partitions' work for the next long block in equal steps: a transform, products, a transform back.
void Reverb::step_long() noexcept {
  const ReverbResponse::Level& level = response_->long_;
  constexpr std::size_t last = ReverbResponse::kShortInLong - 1;
  if (turn_ == 0) {
    long_.listen(history_.data());
    long_.ring.push(long_.spectrum);
  } else if (turn_ < last) {
    const auto share = [&](std::size_t turn) { return level.groups * turn / (last - 1); };
    long_.ring.add_products(level.spectra, share(turn_ - 1), share(turn_), long_.sums.data());
  } else if (long_.ring.empty()) {
    std::fill(long_.wet.begin(), long_.wet.end(), 0.0f);
  } else {
    long_.answer(level.block);
  }
}

}  // namespace ddsp_rt
