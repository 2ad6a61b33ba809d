// Instruments that change under notes: what is held sounds on in the new one, and what is lifted ends.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "ddsp_rt/live/live.h"
#include "ddsp_rt/playing/notes.h"
#include "made_instrument.h"
#include "measure.h"
#include "realtime_guard.h"
#include "rigs.h"

using namespace rigs;
using ddsp_rt::NoteEvent;
using ddsp_rt::NoteEvents;
using Kind = NoteEvent::Kind;
using measure::peak;
using measure::Sound;

namespace {

constexpr std::size_t kTakeOver = kRate / 10 + kRate / 50;  // samples: warm-up and crossfade
constexpr double kA3 = 220.0;
constexpr int kKey = 57;  // of A3

NoteEvent on(int key, int offset = 0) { return {offset, Kind::kNoteOn, 0, key, 0.8f}; }
NoteEvent off(int key, int offset = 0) { return {offset, Kind::kNoteOff, 0, key, 0.0f}; }
NoteEvent said(Kind kind, float value, int offset = 0) { return {offset, kind, 0, 0, value}; }

/// Notes played live on instruments whose sound is known: a sine at each key.
struct LiveNotes {
  ddsp_rt::Live<ddsp_rt::Notes> door{kRate};

  explicit LiveNotes(const std::optional<Recipe>& recipe = Recipe{}) {
    if (recipe) load(*recipe);
    door.set(Parameter::kRelease, 10.0f);
  }
  void load(const Recipe& recipe) { door.load(make(recipe)); }

  std::vector<float> play(double seconds, std::vector<NoteEvent> events = {}, std::size_t block = kBlock) {
    std::vector<float> out(samples(seconds));
    const NoteEvents all(events, static_cast<int>(out.size()));
    for (std::size_t i = 0; i < out.size(); i += block)
      door.process(all + static_cast<int>(i), out.data() + i, static_cast<int>(std::min(block, out.size() - i)));
    return out;
  }
  std::vector<int> keys() const {
    std::vector<int> keys;
    door.current()->each_note([&](int, int key, const ddsp_rt::Features&) { keys.push_back(key); });
    return keys;
  }
};

/// The largest second difference: what a step or a corner shows as.
double roughness(Sound sound) {
  double most = 0.0;
  for (std::size_t i = 2; i < sound.size(); ++i)
    most = std::max(most, std::fabs(double{sound[i]} - 2.0 * sound[i - 1] + sound[i - 2]));
  return most;
}

}  // namespace

TEST_CASE("A note that is held sounds on in the new instrument, bent as it was, and ends with its key") {
  LiveNotes rig;
  rig.play(0.5, {on(kKey), said(Kind::kBend, 2.0f)});
  rig.load({.amplitude = 0.1f});
  rig.play(0.3);
  REQUIRE(rig.door.swaps() == 2);
  const std::vector<float> held = rig.play(0.3);
  const double bent = kA3 * std::exp2(2.0 / 12.0);
  CHECK(std::abs(measure::cents(measure::frequency(held, bent, kRate), bent)) < 1.0);
  CHECK(measure::amplitude(held, bent, kRate) > 0.01);
  CHECK(peak(Sound(rig.play(0.5, {off(kKey)})).last(samples(0.2))) == 0.0);
}

TEST_CASE("A note under the pedal sounds on in the new instrument, and ends with the pedal") {
  LiveNotes rig;
  rig.play(0.5, {said(Kind::kSustain, 1.0f), on(kKey), off(kKey, 4000)});
  rig.load({});
  rig.play(0.3);
  CHECK(peak(rig.play(0.2)) > 0.01);
  CHECK(peak(Sound(rig.play(0.5, {said(Kind::kSustain, 0.0f)})).last(samples(0.2))) == 0.0);
}

