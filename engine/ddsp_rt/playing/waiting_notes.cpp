// Which notes still wait.
#include "ddsp_rt/playing/waiting_notes.h"

#include <algorithm>

namespace ddsp_rt {

template <typename Which>
void WaitingNotes::forget(Which&& which) noexcept {
  const auto end = notes_.begin() + static_cast<std::ptrdiff_t>(count_);
  count_ = static_cast<std::size_t>(std::remove_if(notes_.begin(), end, which) - notes_.begin());
}

void WaitingNotes::hear(const NoteEvent& event) noexcept {
  using Kind = NoteEvent::Kind;
  const auto same = [&](const Note& note) { return note.channel == event.channel && note.key == event.key; };
  const auto concerned = [&](const Note& note) {
    return event.channel == kAllChannels || note.channel == event.channel;
  };
  channels_.hear(event);
  switch (event.kind) {
    case Kind::kNoteOn:
    case Kind::kNoteOff:
      if (!event.has_note()) break;
      if (event.kind == Kind::kNoteOn && event.value > 0.0f) {
        forget(same);
        if (count_ == notes_.size()) std::move(notes_.begin() + 1, notes_.end(), notes_.begin()), --count_;
        notes_[count_++] = {event.channel, event.key, event.value, false};
        break;
      }
      for (Note& note : std::span(notes_).first(count_))
        if (same(note)) note.pedalled = true;
      forget([&](const Note& note) { return same(note) && !channels_[note.channel].sustain; });
      break;
    case Kind::kSustain:
      if (event.value < 0.5f) forget([&](const Note& note) { return note.pedalled && concerned(note); });
      break;
    case Kind::kAllNotesOff:
    case Kind::kAllSoundOff: forget(concerned); break;
    default: break;
  }
}

}  // namespace ddsp_rt
