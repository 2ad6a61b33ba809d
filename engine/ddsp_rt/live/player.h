// A live transfer whose instrument can be changed while it plays.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "ddsp_rt/live/handover.h"
#include "ddsp_rt/playing/transfer.h"

namespace ddsp_rt {

/// Two threads meet here: a control thread loads instruments and frees old ones; the audio thread plays. Handover says
/// how one instrument follows another; the first one starts at once.
class Player {
 public:
  /// Throws std::invalid_argument for a rate outside 8..192 kHz. Not real-time.
  explicit Player(int rate);
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  /// Control thread: hands `instrument` to the audio thread. One that was handed over before and not yet taken is
  /// dropped. `range` as for Transfer, whose exceptions it throws.
  void load(std::shared_ptr<const Instrument> instrument, std::optional<PitchRange> range = {});

  /// Control thread: frees what the audio thread has done with. `load` does it too.
  void collect() noexcept { handover_.collect(); }

  /// Any thread: how many instruments have taken over so far.
  int swaps() const noexcept { return handover_.swaps(); }

  // The audio thread's side; real-time. Without an instrument the output is silence.
  void process(const float* in, float* out, int n) noexcept;
  void set(Parameter parameter, float value) noexcept;
  const ParameterValues& parameters() const noexcept { return values_; }

  /// Passes the input through instead, by a crossfade of 20 ms; the instrument goes on listening.
  void bypass(bool on) noexcept { bypassed_ = on; }

  bool settled() const noexcept { return handover_.settled(); }  // no new instrument is on its way in
  void learn() noexcept;
  void set_fitting(const Fitting& fitting) noexcept;
  /// What the instrument plays by, or the first one will.
  Fitting fitting() const noexcept { return current() ? current()->fitting() : fitting_.value_or(Fitting{}); }
  void reset() noexcept;
  const Features& features() const noexcept;
  const Transfer* current() const noexcept { return handover_.current(); }
  int rate() const noexcept { return rate_; }

 private:
  void start(Transfer& taken, const Transfer* before) noexcept;
  void play(const float* in, float* out, int n) noexcept;

  int rate_;
  ParameterValues values_;
  Handover<Transfer> handover_;
  std::optional<Fitting> fitting_;  // for the first instrument
  bool learn_ = false;              // as soon as there is one
  bool bypassed_ = false;
  float through_ = 0.0f;  // share of the way to the bypassed signal
  std::array<float, 256> dry_;
};

}  // namespace ddsp_rt
