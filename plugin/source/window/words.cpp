// Thresholds and their words.
#include "words.h"

#include <cmath>

namespace ddsp_rt::plugin::window {
namespace {

constexpr float kSilentInput = -75.0f, kSoftInput = -36.0f, kLoudInput = -3.0f;  // dB re full scale, peaks
constexpr float kSilentLoudness = -75.0f;                                        // dB, A-weighted
constexpr float kRangeMargin = 0.5f;                                             // semitones

}  // namespace

NearestNote nearest_note(float hz) {
  const float midi = midi_from_hz(hz);
  const int key = static_cast<int>(std::lround(midi));
  return {key, static_cast<int>(std::lround(100.0f * (midi - static_cast<float>(key))))};
}

juce::String key_name(int key) {
  static constexpr const char* kNames[] = {"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"};
  const int octave = key >= 0 ? key / 12 : -1 - (-key - 1) / 12;
  return juce::String(kNames[key - 12 * octave]) + juce::String(octave - 1);
}

juce::String cents_text(int cents) {
  return (cents > 0   ? "+"
          : cents < 0 ? juce::String::fromUTF8("\xe2\x88\x92")
                      : juce::String()) +
         juce::String(std::abs(cents)) + (std::abs(cents) == 1 ? " cent" : " cents");
}

PitchState pitch_state(const Readings& readings, const InstrumentFacts* facts) {
  if (readings.heard.outside != 0 && readings.heard.loudness > kSilentLoudness)
    return readings.heard.outside > 0 ? PitchState::kTooHighToFollow : PitchState::kTooLowToFollow;
  if (readings.heard.loudness <= kSilentLoudness) return PitchState::kSilent;
  if (readings.heard.periodicity < kVoicedPeriodicity) return PitchState::kUnsure;
  if (facts == nullptr || !(facts->highest_hz > facts->lowest_hz)) return PitchState::kInRange;
  const float played = midi_from_hz(readings.played_f0);
  if (played < midi_from_hz(facts->lowest_hz) - kRangeMargin) return PitchState::kBelowRange;
  if (played > midi_from_hz(facts->highest_hz) + kRangeMargin) return PitchState::kAboveRange;
  return PitchState::kInRange;
}

juce::String words(PitchState state, const InstrumentFacts* facts) {
  const juce::String whom = facts == nullptr ? juce::String("the instrument") : "the " + from_utf8(facts->name);
  switch (state) {
    case PitchState::kSilent: return "silence";
    case PitchState::kUnsure: return "no clear pitch";
    case PitchState::kTooLowToFollow: return "too low to follow";
    case PitchState::kTooHighToFollow: return "too high to follow";
    case PitchState::kBelowRange: return "too low for " + whom;
    case PitchState::kAboveRange: return "too high for " + whom;
    case PitchState::kInRange: return "in range for " + whom;
  }
  return {};
}

juce::String advice(PitchState state) {
  if (state == PitchState::kBelowRange) return "transpose up";
  if (state == PitchState::kAboveRange) return "transpose down";
  return {};
}

bool worrying(PitchState state) { return state != PitchState::kSilent && state != PitchState::kInRange; }

InputState input_state(float peak_db, bool clipped) {
  if (clipped) return InputState::kClipping;
  if (peak_db <= kSilentInput) return InputState::kSilent;
  if (peak_db < kSoftInput) return InputState::kSoft;
  return peak_db > kLoudInput ? InputState::kLoud : InputState::kGood;
}

juce::String words(InputState state) {
  switch (state) {
    case InputState::kSilent: return "silent";
    case InputState::kSoft: return "too soft";
    case InputState::kGood: return "good";
    case InputState::kLoud: return "nearly clips";
    case InputState::kClipping: return "clipping";
  }
  return {};
}

bool worrying(InputState state) {
  return state == InputState::kSoft || state == InputState::kLoud || state == InputState::kClipping;
}

juce::String level_text(float db, float floor_db) {
  if (!(db > floor_db)) return "silent";
  const int whole = static_cast<int>(std::lround(db));
  return (whole < 0 ? juce::String::fromUTF8("\xe2\x88\x92") : juce::String()) + juce::String(std::abs(whole)) + " dB";
}

juce::String range_text(const InstrumentFacts& facts) {
  if (!(facts.highest_hz > facts.lowest_hz)) return {};
  return key_name(nearest_note(facts.lowest_hz).key) + juce::String::fromUTF8(" \xe2\x80\x93 ") +
         key_name(nearest_note(facts.highest_hz).key);
}

juce::String short_units(const juce::String& text) {
  return text.replace("semitones", "st").replace("dB/octave", "dB/oct").replace("cents", "ct");
}

}  // namespace ddsp_rt::plugin::window
