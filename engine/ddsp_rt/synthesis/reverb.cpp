// Zero-delay partitioned convolution.
#include "ddsp_rt/synthesis/reverb.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/kernels/kernels.h"
#include "ddsp_rt/synthesis/resample.h"

namespace ddsp_rt {
namespace {

constexpr float kFloor = 1e-6f;            // -120 dBFS
constexpr double kBandEdge = 1e-6;         // bins below this share of the largest count as outside the band
constexpr std::size_t kCell = 2 * kLanes;  // floats in one group of bins of one spectrum

// Size of the transforms for two blocks and, where there are bins to be spared, an overlap of a third of a block.
// Sizes with a factor of 5 run up to half as fast again as their neighbours.
std::size_t transform_size(std::size_t block, bool narrow) {
  if (!narrow) return RealFft::good_size(2 * block);
  std::size_t size = RealFft::good_size(2 * block + block / 3);
  while (size % 5 != 0) size = RealFft::good_size(size + 2);
  return size;
}

// Rising cross-fade over `overlap` samples: the running sum of a Kaiser window.
std::vector<double> cross_fade(std::size_t overlap) {
  std::vector<double> rise(overlap);
  double sum = 0.0;
  for (std::size_t i = 0; i < overlap; ++i) {
    sum += kaiser((2.0 * static_cast<double>(i) + 1.0) / static_cast<double>(overlap + 1) - 1.0, 11.0);
    rise[i] = sum;
  }
  const double total =
      overlap == 0 ? 1.0 : sum + kaiser((2.0 * static_cast<double>(overlap) + 1.0) / (overlap + 1.0) - 1.0, 11.0);
  for (double& value : rise) value /= total;
  return rise;
}

}  // namespace

ReverbResponse::ReverbResponse(std::span<const float> impulse_response, int model_rate, int rate)
    : block_(2 * static_cast<std::size_t>(max_frame_length(rate))) {
  const bool narrow = 2 * rate >= 3 * model_rate;  // there are bins to be spared
  size_ = transform_size(block_, narrow);
  overlap_ = size_ - 2 * block_;
  std::vector<float> masked(impulse_response.begin(), impulse_response.end());
  if (!masked.empty()) masked[0] = 0.0f;
  while (!masked.empty() && masked.back() == 0.0f) masked.pop_back();
  std::vector<float> taps = resample_response(masked, model_rate, rate);
  double rest = 0.0;  // energy of the taps from the end on; what stays below the floor is never heard
  while (!taps.empty() && (rest += static_cast<double>(taps.back()) * taps.back()) < kFloor * kFloor) taps.pop_back();
  length_ = taps.size();
  if (empty()) return;
  transform(taps);
  bound(taps);
}

void ReverbResponse::transform(const std::vector<float>& taps) {
  const std::vector<double> rise = cross_fade(overlap_);
  // Tap t of the response as partition `index` sees it: it fades in from index * block_ and out a block later.
  const auto piece = [&](std::size_t index, std::size_t t) {
    const std::size_t from = index * block_, to = from + block_;
    if (t >= taps.size()) return 0.0f;
    double weight = 1.0;
    if (index > 0 && t < from + overlap_) weight -= 1.0 - rise[t - from];
    if (t >= to) weight -= rise[t - to];
    return static_cast<float>(weight * taps[t]);
  };
  head_.resize(std::min(block_ + overlap_, taps.size()));
  for (std::size_t t = 0; t < head_.size(); ++t) head_[t] = piece(0, t);
  if (taps.size() <= block_) return;

  partitions_ = (taps.size() - 1) / block_;
  RealFft fft(size_);
  std::vector<float> time(size_);
  std::vector<std::vector<std::complex<float>>> spectra(partitions_, std::vector<std::complex<float>>(fft.bins()));
  double largest = 0.0;
  for (std::size_t p = 0; p < partitions_; ++p) {
    std::fill(time.begin(), time.end(), 0.0f);
    for (std::size_t i = 0; i < block_ + overlap_; ++i) time[i] = piece(p + 1, (p + 1) * block_ + i);
    fft.forward(time.data(), spectra[p].data());
    for (const auto& bin : spectra[p]) largest = std::max(largest, static_cast<double>(std::abs(bin)));
  }
  std::size_t last = 0;
  for (const auto& spectrum : spectra)
    for (std::size_t k = last; k < spectrum.size(); ++k)
      if (std::abs(spectrum[k]) > kBandEdge * largest) last = k;
  groups_ = last / kLanes + 1;

  first_.assign(groups_ * kCell, 0.0f);
  later_.assign(groups_ * (partitions_ - 1) * kCell, 0.0f);
  for (std::size_t p = 0; p < partitions_; ++p) {
    for (std::size_t k = 0; k <= last; ++k) {
      const std::size_t group = k / kLanes, lane = k % kLanes;
      float* cell = p == 0 ? &first_[group * kCell] : &later_[(group * (partitions_ - 1) + p - 1) * kCell];
      cell[lane] = spectra[p][k].real();
      cell[kLanes + lane] = spectra[p][k].imag();
    }
  }
  // Measured costs in nanoseconds: a transform pair at the block's start, products spread over the rest.
  const double transforms = 0.9 * static_cast<double>(size_) * std::log2(static_cast<double>(size_));
  const double products = 0.27 * static_cast<double>(later_.size()) / 2;
  start_ = static_cast<float>(std::min(0.5, transforms / (transforms + products)));
}

// norms_[age] bounds what a block of input of that age, and unit norm, can still give, by Cauchy and Schwarz.
void ReverbResponse::bound(const std::vector<float>& taps) {
  const std::size_t blocks = (taps.size() + block_ - 1) / block_;
  std::vector<double> energy(blocks + 1);
  for (std::size_t t = 0; t < taps.size(); ++t) energy[t / block_] += static_cast<double>(taps[t]) * taps[t];
  norms_.resize(blocks + 1);
  double largest = 0.0;
  for (std::size_t age = blocks + 1; age-- > 0;) {
    largest = std::max(largest, energy[age] + (age > 0 ? energy[age - 1] : 0.0));
    norms_[age] = static_cast<float>(std::sqrt(largest));
  }
}

Reverb::Reverb(std::span<const float> impulse_response, int model_rate, int rate)
    : Reverb(std::make_shared<const ReverbResponse>(impulse_response, model_rate, rate)) {}

Reverb::Reverb(std::shared_ptr<const ReverbResponse> response)
    : response_(std::move(response)),
      fft_(response_->size_),
      history_(response_->size_ + response_->block_ + kLanes),
      wet_(response_->block_),
      chunk_(response_->block_ + kLanes),
      sums_(response_->groups_ * kCell),
      ring_(response_->later_.size()),
      spectrum_(fft_.bins()),
      time_(response_->size_),
      norms_(response_->norms_.size() + 1) {}

void Reverb::reset() noexcept {
  forget();
  std::fill(history_.begin(), history_.end(), 0.0f);
  position_ = 0;
}

void Reverb::forget() noexcept {
  std::fill(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(response_->size_), 0.0f);
  std::fill(wet_.begin(), wet_.end(), 0.0f);
  std::fill(sums_.begin(), sums_.end(), 0.0f);
  std::fill(norms_.begin(), norms_.end(), 0.0f);
  kept_ = newest_ = newest_norm_ = 0;
  groups_done_ = 0;
  quiet_ = true;
}

void Reverb::process(float* inout, int n, float gain) noexcept {
  const ReverbResponse& response = *response_;
  if (response.empty()) return;
  gain_ = std::abs(gain);
  for (std::size_t left = n > 0 ? static_cast<std::size_t>(n) : 0; left > 0;) {
    if (position_ == response.block_) next_block();
    const std::size_t count = std::min(left, response.block_ - position_);
    float* input = history_.data() + response.size_ + position_;
    std::copy(inout, inout + count, input);
    if (quiet_ && std::any_of(input, input + count, [](float sample) { return sample != 0.0f; })) quiet_ = false;
    if (!quiet_) {
      std::copy_n(wet_.begin() + static_cast<std::ptrdiff_t>(position_), count, chunk_.begin());
      kernels().convolve_add(chunk_.data(), input, response.head_.data(), response.head_.size(), count);
      for (std::size_t i = 0; i < count; ++i) inout[i] += gain * chunk_[i];
    }
    position_ += count;
    inout += count;
    left -= count;
    if (kept_ > 0) {
      const float progress = static_cast<float>(position_) / static_cast<float>(response.block_);
      const float share = std::max(0.0f, (progress - response.start_) / (1.0f - response.start_));
      add_older(static_cast<std::size_t>(std::ceil(share * static_cast<float>(response.groups_))));
    }
  }
}

// The block is complete: its spectrum enters, and what the partitions give the block to come leaves.
void Reverb::next_block() noexcept {
  const ReverbResponse& response = *response_;
  const std::size_t block = response.block_, size = response.size_;
  position_ = 0;
  if (quiet_) return;
  double energy = 0.0;
  for (std::size_t i = 0; i < block; ++i) energy += static_cast<double>(history_[size + i]) * history_[size + i];
  newest_norm_ = (newest_norm_ + norms_.size() - 1) % norms_.size();
  norms_[newest_norm_] = static_cast<float>(std::sqrt(energy));
  std::copy_n(history_.begin() + static_cast<std::ptrdiff_t>(block), size, history_.begin());
  std::fill(history_.begin() + static_cast<std::ptrdiff_t>(size), history_.end(), 0.0f);
  if (energy == 0.0) {  // silence: can the tail still be heard?
    float loudest = 0.0f;
    for (std::size_t age = 0; age < response.norms_.size(); ++age)
      loudest += norms_[(newest_norm_ + age) % norms_.size()] * response.norms_[age];
    if (loudest * std::max(gain_, 1.0f) < kFloor) return forget();
  }
  if (response.partitions_ == 0) return;

  add_older(response.groups_);
  fft_.forward(history_.data(), spectrum_.data());
  const std::size_t slots = response.partitions_ - 1;
  if (slots > 0) {
    newest_ = (newest_ + slots - 1) % slots;
    kept_ = std::min(kept_ + 1, slots);
  }
  const std::size_t bins = std::min(spectrum_.size(), response.groups_ * kLanes);
  float latest[kCell] = {};
  for (std::size_t group = 0; group < response.groups_; ++group) {
    const std::size_t first = group * kLanes, count = std::min(kLanes, bins - first);
    for (std::size_t lane = 0; lane < count; ++lane) {
      latest[lane] = spectrum_[first + lane].real();
      latest[kLanes + lane] = spectrum_[first + lane].imag();
    }
    for (std::size_t lane = count; lane < kLanes; ++lane) latest[lane] = latest[kLanes + lane] = 0.0f;
    float* sum = &sums_[group * kCell];
    kernels().complex_multiply_add(sum, latest, &response.first_[group * kCell], 1);
    for (std::size_t lane = 0; lane < count; ++lane) spectrum_[first + lane] = {sum[lane], sum[kLanes + lane]};
    if (slots > 0) std::copy_n(latest, kCell, &ring_[(group * slots + newest_) * kCell]);
  }
  std::fill(spectrum_.begin() + static_cast<std::ptrdiff_t>(bins), spectrum_.end(), 0.0f);
  fft_.inverse(spectrum_.data(), time_.data());
  std::copy(time_.end() - static_cast<std::ptrdiff_t>(block), time_.end(), wet_.begin());
  std::fill(sums_.begin(), sums_.end(), 0.0f);
  groups_done_ = 0;
}

// Products of the spectra in the ring with the partitions from the second on, a group of bins at a time.
void Reverb::add_older(std::size_t until) noexcept {
  const ReverbResponse& response = *response_;
  const std::size_t slots = response.partitions_ == 0 ? 0 : response.partitions_ - 1;
  if (kept_ == 0 || slots == 0) return;
  const std::size_t straight = std::min(kept_, slots - newest_);
  for (; groups_done_ < std::min(until, response.groups_); ++groups_done_) {
    float* sum = &sums_[groups_done_ * kCell];
    const float* past = &ring_[groups_done_ * slots * kCell];
    const float* taps = &response.later_[groups_done_ * slots * kCell];
    kernels().complex_multiply_add(sum, past + newest_ * kCell, taps, straight);
    kernels().complex_multiply_add(sum, past, taps + straight * kCell, kept_ - straight);
  }
}

}  // namespace ddsp_rt
