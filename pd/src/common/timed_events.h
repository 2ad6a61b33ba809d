// Messages between Pd's blocks, each kept with its time until the block that it falls in is played.
#pragma once

#include <m_pd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "ddsp_rt/playing/note_event.h"

namespace ddsp_rt::pd {

/// Pd works off the messages of a tick before its audio, and each has a logical time within the tick: there it sounds,
/// to the sample, in any block~.
class TimedEvents {
 public:
  TimedEvents() {
    waiting_.reserve(kMost);
    due_.reserve(kMost);
  }

  /// At the logical time of now. False where the oldest that waited were dropped for it; a note's end is never dropped
  /// without its beginning while no block is played.
  bool add(const NoteEvent& event) {
    const bool full = waiting_.size() == kMost;
    if (full) waiting_.erase(waiting_.begin(), waiting_.begin() + kMost / 2);
    waiting_.push_back({event, clock_getlogicaltime()});
    return !full;
  }

  void clear() { waiting_.clear(); }

  /// The events of the next block of `n` samples at `rate`, in time; valid until the next call. Allocates nothing.
  std::span<const NoteEvent> take(int n, int rate) {
    // Blocks shorter than a tick follow one another at the tick's logical time, which is its end.
    const double now = clock_getlogicaltime();
    played_ = now == tick_ ? played_ + n : 0;
    tick_ = now;
    const int tick = std::max(n, static_cast<int>(std::lround(sys_getblksize() * rate / double{sys_getsr()})));

    due_.clear();
    std::size_t kept = 0;
    for (Timed& timed : waiting_) {
      const double ago = 0.001 * clock_gettimesince(timed.time) * rate;  // samples from it to the tick's end
      const int at = static_cast<int>(std::lround(std::min(static_cast<double>(tick - played_) - ago, 1e6)));
      if (at >= n) {
        waiting_[kept++] = timed;
        continue;
      }
      timed.event.offset = std::max(at, 0);
      due_.push_back(timed.event);
    }
    waiting_.resize(kept);
    return due_;
  }

 private:
  static constexpr std::size_t kMost = 4096;

  struct Timed {
    NoteEvent event;
    double time;  // Pd's
  };
  std::vector<Timed> waiting_;
  std::vector<NoteEvent> due_;
  double tick_ = -1.0;  // the logical time of the last block
  int played_ = 0;      // samples of its tick before the last block
};

}  // namespace ddsp_rt::pd
