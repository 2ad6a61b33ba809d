// Morph: what lies between two instruments, by what is heard of it.
#include "ddsp_rt/playing/morph.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "coverage.h"
#include "ddsp_rt/analysis/a_weighting.h"
#include "ddsp_rt/live/live.h"
#include "ddsp_rt/playing/notes.h"
#include "ddsp_rt/realtime.h"
#include "ddsp_rt/synthesis/control_blend.h"
#include "measure.h"
#include "realtime_guard.h"
#include "rigs.h"

using namespace rigs;
using ddsp_rt::Instruments;
using ddsp_rt::Notes;
using measure::amplitude;
using measure::db;
using measure::Sound;

namespace {

constexpr double kHertz = 300.0;

Recipe soft_and_dull() {
  return {.amplitude = 0.02f,
          .harmonics = {1.0f, 0.3f, 0.1f, 0.05f},
          .noise = {0.001f, 0.001f},
          .loudness_db = {-60.0f, -20.0f}};
}

// Of another rate, with other numbers of harmonics and bands.
Recipe loud_and_bright() {
  Recipe recipe{.model_rate = 48000, .amplitude = 0.4f, .noise = std::vector<float>(9, 0.01f)};
  recipe.harmonics = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f};
  recipe.pitch_midi = {40.0f, 70.0f};
  recipe.loudness_db = {-40.0f, 0.0f};
  recipe.gate_db = -50.0f;
  return recipe;
}

Recipe partial_alone(std::size_t number, float level) {
  Recipe recipe{.amplitude = level};
  recipe.harmonics.assign(number, 0.0f);
  recipe.harmonics[number - 1] = 1.0f;
  return recipe;
}

template <typename Rig>
std::vector<float> steady(Rig&& rig, float morph, double seconds = 0.5) {
  return settled(rig, Parameter::kMorph, morph, seconds, kHertz);
}

/// A-weighted, dB.
double whole_level(const std::vector<float>& sound, int rate) {
  double power = 0.0;
  for (int h = 1; h * kHertz < 0.45 * rate; ++h)
    power += std::pow(amplitude(sound, h * kHertz, rate), 2.0) * ddsp_rt::a_weighting_power(h * kHertz);
  return 10.0 * std::log10(power);
}

double furthest(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, static_cast<double>(std::abs(a[i] - b[i])));
  return largest;
}

}  // namespace

TYPE_TO_STRING(Audio);
TYPE_TO_STRING(Control);

COVERS(kMorph, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Morph: the ends are the instruments themselves, whatever their formats", Rig, Audio, Control) {
  for (const int rate : {16000, 48000}) {
    CAPTURE(rate);
    const Recipe a = soft_and_dull(), b = loud_and_bright();
    CHECK(steady(Rig(a, b, rate), 0.0f) == steady(Rig(a, rate), 0.0f));
    CHECK(furthest(steady(Rig(a, b, rate), 100.0f), steady(Rig(b, rate), 0.0f)) < 1e-6);
    CHECK(furthest(steady(Rig(b, a, rate), 100.0f), steady(Rig(a, rate), 0.0f)) < 1e-6);
    CHECK(steady(Rig(a, rate), 70.0f) == steady(Rig(a, rate), 0.0f));  // with one instrument there is nowhere to go
  }
}

TEST_CASE_TEMPLATE("Morph: the level goes evenly in dB from one to the other, and each partial with it", Rig, Audio,
                   Control) {
  constexpr int kAt = 48000;
  const auto played = [&](float morph) { return steady(Rig(soft_and_dull(), loud_and_bright(), kAt), morph); };
  const std::vector<float> first = played(0.0f), second = played(100.0f);
  const double from = whole_level(first, kAt), to = whole_level(second, kAt);
  CHECK(to > from + 15.0);
  for (const float morph : {10.0f, 25.0f, 50.0f, 75.0f, 90.0f}) {
    CAPTURE(morph);
    const std::vector<float> between = played(morph);
    CHECK(std::abs(whole_level(between, kAt) - (from + (to - from) * morph / 100.0)) < 0.1);
    for (const int partial : {1, 2}) {
      const auto level = [&](const std::vector<float>& sound) { return db(amplitude(sound, partial * kHertz, kAt)); };
      // Even in dB, but for what brings the whole there.
      CHECK(std::abs(level(between) - level(first) - (level(second) - level(first)) * morph / 100.0) < 3.0);
    }
  }
}

TEST_CASE("Morph: instruments that share no partial do not dip between") {
  const Recipe low = partial_alone(1, 0.1f), high = partial_alone(4, 0.1f);
  const double from = whole_level(steady(Audio(low), 0.0f), kRate), to = whole_level(steady(Audio(high), 0.0f), kRate);
  for (const float morph : {20.0f, 50.0f, 80.0f}) {
    CAPTURE(morph);
    const double level = whole_level(steady(Audio(low, high), morph), kRate);
    CHECK(std::abs(level - (from + (to - from) * morph / 100.0)) < 0.1);
  }
}

