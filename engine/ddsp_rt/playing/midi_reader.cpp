// What each MIDI message means for the note door.
#include "ddsp_rt/playing/midi_reader.h"

#include <algorithm>

namespace ddsp_rt {
namespace {

constexpr float kMemberRange = 48.0f;  // semitones, MPE's default
constexpr float share(int value) noexcept { return static_cast<float>(value) / 127.0f; }

}  // namespace

void MidiReader::reset() noexcept {
  channels_.fill({});
  for (Channel& channel : channels_) channel.bend_range = default_range_;
}

void MidiReader::set_bend_range(float semitones) noexcept {
  default_range_ = std::clamp(semitones, 0.0f, 96.0f);
  for (Channel& channel : channels_)
    if (channel.manager < 0) channel.bend_range = default_range_;
}

void MidiReader::add(Events& made, NoteEvent::Kind kind, int channel, float value, int key) const noexcept {
  if (made.count < static_cast<int>(made.events.size()))
    made.events[static_cast<std::size_t>(made.count++)] = {0, kind, channel, key, value};
}

/// `channel` itself and, where it manages a zone, its members.
template <typename Add>
void MidiReader::each_member(int channel, Add&& add) const noexcept {
  for (int other = 0; other < kChannels; ++other)
    if (other == channel || channels_[static_cast<std::size_t>(other)].manager == channel) add(other);
}

// A member's bend and its manager's add up.
void MidiReader::bend(int channel, Events& made) const noexcept {
  const Channel& own = channels_[static_cast<std::size_t>(channel)];
  float semitones = own.bend * own.bend_range;
  if (own.manager >= 0 && own.manager != channel) {
    const Channel& manager = channels_[static_cast<std::size_t>(own.manager)];
    semitones += manager.bend * manager.bend_range;
  }
  add(made, NoteEvent::Kind::kBend, channel, semitones);
}

MidiReader::Events MidiReader::translate(int status, int first, int second) noexcept {
  using Kind = NoteEvent::Kind;
  Events made;
  const int channel = status & 0x0f;
  Channel& state = channels_[static_cast<std::size_t>(channel)];
  switch (status & 0xf0) {
    case 0x80: add(made, Kind::kNoteOff, channel, share(second), first); break;
    case 0x90: add(made, second > 0 ? Kind::kNoteOn : Kind::kNoteOff, channel, share(second), first); break;
    case 0xa0:
    case 0xd0:
      state.pressure[0] = share((status & 0xf0) == 0xa0 ? second : first);
      each_member(channel, [&](int member) {
        add(made, Kind::kPressure, member, std::max(state.pressure[0], state.pressure[1]));
      });
      break;
    case 0xb0: control(channel, first, second, made); break;
    case 0xe0: {
      const int position = first + 128 * second - 8192;  // -8192..8191
      state.bend = position < 0 ? static_cast<float>(position) / 8192.0f : static_cast<float>(position) / 8191.0f;
      each_member(channel, [&](int member) { bend(member, made); });
      break;
    }
    default: break;
  }
  return made;
}

void MidiReader::control(int channel, int number, int value, Events& made) noexcept {
  using Kind = NoteEvent::Kind;
  Channel& state = channels_[static_cast<std::size_t>(channel)];
  const auto express = [&](std::size_t which) {
    state.loudness[which] = share(value);
    each_member(channel, [&](int member) {
      add(made, Kind::kExpression, member, state.loudness[0] * state.loudness[1] * state.loudness[2]);
    });
  };
  switch (number) {
    case 1:
      state.pressure[1] = share(value);
      each_member(channel, [&](int member) {
        add(made, Kind::kPressure, member, std::max(state.pressure[0], state.pressure[1]));
      });
      break;
    case 2: express(0); break;
    case 7: express(1); break;
    case 11: express(2); break;
    case 64: each_member(channel, [&](int member) { add(made, Kind::kSustain, member, share(value)); }); break;
    case 68: each_member(channel, [&](int member) { add(made, Kind::kLegato, member, share(value)); }); break;
    case 74: each_member(channel, [&](int member) { add(made, Kind::kTimbre, member, share(value)); }); break;
    case 6: enter(channel, value); break;
    case 100: state.parameter_low = value; break;
    case 101: state.parameter_high = value; break;
    case 98:
    case 99: state.parameter_low = state.parameter_high = 127; break;  // NRPNs are not for us, nor their data
    case 120: each_member(channel, [&](int member) { add(made, Kind::kAllSoundOff, member, 0.0f); }); break;
    case 121:
      state.bend = 0.0f;
      state.pressure = {};
      state.loudness = {1.0f, state.loudness[1], 1.0f};
      state.parameter_low = state.parameter_high = 127;
      each_member(channel, [&](int member) {
        bend(member, made);
        add(made, Kind::kPressure, member, 0.0f);
        add(made, Kind::kExpression, member, state.loudness[1]);
        add(made, Kind::kSustain, member, 0.0f);
        add(made, Kind::kLegato, member, 0.0f);
      });
      break;
    case 123: each_member(channel, [&](int member) { add(made, Kind::kAllNotesOff, member, 0.0f); }); break;
    default: break;
  }
}

// Data entry for the parameter that was chosen.
void MidiReader::enter(int channel, int value) noexcept {
  Channel& state = channels_[static_cast<std::size_t>(channel)];
  if (state.parameter_high != 0) return;
  if (state.parameter_low == 0) {
    // MPE: what one member says of its range holds for all of its zone.
    const bool member = state.manager >= 0 && state.manager != channel;
    for (int other = 0; other < kChannels; ++other) {
      Channel& that = channels_[static_cast<std::size_t>(other)];
      if (other == channel || (member && that.manager == state.manager && other != state.manager))
        that.bend_range = static_cast<float>(std::min(value, 96));
    }
  } else if (state.parameter_low == 6 && (channel == 0 || channel == kChannels - 1)) {
    make_zone(channel, std::min(value, kChannels - 1));
  }
}

// The lower zone is managed by channel 1 and grows upwards, the upper one by channel 16 and grows downwards; the zone
// that was made last takes channels from the other.
void MidiReader::make_zone(int manager, int members) noexcept {
  for (int other = 0; other < kChannels; ++other) {
    Channel& that = channels_[static_cast<std::size_t>(other)];
    const int distance = manager == 0 ? other : kChannels - 1 - other;
    if (distance <= members && members > 0) {
      that.manager = manager;
      that.bend_range = other == manager ? 2.0f : kMemberRange;
    } else if (that.manager == manager) {
      that.manager = -1;
      that.bend_range = default_range_;
    }
  }
}

}  // namespace ddsp_rt
