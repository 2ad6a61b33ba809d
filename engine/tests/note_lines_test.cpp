// Which line a note gets when there are too few, and which key a line goes back to.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "ddsp_rt/playing/notes.h"
#include "made_instrument.h"

using namespace ddsp_rt;
using Kind = NoteEvent::Kind;

namespace {

constexpr int kRate = 16000, kFrame = kRate / kFrameRate;

NoteEvent on(int key, int frame = 0, float velocity = 0.8f) {
  return {frame * kFrame, Kind::kNoteOn, 0, key, velocity};
}
NoteEvent off(int key, int frame = 0) { return {frame * kFrame, Kind::kNoteOff, 0, key, 0.0f}; }
NoteEvent said(Kind kind, float value, int frame = 0) { return {frame * kFrame, kind, 0, 0, value}; }

struct Player {
  Notes notes{make({}), kRate};

  void play(const std::vector<NoteEvent>& events, int frames) {
    std::vector<float> out(static_cast<std::size_t>(frames * kFrame));
    notes.process({events, frames * kFrame}, out.data(), frames * kFrame);
  }
  /// What the last note's network hears, frame by frame.
  std::vector<Features> heard(const std::vector<NoteEvent>& events, int frames) {
    std::vector<Features> result(static_cast<std::size_t>(frames));
    std::vector<float> out(kFrame);
    const NoteEvents all(events, frames * kFrame);
    for (int frame = 0; frame < frames; ++frame) {
      notes.process(all + frame * kFrame, out.data(), kFrame);
      notes.each_note([&](int, int, const Features& features) { result[static_cast<std::size_t>(frame)] = features; });
    }
    return result;
  }
  std::vector<int> keys() const {
    std::vector<int> keys;
    notes.each_note([&](int, int key, const Features&) { keys.push_back(key); });
    std::sort(keys.begin(), keys.end());
    return keys;
  }
};

}  // namespace

TEST_CASE("The released note that is softest by now gives its voice first, though it is younger") {
  Player player;
  player.notes.set(Parameter::kVoices, 2.0f);
  player.notes.set(Parameter::kRelease, 2000.0f);
  player.play({on(60), on(64), off(64, 40), off(60, 80), on(67, 100)}, 110);
  CHECK(player.keys() == std::vector{60, 67});
}

TEST_CASE("A note that only the pedal holds gives its voice before one whose key is down, though it is younger") {
  Player player;
  player.notes.set(Parameter::kVoices, 2.0f);
  player.play({said(Kind::kSustain, 1.0f), on(60), on(64), off(64, 40), on(67, 60)}, 70);
  CHECK(player.keys() == std::vector{60, 67});
}

TEST_CASE("What ends every note forgets the keys that are down: legato goes back to none of them") {
  for (const Kind end : {Kind::kAllNotesOff, Kind::kAllSoundOff}) {
    Player player;
    player.notes.set(Parameter::kLegato, 1.0f);
    player.notes.set(Parameter::kRelease, 10.0f);
    player.play({on(60), on(64, 10), said(end, 0.0f, 20)}, 60);
    CHECK(player.notes.sounding() == 0);
    player.play({on(67)}, 20);
    CHECK(player.keys() == std::vector{67});
    player.play({off(67)}, 60);
    CHECK(player.notes.sounding() == 0);
  }
}

TEST_CASE("After a slur back a glide begins at the key gone back to") {
  Player player;
  player.notes.set(Parameter::kLegato, 1.0f);
  player.notes.set(Parameter::kGlide, 100.0f);
  const auto frames = player.heard({on(60), on(72, 40), off(72, 80), off(60, 120), on(72, 160)}, 200);
  CHECK(midi_from_hz(frames[161].f0) < 63.0f);
  CHECK(midi_from_hz(frames[199].f0) > 71.5f);
}

TEST_CASE("A slur to a harder touch swells over some frames") {
  Player player;
  player.notes.set(Parameter::kLegato, 1.0f);
  const auto frames = player.heard({on(60, 0, 0.1f), on(64, 60, 1.0f)}, 100);
  const float way = frames[99].loudness - frames[59].loudness;
  CHECK(way > 20.0f);
  for (std::size_t f = 60; f < 100; ++f) CHECK(frames[f].loudness - frames[f - 1].loudness < 0.3f * way);
}

TEST_CASE("A flood of events within a frame loses none") {
  Player player;
  std::vector<NoteEvent> flood{on(60)};
  for (int i = 0; i < 700; ++i) flood.push_back(said(Kind::kBend, 2.0f));
  flood.push_back(said(Kind::kBend, 0.0f));
  const auto frames = player.heard(flood, 10);
  CHECK(player.keys() == std::vector{60});
  CHECK(midi_from_hz(frames[9].f0) == doctest::Approx(60.0f));
}