TEST_CASE("Morph: muted parts stay mute between two instruments") {
  for (const auto& [parameter, recipe] :
       {std::pair{Parameter::kHarmonicGain, partial_alone(1, 0.2f)},
        std::pair{Parameter::kNoiseGain, Recipe{.amplitude = 0.0f, .noise = {0.05f, 0.05f}}}}) {
    Audio rig(recipe, loud_and_bright());
    rig.door.set(Parameter::kMorph, 50.0f);
    rig.door.set(Parameter::kHarmonicGain, -60.0f);
    rig.door.set(Parameter::kNoiseGain, -60.0f);
    rig.door.set(parameter, -60.0f);
    rig.door.reset();
    CHECK(measure::peak(rig.play(0.5, {.hertz = kHertz})) == 0.0);
  }
}

TEST_CASE("Morph: however faint a tone is, what lies between is a number") {
  const ddsp_rt::FlushDenormals flush;
  const ddsp_rt::ControlFormat format{kRate, 4, 9};
  ddsp_rt::ControlBlend blend(kRate, format, format, 256);
  for (const bool both : {true, false})
    for (float level = 1.0f; level > 0.0f; level *= 0.7f) {
      CAPTURE(level);
      ddsp_rt::Controls faint(4, 9), other(4, 9);
      faint.amplitude = level;
      other.amplitude = both ? level : 0.0f;
      faint.harmonics = other.harmonics = {1.0f, 0.5f, 0.2f, 0.1f};
      blend.mix(static_cast<float>(kHertz), faint, other, 0.5f);
      for (const float x : blend.harmonics()) REQUIRE((x >= 0.0f && x <= 1.0f));
      for (const float x : blend.noise()) REQUIRE(x == 0.0f);
    }
}

TEST_CASE_TEMPLATE("Morph: swept under a note, nothing steps and the level only rises", Rig, Audio, Control) {
  const Recipe low = partial_alone(1, 0.02f), high = partial_alone(1, 0.4f);
  Rig rig(low, high);
  steady(rig, 0.0f);
  rig.door.set(Parameter::kMorph, 100.0f);
  const std::vector<float> sound = rig.play(0.5, {.hertz = kHertz});
  const auto period = static_cast<std::size_t>(kRate / kHertz);
  double before = db(measure::rms(Sound(sound).first(3 * period)));
  for (std::size_t at = period; at + 3 * period <= sound.size(); at += period) {
    const double now = db(measure::rms(Sound(sound).subspan(at, 3 * period)));
    CHECK(now > before - 0.1);
    CHECK(now < before + 5.0);  // 26 dB in all
    before = now;
  }
  CHECK(std::abs(before - db(0.4 / std::sqrt(2.0))) < 0.2);
}

