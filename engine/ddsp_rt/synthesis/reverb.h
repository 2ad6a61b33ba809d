// A room: convolution with an impulse response of seconds, without added delay and at an even cost.
#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "ddsp_rt/fft.h"

namespace ddsp_rt {

/// An impulse response made ready for one host rate; immutable, shared by any number of voices.
///
/// It is resampled to the host rate, its first tap held at zero, and cut into a direct head and partitions of equal
/// length whose spectra are kept (uniformly partitioned convolution; Wefers, Partitioned convolution algorithms for
/// real-time auralization, 2015). Neighbours cross-fade over `overlap` samples instead of being cut off: their spectra
/// then end where the response's band ends, and the bins above need neither memory nor work.
class ReverbResponse {
 public:
  /// `impulse_response` at `model_rate`, to be used at `rate` (Hz). Empty or all zero: no reverb.
  ReverbResponse(std::span<const float> impulse_response, int model_rate, int rate);

  std::size_t length() const noexcept { return length_; }  // taps at the host rate
  bool empty() const noexcept { return length_ == 0; }

 private:
  friend class Reverb;

  void transform(const std::vector<float>& taps);
  void bound(const std::vector<float>& taps);

  std::size_t length_ = 0;
  std::size_t block_;        // samples in a partition
  std::size_t size_;         // of the transforms: two blocks and an overlap
  std::size_t overlap_;      // of neighbouring partitions
  std::size_t partitions_ = 0;
  std::size_t groups_ = 0;   // of kLanes bins each that the band covers
  std::vector<float> head_;  // taps applied directly
  std::vector<float> first_;  // spectrum of the first partition, [groups][2][kLanes]
  std::vector<float> later_;  // spectra of the others, [groups][partitions - 1][2][kLanes]
  std::vector<float> norms_;  // by age in blocks: the largest norm of two neighbouring blocks of taps from there on
  float start_ = 0.0f;        // share of a block at which the older partitions' products begin, to even out the cost
};

/// The state of one voice's reverb.
class Reverb {
 public:
  explicit Reverb(std::shared_ptr<const ReverbResponse> response);
  Reverb(std::span<const float> impulse_response, int model_rate, int rate);

  /// inout += gain * (response convolved with inout). Any `n`; the split into calls does not change the samples.
  /// A tail that can no longer reach -120 dBFS becomes exact zero. Real-time.
  void process(float* inout, int n, float gain) noexcept;

  /// Forgets the past. Real-time.
  void reset() noexcept;

  /// Nothing is left to sound. Real-time.
  bool silent() const noexcept { return quiet_; }

 private:
  void next_block() noexcept;
  void add_older(std::size_t until) noexcept;
  void forget() noexcept;

  std::shared_ptr<const ReverbResponse> response_;
  RealFft fft_;
  std::vector<float> history_;  // the last size_ samples, then the block being filled
  std::vector<float> wet_;      // what the partitions give this block
  std::vector<float> chunk_;    // wet sound of one piece of a call
  std::vector<float> sums_;     // of the older partitions' products, for the next block, [groups][2][kLanes]
  std::vector<float> ring_;     // spectra of past input, newest first from newest_, [groups][partitions - 1][2][kLanes]
  std::vector<std::complex<float>> spectrum_;
  std::vector<float> time_;
  std::vector<float> norms_;  // of past blocks of input, a ring
  std::size_t position_ = 0;  // in the current block
  std::size_t newest_ = 0, kept_ = 0;  // spectra in the ring
  std::size_t groups_done_ = 0;
  std::size_t newest_norm_ = 0;
  float gain_ = 0.0f;
  bool quiet_ = true;  // the past is exactly zero
};

}  // namespace ddsp_rt
