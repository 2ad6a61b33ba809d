// What MIDI says, as the note door hears it.
#include <doctest/doctest.h>

#include <vector>

#include "ddsp_rt/playing/midi_reader.h"

namespace {

using namespace ddsp_rt;
using Kind = NoteEvent::Kind;

std::vector<NoteEvent> say(MidiReader& reader, int status, int first, int second = 0) {
  std::vector<NoteEvent> events;
  reader.read(status, first, second, 17, [&](const NoteEvent& event) { events.push_back(event); });
  return events;
}

void choose(MidiReader& reader, int channel, int parameter, int value) {
  say(reader, 0xb0 + channel, 101, 0);
  say(reader, 0xb0 + channel, 100, parameter);
  say(reader, 0xb0 + channel, 6, value);
}

TEST_CASE("notes keep their key, channel, velocity and offset; a velocity of 0 lifts") {
  MidiReader reader;
  const auto on = say(reader, 0x93, 60, 127), off = say(reader, 0x93, 60, 0), lifted = say(reader, 0x83, 60, 64);
  REQUIRE(on.size() == 1);
  CHECK(on[0].kind == Kind::kNoteOn);
  CHECK(on[0].channel == 3);
  CHECK(on[0].key == 60);
  CHECK(on[0].value == 1.0f);
  CHECK(on[0].offset == 17);
  CHECK(off.at(0).kind == Kind::kNoteOff);
  CHECK(lifted.at(0).kind == Kind::kNoteOff);
}

TEST_CASE("a bend reaches its range at both ends and is none in the middle") {
  MidiReader reader;
  CHECK(say(reader, 0xe0, 0, 64).at(0).value == 0.0f);
  CHECK(say(reader, 0xe0, 127, 127).at(0).value == 2.0f);
  CHECK(say(reader, 0xe0, 0, 0).at(0).value == -2.0f);
  choose(reader, 0, 0, 12);
  CHECK(say(reader, 0xe0, 127, 127).at(0).value == 12.0f);
  CHECK(say(reader, 0xe1, 127, 127).at(0).value == 2.0f);
  reader.set_bend_range(7.0f);
  CHECK(say(reader, 0xe1, 127, 127).at(0).value == 7.0f);
}

TEST_CASE("in an MPE zone members bend on their own and with their manager") {
  MidiReader reader;
  choose(reader, 0, 6, 3);
  CHECK(reader.bend_range(1) == 48.0f);
  CHECK(reader.bend_range(4) == 2.0f);
  CHECK(say(reader, 0xe2, 127, 127).at(0).value == 48.0f);
  const auto all = say(reader, 0xe0, 127, 127);
  REQUIRE(all.size() == 4);  // the manager and its three members
  for (const NoteEvent& event : all) CHECK(event.value == (event.channel == 2 ? 50.0f : 2.0f));
  CHECK(say(reader, 0xb0, 64, 127).size() == 4);
  choose(reader, 2, 0, 24);
  CHECK(reader.bend_range(3) == 24.0f);
  CHECK(reader.bend_range(0) == 2.0f);
  choose(reader, 0, 6, 0);
  CHECK(reader.bend_range(2) == 2.0f);
  CHECK(say(reader, 0xb0, 64, 127).size() == 1);
}

TEST_CASE("breath, volume and expression multiply, and resetting forgets all but the volume") {
  MidiReader reader;
  say(reader, 0xb0, 11, 127);
  CHECK(say(reader, 0xb0, 7, 127).at(0).value == 1.0f);
  const float half = say(reader, 0xb0, 2, 64).at(0).value;
  CHECK(half == doctest::Approx(64.0 / 127.0));
  CHECK(say(reader, 0xb0, 7, 64).at(0).value == doctest::Approx(half * half));
  float expression = 0.0f, bend = 1.0f;
  say(reader, 0xe0, 127, 127);
  for (const NoteEvent& event : say(reader, 0xb0, 121, 0)) {
    if (event.kind == Kind::kExpression) expression = event.value;
    if (event.kind == Kind::kBend) bend = event.value;
  }
  CHECK(expression == doctest::Approx(half));
  CHECK(bend == 0.0f);
}

TEST_CASE("volume stays while expression and breath move") {
  MidiReader reader;
  const float soft = say(reader, 0xb0, 7, 32).at(0).value;
  CHECK(soft == doctest::Approx(32.0 / 127.0));
  for (const int controller : {11, 2}) CHECK(say(reader, 0xb0, controller, 127).at(0).value == doctest::Approx(soft));
}

TEST_CASE("the wheel presses as keys do, and the strongest counts; of a key's pressure its second byte") {
  MidiReader reader;
  const auto pressure = [&](int status, int first, int second = 0) {
    const auto events = say(reader, status, first, second);
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == Kind::kPressure);
    return 127.0f * events[0].value;
  };
  CHECK(pressure(0xb0, 1, 100) == doctest::Approx(100));
  CHECK(pressure(0xd0, 64) == doctest::Approx(100));
  CHECK(pressure(0xb0, 1, 0) == doctest::Approx(64));
  CHECK(pressure(0xa0, 60, 90) == doctest::Approx(90));
  CHECK(pressure(0xa0, 60, 0) == doctest::Approx(0));
}

TEST_CASE("a manager that resets its controllers frees all of its zone, the largest too") {
  MidiReader reader;
  choose(reader, 0, 6, 15);
  say(reader, 0xe2, 127, 127);
  for (const int status : {0xe0, 0xd0}) say(reader, status, 127, 127);
  for (const int controller : {11, 64, 68}) say(reader, 0xb0, controller, 127);
  int told[kChannels] = {};
  for (const NoteEvent& event : say(reader, 0xb0, 121, 0)) {
    CAPTURE(event.channel);
    ++told[event.channel];
    if (event.kind == Kind::kBend) CHECK(event.value == (event.channel == 2 ? 48.0f : 0.0f));  // its own stays
    if (event.kind == Kind::kPressure || event.kind == Kind::kSustain || event.kind == Kind::kLegato)
      CHECK(event.value == 0.0f);
    if (event.kind == Kind::kExpression) CHECK(event.value == 1.0f);
  }
  for (const int events : told) CHECK(events == 5);
}

TEST_CASE("data for a parameter that is not ours changes nothing") {
  MidiReader reader;
  choose(reader, 0, 0, 12);
  say(reader, 0xb0, 99, 1);
  say(reader, 0xb0, 98, 0);
  say(reader, 0xb0, 6, 3);
  CHECK(reader.bend_range(0) == 12.0f);
  for (int status = 0; status < 256; status += 5) CHECK(say(reader, status, 300, -1).size() <= 48);
}

}  // namespace
