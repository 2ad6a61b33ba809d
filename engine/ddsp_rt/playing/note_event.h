// What a keyboard, a sequencer or an MPE controller says, sample by sample.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace ddsp_rt {

inline constexpr int kChannels = 16;
inline constexpr int kAllChannels = -1;

/// One event. Notes are told apart by channel and key; everything but note on and off concerns all notes of its
/// channel, which is one note where a controller gives each its own (MPE). The comment at each kind says what `value`
/// is.
struct NoteEvent {
  enum class Kind : std::uint8_t {
    kNoteOn,       // velocity, above 0 to 1; 0 is a note off
    kNoteOff,      // unused
    kBend,         // semitones
    kPressure,     // 0 to 1: swells the loudness
    kTimbre,       // 0 to 1, 0.5 is neutral: tilts the spectrum
    kExpression,   // 0 to 1, 1 is neutral: lowers the loudness
    kSustain,      // pedal: from 0.5 on notes sound on after their note off
    kAllNotesOff,  // unused: releases every note, whatever the pedal does
    kAllSoundOff,  // unused: ends every note within 20 ms; the room rings out
    kLegato,       // footswitch: from 0.5 on a note of the channel slurs from one that is down
  };

  int offset = 0;  // samples from the start of the call
  Kind kind = Kind::kNoteOn;
  int channel = 0;  // 0 to 15, or kAllChannels
  int key = 60;     // MIDI, of note on and note off; 69 sounds at 440 Hz
  float value = 0.0f;

  /// Whether there is such a note: a note on or off of another means nothing.
  bool has_note() const noexcept { return channel >= 0 && channel < kChannels && key >= 0 && key <= 127; }
};

/// The events of one call of `samples` samples, by their offsets. One before its predecessor's offset counts at that,
/// and one outside the call at its nearest sample, so that nothing is lost; several at one sample count in their order.
class NoteEvents {
 public:
  NoteEvents(std::span<const NoteEvent> events, int samples) noexcept : events_(events), samples_(samples) {}

  /// The same from sample `n` of the call on.
  NoteEvents operator+(int n) const noexcept {
    NoteEvents rest = *this;
    rest.skipped_ += n;
    return rest;
  }

  /// Calls `tell(event, at)` for the events of samples first..first + count; `at` counts from `first`. Real-time.
  template <typename Tell>
  void each(int first, int count, Tell&& tell) const noexcept {
    int at = 0;
    for (const NoteEvent& event : events_) {
      at = std::clamp(event.offset, at, std::max(samples_ - 1, 0));
      const int from_first = at - skipped_ - first;
      if (from_first >= 0 && from_first < count) tell(event, from_first);
    }
  }

 private:
  std::span<const NoteEvent> events_;
  int samples_, skipped_ = 0;
};

}  // namespace ddsp_rt