TEST_CASE("Morph: any cutting into blocks gives the same samples while it moves, and a reset begins anew") {
  const auto course = [](std::size_t block) {
    Audio rig(soft_and_dull(), loud_and_bright(), 44100);
    std::vector<float> all;
    for (const float morph : {0.0f, 60.0f, 100.0f, 0.0f}) {
      rig.door.set(Parameter::kMorph, morph);
      const std::vector<float> part = rig.play(0.2, {.hertz = kHertz}, block);
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  };
  const std::vector<float> whole = course(100000);
  CHECK(course(64) == whole);
  CHECK(course(1) == whole);
  Audio rig(soft_and_dull(), loud_and_bright());
  const std::vector<float> first = steady(rig, 30.0f);
  rig.tone = Tone(kRate);
  CHECK(steady(rig, 30.0f) == first);
}

TEST_CASE("Morph: rooms answer by their share, and what rings in one rings out there") {
  Recipe a{.room = std::vector<float>(2000, 0.0f)}, b{.room = std::vector<float>(9000, 0.0f)};
  a.room[1600] = 1.0f;                    // an echo after 0.1 s
  b.room[8000] = 1.0f;                    // after 0.5 s
  const auto echoes = [&](float morph) {  // of a tone of 50 ms
    Control rig(a, b);
    rig.door.set(Parameter::kMorph, morph);
    rig.door.reset();
    std::vector<float> sound = rig.play(0.05, {.hertz = kHertz});
    const std::vector<float> rest = rig.play(0.7, kRest);
    sound.insert(sound.end(), rest.begin(), rest.end());
    const double direct = measure::rms(Sound(sound).first(800));
    return std::pair(measure::rms(Sound(sound).subspan(1600, 800)) / direct,
                     measure::rms(Sound(sound).subspan(8000, 800)) / direct);
  };
  CHECK(std::abs(echoes(0.0f).first - 1.0) < 0.01);
  CHECK(echoes(0.0f).second < 1e-4);
  CHECK(echoes(100.0f).first < 1e-4);
  CHECK(std::abs(echoes(100.0f).second - 1.0) < 0.01);
  const auto [early, late] = echoes(50.0f);
  CHECK(std::abs(early - std::sqrt(0.5)) < 0.01);  // unlike rooms share the power
  CHECK(std::abs(late - std::sqrt(0.5)) < 0.01);

  // One room twice is that room.
  Control same(a, a);
  const std::vector<float> alone = steady(Control(a), 0.0f), between = steady(same, 50.0f);
  CHECK(std::abs(db(measure::rms(between) / measure::rms(alone))) < 0.01);

  // Long after the door has left it.
  Control left(b, a);
  left.door.reset();
  left.play(0.05, {.hertz = kHertz});
  left.door.set(Parameter::kMorph, 100.0f);
  const std::vector<float> after = left.play(0.6, kRest);
  CHECK(measure::rms(Sound(after).subspan(7200, 800)) > 0.1);
}

TEST_CASE("Morph: at the ends the other network rests, and listens for 0.1 s before it is heard") {
  ddsp_rt::Morph morph;
  morph.reset(0.0f);
  morph.step(0.0f);
  CHECK(morph.now().first);
  CHECK_FALSE(morph.now().second);
  for (int frame = 0; frame < 25; ++frame) {
    morph.step(1.0f);
    CHECK(morph.now().second);
    CHECK(morph.now().share == 0.0f);
  }
  float before = 0.0f;
  for (int frame = 0; frame < 50; ++frame) {
    morph.step(1.0f);
    CHECK(morph.now().share >= before);
    CHECK(morph.now().share - before <= 0.2501f);
    before = morph.now().share;
  }
  CHECK(morph.now().share == 1.0f);
  CHECK_FALSE(morph.now().first);
  morph.reset(0.3f);
  CHECK(morph.now().share == 0.3f);
  CHECK((morph.now().first && morph.now().second));
}

TEST_CASE("Morph: an instrument that begins to listen again knows nothing of what it heard before it rested") {
  Recipe first = soft_and_dull(), second{.amplitude = 0.3f, .harmonics = {0.5f, 0.5f, 0.5f, 0.5f}};
  second.life = {.hertz = {200.0f, 2000.0f}, .depth = {0.3f, 0.3f}, .fast = {}};
  Control anew(first, second), again(first, second);
  again.door.set(Parameter::kMorph, 50.0f);
  anew.play(0.5, {.hertz = kHertz});
  again.play(0.5, {.hertz = kHertz});
  again.door.set(Parameter::kMorph, 0.0f);
  for (Control* rig : {&anew, &again}) {
    rig->play(1.0, {.hertz = kHertz});
    rig->door.set(Parameter::kMorph, 100.0f);
    rig->play(0.5, {.hertz = kHertz});
  }
  const std::vector<float> wanted = anew.play(0.5, {.hertz = kHertz}), found = again.play(0.5, {.hertz = kHertz});
  REQUIRE(measure::peak(wanted) > 0.1);
  CHECK(furthest(wanted, found) < 1e-6);
}

TEST_CASE("Morph: a performance is fitted to what lies between both ranges, and the octave stays while morph moves") {
  const Instruments two(make(soft_and_dull()), make(loud_and_bright()));
  const ddsp_rt::TargetQuantiles half = two.quantiles(0.5f);
  for (std::size_t i = 0; i < half.pitch_midi.size(); ++i) {
    const auto middle = [i](const auto& a, const auto& b) { return 0.5f * (a[i] + b[i]); };
    CHECK(half.pitch_midi[i] ==
          doctest::Approx(middle(two.first()->quantiles.pitch_midi, two.second()->quantiles.pitch_midi)));
    CHECK(half.loudness_db[i] ==
          doctest::Approx(middle(two.first()->quantiles.loudness_db, two.second()->quantiles.loudness_db)));
  }
  CHECK(two.gate_db(0.5f) == doctest::Approx(-55.0f));

  const Recipe high{.pitch_midi = {70.0f, 90.0f}}, low{.pitch_midi = {40.0f, 60.0f}};
  Audio rig(high, low);
  rig.door.set(Parameter::kAutoFit, 1.0f);
  rig.play(0.5, kRest);
  rig.play(2.0, {.hertz = 440.0});
  rig.play(0.5, kRest);
  rig.play(1.0, {.hertz = 440.0});
  const int octave = rig.door.fitting().octave;
  for (float morph = 10.0f; morph <= 100.0f; morph += 10.0f) {
    rig.door.set(Parameter::kMorph, morph);
    rig.play(0.3, {.hertz = 440.0});
    CHECK(rig.door.fitting().octave == octave);
  }
  rig.play(0.5, kRest);
  rig.play(0.5, {.hertz = 440.0});
  CHECK(rig.door.fitting().octave < octave);  // after a pause it fits the other
}

TEST_CASE("Morph: nothing that moves between instruments allocates, locks or calls the system") {
  std::unique_ptr<ddsp_rt::Transfer> door;
  const std::vector<float> in(4800, 0.1f);
  std::vector<float> out(4800);
  CHECK(run_guarded(
            [&] {
              door = std::make_unique<ddsp_rt::Transfer>(Instruments(make(soft_and_dull()), make(loud_and_bright())),
                                                         48000);
            },
            [&] {
              for (const float morph : {0.0f, 50.0f, 100.0f, 0.0f}) {
                door->set(Parameter::kMorph, morph);
                for (int i = 0; i < 3; ++i)
                  for (int at = 0; at < 4800; at += 64) door->process(in.data() + at, out.data() + at, 64);
              }
            }) == "ok");
}

COVERS(kMorph, {coverage::notes});
TEST_CASE("Morph: notes play what lies between, each voice for itself, and go on with another instrument") {
  const auto held = [](const Instruments& instruments, float morph) {
    Notes notes(instruments, kRate);
    notes.set(Parameter::kMorph, morph);
    notes.reset();
    const std::vector<ddsp_rt::NoteEvent> press{{0, ddsp_rt::NoteEvent::Kind::kNoteOn, 0, 60, 0.8f},
                                                {0, ddsp_rt::NoteEvent::Kind::kNoteOn, 0, 72, 0.8f}};
    std::vector<float> out(kRate);
    notes.process({press, kRate}, out.data(), kRate);
    notes.process({{}, kRate}, out.data(), kRate);
    return out;
  };
  const auto a = make({.amplitude = 0.02f}), b = make({.amplitude = 0.2f});
  CHECK(held({a, b}, 0.0f) == held(a, 0.0f));
  CHECK(furthest(held({a, b}, 100.0f), held(b, 0.0f)) < 1e-6);
  const std::vector<float> between = held({a, b}, 50.0f);
  for (const double hertz : {261.63, 523.25})
    CHECK(std::abs(db(amplitude(between, hertz, kRate)) - db(std::sqrt(0.02 * 0.2))) < 0.2);

  ddsp_rt::Live<Notes> live(kRate);
  live.set(Parameter::kMorph, 50.0f);
  live.load(a);
  const std::vector<ddsp_rt::NoteEvent> press{{0, ddsp_rt::NoteEvent::Kind::kNoteOn, 0, 60, 0.8f}};
  std::vector<float> out(kRate);
  live.process({press, kRate}, out.data(), kRate);
  CHECK(std::abs(db(amplitude(Sound(out).last(4000), 261.63, kRate)) - db(0.02)) < 0.2);
  live.load(Instruments(a, b));
  live.process({{}, kRate}, out.data(), kRate);
  CHECK(std::abs(db(amplitude(Sound(out).last(4000), 261.63, kRate)) - db(std::sqrt(0.02 * 0.2))) < 0.2);
}

TEST_CASE("Morph: of what nobody hears, notes are given what lies between both instruments") {
  const auto first = make({.amplitude = 0.1f, .follows_balance = 1.0f, .balance_db = -30.0f}),
             second = make({.amplitude = 0.1f, .follows_balance = 1.0f, .balance_db = 20.0f});
  const auto held = [](const Instruments& instruments, float morph, float& balance) {
    Notes notes(instruments, kRate);
    notes.set(Parameter::kMorph, morph);
    notes.reset();
    const std::vector<ddsp_rt::NoteEvent> press{{0, ddsp_rt::NoteEvent::Kind::kNoteOn, 0, 60, 0.8f}};
    std::vector<float> out(kRate);
    notes.process({press, kRate}, out.data(), kRate);
    notes.each_note([&](int, int, const ddsp_rt::Features& features) { balance = features.balance; });
    return out;
  };
  float balance = 0.0f;
  const std::vector<float> dark = held(first, 0.0f, balance), bright = held(second, 0.0f, balance);
  REQUIRE(furthest(dark, bright) > 0.01);
  CHECK(held({first, second}, 0.0f, balance) == dark);
  CHECK(balance == -30.0f);
  CHECK(furthest(held({first, second}, 100.0f, balance), bright) < 1e-6);
  CHECK(balance == 20.0f);
  held({first, second}, 40.0f, balance);
  CHECK(balance == doctest::Approx(-10.0));
}
