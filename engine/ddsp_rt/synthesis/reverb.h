// A room: convolution with an impulse response of seconds, without added delay and at an even cost.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "ddsp_rt/kernels/aligned_vector.h"
#include "ddsp_rt/kernels/fft.h"
#include "ddsp_rt/synthesis/partition_ring.h"

namespace ddsp_rt {

/// An impulse response made ready for one host rate; immutable, shared by any number of voices.
///
/// It is resampled to the host rate, its first tap held at zero, and cut into a direct head of one short block,
/// partitions of short blocks, and from two long blocks on partitions of long ones: non-uniformly partitioned
/// convolution (Gardner, Efficient convolution without input-output delay, 1995; Wefers, Partitioned convolution
/// algorithms for real-time auralization, 2015). Neighbours cross-fade instead of being cut off: their spectra then end
/// where the response's band ends, and the bins above need neither memory nor work.
class ReverbResponse {
 public:
  /// `impulse_response` at `model_rate`, to be used at `rate` (Hz). Empty or all zero: no reverb.
  ReverbResponse(std::span<const float> impulse_response, int model_rate, int rate);

  std::size_t length() const noexcept { return length_; }  // taps at the host rate
  bool empty() const noexcept { return length_ == 0; }
  std::size_t bytes() const noexcept;

 private:
  friend class Reverb;

  static constexpr std::size_t kShortInLong = 8;  // blocks

  /// Partitions of one length.
  struct Level {
    std::size_t block, size, overlap;  // samples: in a partition, in a transform, over which neighbours cross-fade
    std::size_t partitions = 0, groups = 0;  // groups of kLanes bins that the band covers
    AlignedVector<float> spectra;            // [groups][partitions][2][kLanes]

    Level(std::size_t block_samples, bool narrow);
  };

  void transform(Level& level, const std::vector<float>& taps, std::size_t from, std::size_t to,
                 std::size_t first_overlap) const;
  void take_first();
  void bound(const std::vector<float>& taps);

  std::size_t length_ = 0;
  Level short_, long_;
  std::vector<float> head_;     // taps applied directly
  AlignedVector<float> first_;  // the first short partition, [groups][2][kLanes]; short_ holds the others
  std::vector<float>
      norms_;  // by age in short blocks: the largest norm of two neighbouring blocks of taps from there on
};

/// The state of one voice's reverb.
class Reverb {
 public:
  explicit Reverb(std::shared_ptr<const ReverbResponse> response);
  Reverb(std::span<const float> impulse_response, int model_rate, int rate);

  /// inout += gain * (response convolved with inout). Any `n`; the split into calls does not change the samples. A new
  /// gain is reached by an even ramp at the end of the call that brings it.
  /// A tail that can no longer reach -120 dBFS becomes exact zero. Real-time.
  void process(float* inout, int n, float gain) noexcept { process(inout, inout, n, gain); }

  /// The same for a room that hears `in`, which may be inout. Real-time.
  void process(const float* in, float* inout, int n, float gain) noexcept;

  /// Does at once what the next short block needs of the past: for moments with time to spare. Changes no sample,
  /// however often and whenever it is called. Real-time.
  void work_ahead() noexcept;

  /// Forgets the past. Real-time.
  void reset() noexcept;

  /// Nothing is left to sound. Real-time.
  bool silent() const noexcept { return quiet_; }

 private:
  /// What one level needs for its sums.
  struct Accumulator {
    RealFft fft;
    PartitionRing ring;
    AlignedVector<float> spectrum, sums;         // [groups][2][kLanes]
    AlignedVector<float> real, imaginary, time;  // what the transform takes and gives
    std::vector<float> wet;                      // what the partitions give for a block

    Accumulator(const ReverbResponse::Level& level, std::size_t slots);
    void listen(const float* window) noexcept;
    void answer(std::size_t block) noexcept;
    void forget() noexcept;
  };

  void next_block() noexcept;
  void step_long() noexcept;
  void forget() noexcept;

  std::shared_ptr<const ReverbResponse> response_;
  std::size_t reach_;             // samples kept before the long block being filled
  AlignedVector<float> history_;  // those, then the long block
  std::vector<float> chunk_;      // wet sound of one piece of a call
  Accumulator short_, long_;
  std::vector<float> late_;   // what the long partitions give during this long block; long_.wet is for the next
  std::vector<float> norms_;  // of past short blocks of input, a ring
  std::size_t newest_norm_ = 0;
  std::size_t position_ = 0;  // in the short block
  std::size_t turn_ = 0;      // short blocks into the long one
  bool ahead_ = false;        // work_ahead() has nothing left to do in this short block
  float gain_ = 0.0f;         // at the end of the last call
  bool started_ = false;      // there was a last call
  bool quiet_ = true;         // the past is exactly zero
};

}  // namespace ddsp_rt
