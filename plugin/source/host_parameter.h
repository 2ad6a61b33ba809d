// Parameters as a host sees them, made from the engine's table and a few of the plugins' own.
#pragma once

#include <juce_audio_processors/juce_audio_processors.h>

#include <array>
#include <atomic>
#include <functional>
#include <limits>
#include <optional>

#include "ddsp_rt/playing/parameters.h"

namespace ddsp_rt::plugin {

inline constexpr int kPrograms = 128;
inline constexpr float kDefaultBendRange = 2.0f;  // semitones

/// What the engine's doors do not know of; described as its table describes the others.
inline constexpr std::array kOwnParameters{
    ParameterInfo{"instrument", "Instrument", "slot", 0, kPrograms - 1, 0, Scale::kStepped, Doors::kAll,
                  "which of the 128 program slots plays"},
    ParameterInfo{"bypass", "Bypass", "on/off", 0, 1, 0, Scale::kStepped, Doors::kAll,
                  "1 passes the input through; keys stay silent"},
    ParameterInfo{"align", "Align to timeline", "on/off", 0, 1, 0, Scale::kStepped, Doors::kTransfer,
                  "1 reports the instrument's delay to the host, and delays the dry signal by it"},
    ParameterInfo{"midi_out", "MIDI out", "on/off", 0, 1, 0, Scale::kStepped, Doors::kTransfer,
                  "1 sends the performance as notes to whatever the host connects"},
    ParameterInfo{"bend_range", "Bend range", "semitones", 0, 96, kDefaultBendRange, Scale::kStepped, Doors::kNotes,
                  "how far the pitch wheel bends"},
    ParameterInfo{"mpe", "MPE", "on/off", 0, 1, 0, Scale::kStepped, Doors::kNotes,
                  "1 gives each note the bend, pressure and timbre of its own channel"},
};

/// A value within its range, set in its unit or as the host's share from 0 to 1. Its identifier is the engine's name.
class HostParameter final : public juce::RangedAudioParameter {
 public:
  explicit HostParameter(const ParameterInfo& info);

  const ParameterInfo& info() const noexcept { return info_; }
  bool is_switch() const noexcept { return info_.scale == Scale::kStepped && info_.unit == "on/off"; }

  /// In its unit. Any thread; real-time.
  float value() const noexcept { return (left_alone() ? own_ : value_).load(std::memory_order_relaxed); }
  bool on() const noexcept { return value() >= 0.5f; }
  /// Without a word to the host. To put what it is already changes nothing, and while it is left to the instrument
  /// neither does the echo of what the instrument before had. Any thread; real-time.
  void put(float value) noexcept;
  /// As somebody has moved it, even to what it was.
  void move(float value) noexcept;

  // How an instrument's notes begin and move is its own until somebody moves the parameter. Any thread; real-time.
  bool left_alone() const noexcept { return instruments_own_ && !moved_.load(std::memory_order_relaxed); }
  void leave_alone() noexcept { moved_.store(false, std::memory_order_relaxed); }
  /// What was measured of the instrument; nothing: the table's initial value stands in.
  void set_own(std::optional<float> value) noexcept;
  bool is_instruments_own() const noexcept { return instruments_own_; }
  /// Whether what it goes back to was measured of the instrument.
  bool measured() const noexcept { return measured_.load(std::memory_order_relaxed); }
  /// What `restore` goes back to, in its unit.
  float initial() const noexcept { return own_.load(std::memory_order_relaxed); }
  /// What to set in the engine: NaN leaves it alone.
  float asked() const noexcept { return left_alone() ? kNothing : value(); }

  /// Lets the host hear of a value that it has not set itself, in the next block: there what it hears is what holds,
  /// while from any other thread JUCE's VST3 keeps it until then, past a state that comes in between. Any thread;
  /// real-time.
  void tell() noexcept { to_tell_.store(true, std::memory_order_release); }
  /// Audio thread, in each block. Where there is something to tell, as real-time as JUCE's own automation.
  void tell_if_due() {
    if (to_tell_.load(std::memory_order_relaxed) && to_tell_.exchange(false, std::memory_order_acquire))
      sendValueChangedMessageToListeners(getValue());
  }

  /// Whether to move it would change anything now; a window shows it only then. Any thread.
  bool useful() const noexcept { return useful_.load(std::memory_order_relaxed); }
  void set_useful(bool useful) noexcept { useful_.store(useful, std::memory_order_relaxed); }

  /// As a user's hand does it: the host hears of it, as one gesture. Not real-time.
  void change(float value);
  /// Likewise, back to where a new plugin has it, which may be the instrument's own.
  void restore();

  /// "-3.0 dB", "on", "muted": the text a host shows. The same texts, and plain numbers, are read.
  juce::String text_of(float value) const;

  const juce::NormalisableRange<float>& getNormalisableRange() const override { return range_; }
  float getValue() const override { return range_.convertTo0to1(value()); }
  /// What a host echoes is no news: by way of its share a value would come back a little off.
  void setValue(float share) override {
    if (share != getValue()) put(range_.convertFrom0to1(juce::jlimit(0.0f, 1.0f, share)));
  }
  float getDefaultValue() const override { return range_.convertTo0to1(info_.initial); }
  juce::String getText(float share, int longest) const override;
  float getValueForText(const juce::String& text) const override;
  bool isDiscrete() const override { return info_.scale == Scale::kStepped; }
  bool isBoolean() const override { return is_switch(); }
  int getNumSteps() const override;

  /// Shown for whole numbers that have names; may be empty. Set before the host sees the parameter.
  std::function<juce::String(int)> name_of;

 private:
  float admitted(float value) const noexcept;

  int steps() const noexcept { return static_cast<int>(info_.maximum - info_.minimum) + 1; }

  const ParameterInfo& info_;
  const bool instruments_own_;
  juce::NormalisableRange<float> range_;
  static constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
  std::atomic<float> value_, own_;
  std::atomic<float> former_{kNothing};  // own of the instrument before, until the host has echoed it
  std::atomic<bool> moved_{false}, measured_{false}, useful_{true}, to_tell_{false};
};

}  // namespace ddsp_rt::plugin
