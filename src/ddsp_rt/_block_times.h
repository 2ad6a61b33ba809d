// Times a transfer block by block, as an audio thread would see it: without Python between the blocks.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <thread>
#include <vector>

#include "ddsp_rt/playing/transfer.h"

namespace ddsp_rt {

/// Seconds each whole block of `audio` took. `paced`: blocks arrive in real time at `rate`, and the thread sleeps
/// between them. Without a `transfer` the callback is empty but for a copy.
inline std::vector<float> block_times(Transfer* transfer, std::span<const float> audio, int rate, std::size_t block,
                                      bool paced) {
  using Clock = std::chrono::steady_clock;
  std::vector<float> times, out(block);
  times.reserve(audio.size() / block);
  const auto begin = Clock::now();
  for (std::size_t from = 0; from + block <= audio.size(); from += block) {
    if (paced) {
      const std::chrono::duration<double> due(static_cast<double>(from + block) / rate);
      std::this_thread::sleep_until(begin + std::chrono::duration_cast<Clock::duration>(due));
    }
    const auto start = Clock::now();
    if (transfer) {
      transfer->process(audio.data() + from, out.data(), static_cast<int>(block));
    } else {
      std::copy_n(audio.data() + from, block, out.data());
    }
    times.push_back(std::chrono::duration<float>(Clock::now() - start).count());
  }
  return times;
}

}  // namespace ddsp_rt
