// A controlled voice whose instrument can be changed while it plays.
#pragma once

#include <memory>

#include "ddsp_rt/live/handover.h"
#include "ddsp_rt/playing/control_voice.h"

namespace ddsp_rt {

/// What Player is for Transfer: a control thread loads and frees, the audio thread plays.
class ControlPlayer {
 public:
  /// Throws std::invalid_argument for a rate outside 8..192 kHz. Not real-time.
  explicit ControlPlayer(int rate);
  ControlPlayer(const ControlPlayer&) = delete;
  ControlPlayer& operator=(const ControlPlayer&) = delete;

  // The control thread's side.
  void load(std::shared_ptr<const Instrument> instrument);
  void collect() noexcept { handover_.collect(); }

  /// Any thread: how many instruments have taken over so far.
  int swaps() const noexcept { return handover_.swaps(); }

  // The audio thread's side; real-time. Without an instrument the output is silence.
  void process(const ControlSignals& signals, float* out, int n) noexcept;
  void set(Parameter parameter, float value) noexcept;
  const ParameterValues& parameters() const noexcept { return values_; }
  void set_ratio(float ratio) noexcept;
  void set_unit(LevelUnit unit) noexcept;
  bool settled() const noexcept { return handover_.settled(); }  // no new instrument is on its way in
  void reset() noexcept;
  int rate() const noexcept { return rate_; }

 private:
  int rate_;
  ParameterValues values_;
  float ratio_ = 0.0f;
  LevelUnit unit_ = LevelUnit::kLinear;
  Handover<ControlVoice> handover_;
};

}  // namespace ddsp_rt
