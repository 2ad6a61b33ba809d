// A live transfer whose instrument can be changed while it plays.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "ddsp_rt/transfer.h"

namespace ddsp_rt {

/// Two threads meet here: a control thread loads instruments and frees old ones; the audio thread plays. The hand-over is
/// wait-free for the audio thread. A new instrument first listens for 0.1 s beside the old one, so that it knows the
/// note that is sounding, then takes over in an equal-power crossfade of 20 ms.
class Player {
 public:
  /// Throws std::invalid_argument for a rate outside 8..192 kHz. Not real-time.
  explicit Player(int rate);
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  /// Control thread: hands `instrument` to the audio thread. One that was handed over before and not yet taken is dropped.
  void load(std::shared_ptr<const Instrument> instrument);

  /// Control thread: frees what the audio thread has done with. `load` does it too.
  void collect() noexcept;

  /// Any thread: how many instruments have taken over so far.
  int swaps() const noexcept { return swaps_.load(std::memory_order_acquire); }

  // The audio thread's side; real-time. Without an instrument the output is silence.
  void process(const float* in, float* out, int n) noexcept;
  void set(Parameter parameter, float value) noexcept;
  const ParameterValues& parameters() const noexcept { return values_; }
  void learn() noexcept;
  void set_fitting(const Fitting& fitting) noexcept;
  void reset() noexcept;
  const Features& features() const noexcept;
  const Transfer* current() const noexcept { return current_.get(); }
  int rate() const noexcept { return rate_; }

 private:
  void take_incoming() noexcept;
  void retire() noexcept;

  int rate_, warm_up_, fade_;  // samples
  ParameterValues values_;
  std::unique_ptr<Transfer> current_, next_, leaving_;
  int elapsed_ = 0;  // samples since next_ began to listen
  std::atomic<Transfer*> incoming_{nullptr}, retired_{nullptr};
  std::atomic<int> swaps_{0};
  std::array<float, 256> old_, new_;
};

}  // namespace ddsp_rt
