// The room that a door plays in, or the two rooms between which it moves.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "ddsp_rt/instrument/instruments.h"
#include "ddsp_rt/synthesis/reverb.h"

namespace ddsp_rt {

/// What is played is sent into each room by its share, so that what sounds in a room rings out there; a room into which
/// nothing is sent and in which nothing sounds costs nothing. The power of both together goes evenly from one's to the
/// other's, whether they resemble each other or not. Every method but the constructor is real-time.
class Rooms {
 public:
  Rooms(const Instruments& instruments, int rate);

  /// Adds to `inout`, `n` samples, `gain` times the rooms' answer at `share` of the way; at most a frame.
  void process(float* inout, int n, float gain, float share) noexcept;

  /// As of Reverb.
  void work_ahead() noexcept;
  void reset() noexcept;

 private:
  using Gains = std::array<float, 2>;
  Gains sends(float share) const noexcept;

  Reverb first_;
  std::optional<Reverb> second_;
  float first_power_ = 0.0f, second_power_ = 0.0f, common_power_ = 0.0f;
  Gains sends_{1.0f, 0.0f};  // of the last call
  bool started_ = false;
  std::array<std::vector<float>, 2> sent_;
};

}  // namespace ddsp_rt
