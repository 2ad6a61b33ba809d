// The input beside the instrument: delayed to it if asked, mixed with it, and alone when bypassed.
#pragma once

#include <array>
#include <span>
#include <vector>

namespace ddsp_rt::plugin {

/// Gains move evenly over 20 ms, and so does a change of the delay; what does not move is exact. Every method but
/// `prepare` is real-time.
class DryPath {
 public:
  static constexpr int kChannels = 2;
  static constexpr double kLongestDelay = 0.1;  // seconds

  /// Not real-time. Rate in Hz.
  void prepare(int rate);
  /// Silence, and every change done.
  void reset() noexcept;

  struct Setting {
    float dry = 0.0f, wet = 1.0f;  // linear
    bool bypassed = false;
    int delay = 0;  // samples
  };
  void set(const Setting& setting) noexcept;

  /// `in`: one or two channels, of `n` samples; `wet`: one, `n`; `out`: one or two, each may be one of `in`, none may
  /// be `wet`. One channel in counts as both; one channel out is the mean of two.
  void process(std::span<const float* const> in, const float* wet, std::span<float* const> out, int n) noexcept;

 private:
  struct Ramp {
    float now = 0.0f, goal = 0.0f, by = 0.0f;
    void aim(float at, float step) noexcept;  // reached after 1 / step samples
    float next() noexcept;
  };
  float delayed(std::size_t channel, int delay) const noexcept;

  std::array<std::vector<float>, kChannels> past_;
  int at_ = 0;
  Setting wanted_;
  Ramp dry_, wet_, through_;
  int delay_ = 0, next_delay_ = 0;
  float towards_ = 0.0f;  // share of the way from the one delay to the next
  float step_ = 1.0f;     // of 20 ms in a sample
};

}  // namespace ddsp_rt::plugin
