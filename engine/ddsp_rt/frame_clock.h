// The 4 ms clock that analysis, network and synthesis share.
#pragma once

#include <cstdint>

namespace ddsp_rt {

inline constexpr int kFrameRate = 250;  // frames per second

/// First sample of frame `frame` at `rate` Hz: round(frame * rate / 250), halves upwards, in exact integers.
/// A frame's length therefore varies by one sample where the rate is no multiple of 250.
constexpr std::int64_t frame_start(std::int64_t frame, int rate) noexcept {
  return (2 * frame * rate + kFrameRate) / (2 * kFrameRate);
}

/// Samples in frame `frame`.
constexpr int frame_length(std::int64_t frame, int rate) noexcept {
  return static_cast<int>(frame_start(frame + 1, rate) - frame_start(frame, rate));
}

/// The longest frame at `rate`, for sizing buffers.
constexpr int max_frame_length(int rate) noexcept { return (rate + kFrameRate - 1) / kFrameRate; }

/// Frames that begin within the first `samples` samples.
constexpr std::int64_t frame_count(std::int64_t samples, int rate) noexcept {
  if (samples <= 0) return 0;
  std::int64_t frame = samples * kFrameRate / rate;
  while (frame_start(frame, rate) >= samples) --frame;
  while (frame_start(frame + 1, rate) < samples) ++frame;
  return frame + 1;
}

/// Counts the frames of one stream from its first sample on.
class FrameClock {
 public:
  /// What a renderer needs to know of a frame, in samples.
  struct Frame {
    int length;
    int following;  // length of the next frame, into which this one's noise fades out
  };

  explicit FrameClock(int rate) noexcept : rate_(rate) {}

  /// Begins the next frame. Real-time.
  Frame next() noexcept {
    ++index_;
    return {frame_length(index_, rate_), frame_length(index_ + 1, rate_)};
  }
  /// Of the frame that began last; -1 before the first.
  std::int64_t index() const noexcept { return index_; }
  void reset() noexcept { index_ = -1; }
  int rate() const noexcept { return rate_; }

 private:
  int rate_;
  std::int64_t index_ = -1;
};

}  // namespace ddsp_rt