TEST_CASE("Pressure and expression hold from the first frame in the new instrument") {
  const auto loudness = [](const ddsp_rt::Notes& notes) {
    double found = 0.0;
    notes.each_note([&](int, int, const ddsp_rt::Features& features) { found = features.loudness; });
    return found;
  };
  const auto play = [](ddsp_rt::Notes& notes, const std::vector<NoteEvent>& events, std::size_t n) {
    std::vector<float> out(n);
    notes.process(NoteEvents(events, static_cast<int>(n)), out.data(), static_cast<int>(n));
  };
  for (const NoteEvent& event : {said(Kind::kPressure, 1.0f), said(Kind::kExpression, 0.3f)}) {
    ddsp_rt::Notes before(make({}), kRate), after(make({}), kRate);
    play(before, {on(kKey)}, samples(1.0));
    const double plain = loudness(before);
    play(before, {event}, samples(1.0));
    const double swollen = loudness(before);
    REQUIRE(std::abs(swollen - plain) > 5.0);
    after.take_over(before);
    play(after, {}, kRate / 250);
    CHECK(loudness(after) == doctest::Approx(swollen).epsilon(1e-3));
  }
}

TEST_CASE("No event around a change of instrument is lost: not one that waits for its frame, nor one while it fades") {
  for (const int moment : {0, 1, 30, 63, 64, 1000, 1700, 1900}) {
    CAPTURE(moment);
    const double before = 50.0 / kRate;  // within the first frame, so that what comes first still waits
    LiveNotes pressed;
    pressed.play(before, {on(kKey, 20)});
    pressed.load({});
    CHECK(peak(Sound(pressed.play(0.5, {on(kKey + 12, moment)})).last(1000)) > 0.01);
    CHECK(pressed.door.current()->sounding() == 2);

    LiveNotes lifted;
    lifted.play(0.3, {on(kKey), on(kKey + 12)});
    lifted.play(before, {off(kKey, 20)});
    lifted.load({});
    CHECK(peak(Sound(lifted.play(0.5, {off(kKey + 12, moment)})).last(1000)) == 0.0);
    CHECK(lifted.door.current()->sounding() == 0);
  }
}

TEST_CASE("A change of instrument under held notes does not click") {
  for (const std::size_t shift : {0, 13, 63}) {
    LiveNotes rig;
    rig.play(0.5 + static_cast<double>(shift) / kRate, {on(kKey), on(kKey + 7)});
    const double before = roughness(rig.play(0.2));
    rig.load({.amplitude = 0.1f});
    const std::vector<float> change = rig.play(0.3);
    REQUIRE(rig.door.settled());
    CHECK(roughness(change) < 1.5 * before);
    CHECK(measure::amplitude(Sound(change).subspan(kTakeOver, 2000), kA3, kRate) > 0.01);
  }
}

TEST_CASE("A note's attack goes on through a change: it does not begin again") {
  Recipe follows{.follows_loudness = 4.0f};
  const auto level = [&](bool changes) {
    LiveNotes rig(follows);
    rig.door.set(Parameter::kAttack, 1000.0f);
    rig.play(0.3, {on(kKey)});
    if (changes) rig.load(follows);
    rig.play(0.3);
    return measure::amplitude(rig.play(0.1), kA3, kRate);
  };
  CHECK(measure::db(level(true) / level(false)) == doctest::Approx(0.0).epsilon(0.3));
}

TEST_CASE("A note's vibrato goes on through a change: neither its delay nor its swing begins again") {
  LiveNotes changed, left;
  for (LiveNotes* rig : {&changed, &left}) {
    rig->door.set(Parameter::kVibratoDepth, 100.0f);
    rig->door.set(Parameter::kVibratoRate, 3.0f);
    rig->door.set(Parameter::kVibratoDelay, 300.0f);
    rig->play(1.1, {on(kKey)});
  }
  changed.load({});
  const auto cents = [](const LiveNotes& rig) {
    double found = 0.0;
    rig.door.current()->each_note(
        [&](int, int, const ddsp_rt::Features& features) { found = measure::cents(features.f0, kA3); });
    return found;
  };
  double most = 0.0;
  for (int frame = 0; frame < 150; ++frame) {
    changed.play(0.004);
    left.play(0.004);
    most = std::max(most, std::abs(cents(left)));
    CHECK(std::abs(cents(changed) - cents(left)) < 16.0);  // a frame of the swing is 7.5 cents
  }
  CHECK(changed.door.swaps() == 2);
  CHECK(most > 95.0);
}

