// A performance as MIDI: one line of notes with bend, pressure and expression, for any synthesizer.
#pragma once

#include <juce_audio_basics/juce_audio_basics.h>

#include "ddsp_rt/features.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/playing/note_segmenter.h"

namespace ddsp_rt::plugin {

/// Every method but the constructor is real-time, provided that the buffer has room.
class MidiPerformance {
 public:
  static constexpr int kBendRange = 12;  // semitones; said (RPN 0) before the first note
  static constexpr int kRoom = 8192;     // bytes that a buffer should have

  /// A frame of what `instrument` is told to play, as it sounds from sample `at` on. Velocities spread over the
  /// instrument's loudness.
  void hear(Features features, const Instrument& instrument, juce::MidiBuffer& out, int at) noexcept;

  /// Ends the note that sounds, if one does, and starts anew.
  void end(juce::MidiBuffer& out, int at) noexcept;

  bool started() const noexcept { return started_; }

 private:
  void say(const NoteEvent& event, juce::MidiBuffer& out, int at) noexcept;

  NoteSegmenter segmenter_;
  bool started_ = false;
};

}  // namespace ddsp_rt::plugin
