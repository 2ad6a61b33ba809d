// A live door for Python: one thread plays, any thread sets and asks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/live/live.h"
#include "ddsp_rt/live/peak_meter.h"
#include "ddsp_rt/playing/tail.h"
#include "ddsp_rt/playing/transfer.h"

/// Two threads play one stream.
struct StreamBusy : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Holds a stream for the one thread that plays it.
class Playing {
 public:
  /// Throws StreamBusy where another thread has `taken` it.
  explicit Playing(std::atomic_flag& taken) : taken_(taken) {
    if (taken_.test_and_set(std::memory_order_acquire)) throw StreamBusy("two threads play one stream");
  }
  Playing(const Playing&) = delete;
  Playing& operator=(const Playing&) = delete;
  ~Playing() { taken_.clear(std::memory_order_release); }

 private:
  std::atomic_flag& taken_;
};

/// `process` and `reset` belong to one thread at a time, and say so when two come at once; the others wait for the end
/// of the block at hand. None needs the interpreter.
class LiveTransfer {
 public:
  LiveTransfer(ddsp_rt::Instruments instruments, int rate)
      : live_(rate), input_(rate), output_(rate), instruments_(std::move(instruments)) {
    live_.load(instruments_);
  }

  void process(const float* in, float* out, std::size_t n) {
    const Playing playing(playing_);
    play(in, out, n);
  }

  /// What sounds on, without an input.
  std::vector<float> tail() {
    const Playing playing(playing_);
    std::vector<float> silence;
    return ddsp_rt::tail(live_.rate(), [&](float* out, int n) {
      silence.resize(static_cast<std::size_t>(n));
      play(silence.data(), out, silence.size());
    });
  }

  void reset() {
    const Playing playing(playing_);
    const std::lock_guard lock(state_);
    live_.reset();
    input_.reset();
    output_.reset();
  }

  /// Other instruments take over, in a crossfade; what was set stays. A stream that has not begun starts with them.
  void swap(ddsp_rt::Instruments instruments) {
    const std::lock_guard loading(loading_);
    live_.load(instruments);
    const std::lock_guard lock(state_);
    std::swap(instruments_, instruments);  // what played is let go of after the locks
  }

  void set(ddsp_rt::Parameter parameter, float value) {
    const std::lock_guard lock(state_);
    live_.set(parameter, value);
  }
  float get(ddsp_rt::Parameter parameter) const {
    const std::lock_guard lock(state_);
    return live_.parameters()[parameter];
  }

  void set_fitting(const ddsp_rt::Fitting& fitting) {
    const std::lock_guard lock(state_);
    finding_ = false;
    live_.set_fitting(fitting);
  }
  ddsp_rt::Fitting fitting() const {
    const std::lock_guard lock(state_);
    return live_.fitting();
  }

  /// From here on the fit follows the performance; its octave is found as soon as 0.1 s of it had a pitch, and moves
  /// only in silence after that.
  void follow() {
    const std::lock_guard lock(state_);
    live_.set(ddsp_rt::Parameter::kAutoFit, 1.0f);
    opening_.reset();
    frame_ = 0;
    left_ = ddsp_rt::frame_length(0, live_.rate());
    finding_ = true;
  }
  void learn() {
    const std::lock_guard lock(state_);
    finding_ = false;
    live_.learn();
  }
  bool learning() const {
    const std::lock_guard lock(state_);
    return live_.learning();
  }

  /// Passes the input through instead, by a crossfade; the instrument goes on listening.
  void bypass(bool on) {
    const std::lock_guard lock(state_);
    live_.bypass(on);
  }

  ddsp_rt::Features features() const {
    const std::lock_guard lock(state_);
    return live_.features();
  }
  std::pair<float, float> levels() const {
    const std::lock_guard lock(state_);
    return {input_.db(), output_.db()};
  }
  bool settled() const {
    const std::lock_guard lock(state_);
    return live_.settled();
  }

 private:
  static constexpr float kEnough = 25.0f;  // voiced frames

  void play(const float* in, float* out, std::size_t n) {
    while (n > 0) {
      const std::lock_guard lock(state_);
      // Until the octave is found, frame by frame: any chopping gives the same samples.
      const std::size_t most = finding_ ? static_cast<std::size_t>(left_) : 1 << 16;
      const int count = static_cast<int>(std::min(n, most));
      input_.add(in, count);
      live_.process(in, out, count);
      output_.add(out, count);
      if (finding_) find_octave(count);
      in += count;
      out += count;
      n -= static_cast<std::size_t>(count);
    }
  }

  void find_octave(int count) {
    left_ -= count;
    if (left_ > 0) return;
    left_ = ddsp_rt::frame_length(++frame_, live_.rate());
    opening_.add(live_.features());
    if (opening_.sounding() < kEnough) return;
    ddsp_rt::Fitting fitting = live_.fitting();
    const float share = live_.parameters()[ddsp_rt::Parameter::kMorph] / 100.0f;
    fitting.octave = opening_.fit(instruments_.quantiles(share)).octave;
    live_.set_fitting(fitting);
    finding_ = false;
  }

  mutable std::mutex state_;  // held for a block, or a moment
  std::mutex loading_;        // held while an instrument is made ready
  std::atomic_flag playing_ = ATOMIC_FLAG_INIT;
  ddsp_rt::Live<ddsp_rt::Transfer> live_;
  ddsp_rt::PeakMeter input_, output_;
  ddsp_rt::Instruments instruments_;
  ddsp_rt::Fitter opening_;  // the first sounds, while the octave is being found
  bool finding_ = false;
  std::int64_t frame_ = 0;  // since it began
  int left_ = 0;            // samples of the frame
};