TEST_CASE("The keys that are down under a slurred one are gone back to after a change") {
  LiveNotes rig;
  rig.door.set(Parameter::kLegato, 1.0f);
  rig.play(0.2, {on(kKey), on(kKey + 7, 1000)});
  rig.load({});
  rig.play(0.3);
  REQUIRE(rig.door.swaps() == 2);
  rig.play(0.1, {off(kKey + 7)});
  CHECK(rig.keys() == std::vector{kKey});
}

TEST_CASE("After a change a glide begins at the key before it, and the oldest note gives its voice") {
  LiveNotes gliding;
  gliding.door.set(Parameter::kGlide, 500.0f);
  gliding.play(0.5, {on(kKey), off(kKey, 1000)});
  gliding.load({});
  gliding.play(0.3);
  gliding.play(0.012, {on(kKey + 12)});
  gliding.door.current()->each_note(
      [](int, int, const ddsp_rt::Features& features) { CHECK(measure::cents(features.f0, kA3) < 300.0); });

  LiveNotes stealing;
  stealing.door.set(Parameter::kVoices, 2.0f);
  stealing.play(0.5, {on(kKey), on(kKey + 4, 100), off(kKey, 200)});
  stealing.play(0.2, {on(kKey + 2)});  // in the first one's voice, and younger than the second
  stealing.load({});
  stealing.play(0.3);
  stealing.play(0.1, {on(kKey + 9)});
  std::vector<int> keys = stealing.keys();
  std::sort(keys.begin(), keys.end());
  CHECK(keys == std::vector{kKey + 2, kKey + 9});
}

TEST_CASE("Notes through a change of instrument fall on the same samples in blocks of any size") {
  const auto change = [](std::size_t block) {
    LiveNotes rig;
    rig.play(0.2, {on(kKey), on(kKey + 4, 100)});
    rig.load({.amplitude = 0.1f, .noise = {0.05f, 0.05f}});
    return rig.play(0.3, {off(kKey, 900), said(Kind::kBend, 1.0f, 1000), on(kKey + 7, 1700), off(kKey + 4, 2500)},
                    block);
  };
  const std::vector<float> whole = change(100000);
  REQUIRE(peak(Sound(whole).last(1000)) > 0.01);
  for (const std::size_t block : {1, 64, 500}) CHECK(change(block) == whole);
}

TEST_CASE("A change of instrument under notes is real-time") {
  LiveNotes rig;
  const std::vector<NoteEvent> events{said(Kind::kSustain, 1.0f), on(kKey), on(kKey + 4, 100), off(kKey, 200)};
  std::vector<float> out(kTakeOver + 1000);
  rig.door.process({events, 1000}, out.data(), 1000);
  rig.load({});
  CHECK(run_guarded([] {},
                    [&] {
                      for (std::size_t i = 0; i + kBlock <= out.size(); i += kBlock)
                        rig.door.process({events, kBlock}, out.data() + i, kBlock);
                    }) == "ok");
  CHECK(rig.door.swaps() == 1);  // the guard plays in a process of its own
}

TEST_CASE("Keys that are held when the first instrument comes sound then, bent as they are; those lifted do not") {
  for (const std::size_t block : {1, 64, 5000}) {
    LiveNotes rig(std::nullopt);
    const auto before = rig.play(0.2,
                                 {on(kKey),
                                  said(Kind::kBend, 2.0f, 5),
                                  on(kKey + 1, 10),
                                  on(kKey + 2, 20),
                                  off(kKey + 1, 900),
                                  {1000, Kind::kNoteOn, 0, kKey + 2, 0.0f}},
                                 block);
    CHECK(peak(before) == 0.0);
    rig.load({});
    const std::vector<float> after = rig.play(0.4, {}, block);
    CHECK(rig.keys() == std::vector{kKey});
    const double bent = kA3 * std::exp2(2.0 / 12.0);
    CHECK(std::abs(measure::cents(measure::frequency(Sound(after).last(3000), bent, kRate), bent)) < 1.0);
    CHECK(peak(Sound(rig.play(0.5, {off(kKey)})).last(samples(0.2))) == 0.0);
  }
}

