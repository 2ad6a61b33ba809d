// MIDI messages to note events: what keyboards, files and MPE controllers send, in the words of the note door.
#pragma once

#include <array>
#include <cstdint>

#include "ddsp_rt/playing/note_event.h"

namespace ddsp_rt {

/// Follows what a stream of channel messages has set (MIDI 1.0; MPE: RPN 6 on channel 1 or 16 makes a zone, whose
/// manager channel speaks for all its members). Notes, pitch bend (RPN 0 sets its range, 2 semitones, 48 for members of
/// a zone), channel and key pressure and modulation (CC1) to pressure, breath (CC2), volume (CC7) and expression (CC11)
/// to expression, CC64 to sustain, CC68 to legato, CC74 to timbre, CC120, CC121 and CC123. Other messages mean nothing.
/// Real-time.
class MidiReader {
 public:
  MidiReader() noexcept { reset(); }
  void reset() noexcept;

  /// Calls `tell(event)` for each event that the message makes, up to 80. `status` is the first byte, channel included;
  /// the data bytes are taken modulo 128.
  template <typename Tell>
  void read(int status, int first, int second, int offset, Tell&& tell) noexcept {
    Events made = translate(status & 0xff, first & 0x7f, second & 0x7f);
    for (int i = 0; i < made.count; ++i) {
      made.events[static_cast<std::size_t>(i)].offset = offset;
      tell(made.events[static_cast<std::size_t>(i)]);
    }
  }

  /// Semitones of a full bend on `channel`, 0 to 15.
  float bend_range(int channel) const noexcept { return channels_[static_cast<std::size_t>(channel)].bend_range; }
  void set_bend_range(float semitones) noexcept;  // of every channel that no zone has

 private:
  struct Channel {
    float bend_range = 2.0f;
    float bend = 0.0f;                                // -1..1
    int parameter_high = 127, parameter_low = 127;    // RPN that data entry sets; 127, 127 is none
    std::array<float, 3> loudness{1.0f, 1.0f, 1.0f};  // CC2, CC7, CC11
    std::array<float, 2> pressure{};                  // by key or channel; modulation
    int manager = -1;                                 // of its zone
  };
  struct Events {
    std::array<NoteEvent, 5 * kChannels> events;  // what resetting a whole zone makes
    int count = 0;
  };

  Events translate(int status, int first, int second) noexcept;
  void control(int channel, int number, int value, Events& made) noexcept;
  void enter(int channel, int value) noexcept;
  void make_zone(int manager, int members) noexcept;
  void add(Events& made, NoteEvent::Kind kind, int channel, float value, int key = 0) const noexcept;
  template <typename Add>
  void each_member(int channel, Add&& add) const noexcept;
  void bend(int channel, Events& made) const noexcept;

  std::array<Channel, kChannels> channels_;
  float default_range_ = 2.0f;
};

}  // namespace ddsp_rt
