// Notes that are played while there is no instrument to sound them.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "ddsp_rt/playing/channels.h"
#include "ddsp_rt/playing/note_event.h"

namespace ddsp_rt {

/// Keeps what would sound now: keys that are down or held by the pedal, and what the controllers say. Of more than 32
/// the latest. Every method is real-time.
class WaitingNotes {
 public:
  struct Note {
    int channel, key;
    float velocity;
    bool pedalled;  // its key is up, the pedal holds it
  };

  /// The events of `samples` samples.
  void hear(const NoteEvents& events, int samples) noexcept {
    events.each(0, samples, [this](const NoteEvent& event, int) { hear(event); });
  }

  /// In the order in which they were pressed.
  std::span<const Note> notes() const noexcept { return std::span(notes_).first(count_); }
  const Channels& channels() const noexcept { return channels_; }

 private:
  void hear(const NoteEvent& event) noexcept;
  template <typename Which>
  void forget(Which&& which) noexcept;

  Channels channels_;
  std::array<Note, 32> notes_{};
  std::size_t count_ = 0;
};

}  // namespace ddsp_rt
