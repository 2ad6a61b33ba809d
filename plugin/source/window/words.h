// What the window says of the sound, in words.
#pragma once

#include <juce_core/juce_core.h>

#include <string_view>

#include "instrument_files.h"
#include "readings.h"

namespace ddsp_rt::plugin::window {

/// The nearest tempered note to a frequency in Hz, A4 = 440 Hz.
struct NearestNote {
  int key = 69;   // MIDI
  int cents = 0;  // from there, -50 to 50
};
NearestNote nearest_note(float hz);

/// "A4", "F#3": middle C is C4.
juce::String key_name(int key);

/// "+12 cents", "in tune to the cent" is "0 cents".
juce::String cents_text(int cents);

enum class PitchState { kSilent, kUnsure, kTooLowToFollow, kTooHighToFollow, kBelowRange, kAboveRange, kInRange };

/// Where the performance stands against what the analyser follows and what the instrument has learnt. `facts` may be
/// nullptr.
PitchState pitch_state(const Readings& readings, const InstrumentFacts* facts);
juce::String words(PitchState state, const InstrumentFacts* facts);
/// What a player of Transfer can do about it; empty: nothing.
juce::String advice(PitchState state);
/// Whether a player should do something about it.
bool worrying(PitchState state);

enum class InputState { kSilent, kSoft, kGood, kLoud, kClipping };

/// From the largest peak of the last seconds, and whether samples were clipped in them.
InputState input_state(float peak_db, bool clipped);
juce::String words(InputState state);
bool worrying(InputState state);

/// "-23 dB"; "silent" from `floor_db` down.
juce::String level_text(float db, float floor_db);

/// "G3 – C7"
juce::String range_text(const InstrumentFacts& facts);

/// From UTF-8.
inline juce::String from_utf8(std::string_view bytes) {
  return juce::String::fromUTF8(bytes.data(), static_cast<int>(bytes.size()));
}

/// "st" for semitones and the like: for a narrow place, not for a screen reader.
juce::String short_units(const juce::String& text);

}  // namespace ddsp_rt::plugin::window