TEST_CASE("Keys that are held when the first instrument comes sound as hard as they were struck") {
  const auto level = [](float velocity, bool waits) {
    const Recipe follows{.follows_loudness = 4.0f};
    LiveNotes rig(waits ? std::nullopt : std::optional(follows));
    rig.play(0.1, {{0, Kind::kNoteOn, 0, kKey, velocity}});
    if (waits) rig.load(follows);
    rig.play(0.3);
    return measure::db(measure::amplitude(rig.play(0.1), kA3, kRate));
  };
  CHECK(level(1.0f, false) - level(0.2f, false) > 2.0);
  for (const float velocity : {0.2f, 1.0f}) CHECK(std::abs(level(velocity, true) - level(velocity, false)) < 0.1);
}

TEST_CASE("Before the first instrument the pedal holds what it would hold, and everything can be ended") {
  const std::vector<NoteEvent> pedalled{said(Kind::kSustain, 1.0f), on(kKey), on(kKey + 1, 1), off(kKey, 2)};
  const auto left = [&](const std::vector<NoteEvent>& then) {
    LiveNotes rig(std::nullopt);
    rig.play(0.05, pedalled);
    rig.play(0.05, then);
    rig.load({});
    rig.play(0.1);
    return rig.keys();
  };
  CHECK(left({}) == std::vector{kKey, kKey + 1});
  CHECK(left({said(Kind::kSustain, 0.0f)}) == std::vector{kKey + 1});
  CHECK(left({said(Kind::kSustain, 0.0f), off(kKey + 1, 1)}).empty());
  for (const Kind end : {Kind::kAllNotesOff, Kind::kAllSoundOff}) CHECK(left({said(end, 0.0f)}).empty());

  LiveNotes rig(std::nullopt);
  rig.play(0.05, pedalled);
  rig.load({});
  rig.play(0.1);
  CHECK(peak(Sound(rig.play(0.5, {said(Kind::kSustain, 0.0f), off(kKey + 1)})).last(samples(0.2))) == 0.0);

  LiveNotes forgotten(std::nullopt);
  forgotten.play(0.05, pedalled);
  forgotten.door.reset();
  forgotten.load({});
  CHECK(peak(forgotten.play(0.2)) == 0.0);
}

TEST_CASE("A flood of keys before the first instrument leaves the latest, and is real-time") {
  LiveNotes rig(std::nullopt);
  std::vector<NoteEvent> flood;
  for (int key = 0; key < 128; ++key) flood.push_back(on(key));
  std::vector<float> out(kBlock);
  CHECK(run_guarded([] {}, [&] { rig.door.process({flood, kBlock}, out.data(), kBlock); }) == "ok");
  rig.play(0.05, flood);
  rig.load({});
  rig.play(0.05);
  std::vector<int> keys = rig.keys();
  std::sort(keys.begin(), keys.end());
  CHECK(keys == std::vector{120, 121, 122, 123, 124, 125, 126, 127});
}

TEST_CASE("Keys that are held before the first instrument sound at another rate too") {
  LiveNotes before(std::nullopt);
  before.play(0.1, {on(kKey)});
  ddsp_rt::Live<ddsp_rt::Notes> door(2 * kRate, before.door);
  door.load(make({}));
  std::vector<float> out(samples(0.5, 2 * kRate));
  door.process({{}, static_cast<int>(out.size())}, out.data(), static_cast<int>(out.size()));
  CHECK(std::abs(measure::frequency(Sound(out).last(samples(0.3, 2 * kRate)), kA3, 2 * kRate) - kA3) < 0.1);
}
