// The parameters that the note door shares with the others, and those of its own, each by what it does to the sound.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "coverage.h"
#include "ddsp_rt/live/live.h"
#include "ddsp_rt/playing/notes.h"
#include "made_instrument.h"
#include "measure.h"

using namespace ddsp_rt;
using measure::db;
using measure::Sound;

namespace {

constexpr int kRate = 16000;
constexpr int kKey = 60;
const double kHertz = 440.0 * std::exp2((kKey - 69) / 12.0);

struct Setting {
  Parameter parameter;
  float value;
};

/// A second of a held note after it has settled.
std::vector<float> held(const Recipe& recipe, std::vector<Setting> settings, float velocity = 0.8f) {
  Notes notes(make(recipe), kRate);
  for (const auto& [parameter, value] : settings) notes.set(parameter, value);
  notes.reset();
  const std::vector<NoteEvent> press{{0, NoteEvent::Kind::kNoteOn, 0, kKey, velocity}};
  std::vector<float> out(kRate);
  notes.process({press, kRate}, out.data(), kRate);
  notes.process({{}, kRate}, out.data(), kRate);
  return out;
}

double level_at(const std::vector<float>& sound, double hertz) { return db(measure::amplitude(sound, hertz, kRate)); }

}  // namespace

COVERS(kTranspose, {coverage::notes});
COVERS(kFineTune, {coverage::notes});
TEST_CASE("Notes: transposition and tuning move the pitch by semitones and cents") {
  for (const auto& [parameter, value, cents] :
       {std::tuple{Parameter::kTranspose, -5.0f, -500.0}, {Parameter::kFineTune, 40.0f, 40.0}}) {
    const auto sound = held({}, {{parameter, value}});
    const double wanted = kHertz * std::exp2(cents / 1200.0);
    CHECK(std::abs(measure::cents(measure::frequency(sound, wanted, kRate), wanted)) < 0.5);
  }
}

COVERS(kLife, {coverage::notes});
TEST_CASE("Notes: harmonics of a held note move with life, and voices each in their way") {
  Recipe recipe;
  recipe.harmonics.assign(6, 1.0f);
  recipe.life = {.hertz = {200.0f, 4000.0f}, .depth = {0.5f, 0.5f}, .fast = {}};
  const auto movement = [&](float life) {
    const auto sound = held(recipe, {{Parameter::kLife, life}});
    double low = 1e9, high = -1e9;
    for (std::size_t at = 0; at + kRate / 10 <= sound.size(); at += kRate / 20) {
      const double level = level_at({sound.begin() + static_cast<std::ptrdiff_t>(at),
                                     sound.begin() + static_cast<std::ptrdiff_t>(at + kRate / 10)},
                                    2 * kHertz);
      low = std::min(low, level);
      high = std::max(high, level);
    }
    return high - low;
  };
  CHECK(movement(0.0f) < 0.3);
  CHECK(movement(100.0f) > 2.0);
}

COVERS(kHarmonicGain, {coverage::notes});
COVERS(kNoiseGain, {coverage::notes});
COVERS(kOutputGain, {coverage::notes});
TEST_CASE("Notes: gains are in dB, of the part they name, and the lowest mutes") {
  const Recipe tone, hiss{.amplitude = 0.0f, .noise = std::vector<float>(65, 0.05f)};
  const double tone_level = db(measure::rms(held(tone, {}))), hiss_level = db(measure::rms(held(hiss, {})));
  CHECK(std::abs(db(measure::rms(held(tone, {{Parameter::kHarmonicGain, -9.0f}}))) - tone_level + 9.0) < 0.05);
  CHECK(std::abs(db(measure::rms(held(tone, {{Parameter::kOutputGain, 6.0f}}))) - tone_level - 6.0) < 0.05);
  CHECK(std::abs(db(measure::rms(held(hiss, {{Parameter::kNoiseGain, -9.0f}}))) - hiss_level + 9.0) < 0.05);
  CHECK(measure::peak(held(tone, {{Parameter::kHarmonicGain, -60.0f}})) < 1e-6);
  CHECK(measure::peak(held(hiss, {{Parameter::kNoiseGain, -60.0f}})) < 1e-6);
  CHECK(measure::peak(held(tone, {{Parameter::kOutputGain, -60.0f}})) == 0.0);
}

COVERS(kBrightness, {coverage::notes});
TEST_CASE("Notes: brightness tilts by its dB per octave, and a channel's timbre adds to it") {
  const Recipe recipe{.harmonics = std::vector<float>(8, 0.5f)};
  const auto plain = held(recipe, {}), bright = held(recipe, {{Parameter::kBrightness, 3.0f}});
  const auto tilt = [&](const std::vector<float>& sound) {
    return (level_at(sound, 8 * kHertz) - level_at(sound, kHertz)) -
           (level_at(plain, 8 * kHertz) - level_at(plain, kHertz));
  };
  CHECK(std::abs(tilt(bright) - 9.0) < 0.1);
  Notes notes(make(recipe), kRate);
  const std::vector<NoteEvent> events{{0, NoteEvent::Kind::kNoteOn, 0, kKey, 0.8f},
                                      {0, NoteEvent::Kind::kTimbre, 0, 0, 0.75f}};
  std::vector<float> out(kRate);
  notes.process({events, kRate}, out.data(), kRate);
  notes.process({{}, kRate}, out.data(), kRate);
  CHECK(std::abs(tilt(out) - 9.0) < 0.1);
}

TEST_CASE("Notes: a leap of timbre tilts the spectrum over some frames, not at once") {
  const int key = 72;
  const double hertz = 440.0 * std::exp2((key - 69) / 12.0);
  Notes notes(make({.harmonics = {0.5f, 0.5f}}), kRate);
  const std::vector<NoteEvent> press{{0, NoteEvent::Kind::kTimbre, 0, 0, 0.0f},
                                     {0, NoteEvent::Kind::kNoteOn, 0, key, 0.8f}},
      leap{{0, NoteEvent::Kind::kTimbre, 0, 0, 1.0f}};
  std::vector<float> out(kRate);
  notes.process({press, kRate}, out.data(), kRate);
  const auto tilt = [&](std::size_t at) {  // of 10 ms
    const Sound part = Sound(out).subspan(at, kRate / 100);
    return db(measure::amplitude(part, 2 * hertz, kRate) / measure::amplitude(part, hertz, kRate));
  };
  const double before = tilt(kRate / 2);
  notes.process({leap, kRate}, out.data(), kRate);
  CHECK(std::abs(tilt(kRate / 2) - before - 12.0) < 0.3);
  const double soon = tilt(kRate / kFrameRate) - before;  // from where the leap is answered
  CHECK(soon > 2.0);
  CHECK(soon < 7.0);
}

COVERS(kReverb, {coverage::notes});
TEST_CASE("Notes: one room stands over the sum, by its amount") {
  Recipe recipe;
  recipe.room.assign(200, 0.0f);
  recipe.room[160] = 1.0f;  // an echo after 10 ms
  const auto first = [&](float reverb) {
    Notes notes(make(recipe), kRate);
    notes.set(Parameter::kReverb, reverb);
    notes.set(Parameter::kAttack, 0.0f);
    notes.reset();
    const std::vector<NoteEvent> press{{0, NoteEvent::Kind::kNoteOn, 0, kKey, 0.8f}};
    std::vector<float> out(4000);
    notes.process({press, 4000}, out.data(), 4000);
    return out;
  };
  const auto dry = first(0.0f), wet = first(1.0f), twice = first(2.0f);
  double off = 0.0;
  for (std::size_t i = 160; i < dry.size(); ++i) {
    off = std::max(off, std::abs(static_cast<double>(wet[i]) - dry[i] - dry[i - 160]));
    off = std::max(off, std::abs(static_cast<double>(twice[i]) - dry[i] - 2.0 * dry[i - 160]));
  }
  CHECK(off < 1e-5);
}

COVERS(kGate, {coverage::notes});
TEST_CASE("Notes: a gate above the softest key's loudness silences that key, not a louder one") {
  const Recipe recipe;  // gate -60 dB, keys from -48 to -12
  const std::vector<Setting> gate{{Parameter::kGate, 30.0f}};
  CHECK(measure::peak(held(recipe, gate, 1.0f / 127.0f)) == 0.0);
  CHECK(measure::peak(held(recipe, gate, 1.0f)) > 0.1);
  CHECK(measure::peak(held(recipe, {}, 1.0f / 127.0f)) > 0.1);
}

COVERS(kVelocityCurve, {coverage::notes});
TEST_CASE("Notes: the velocity curve bends the middle and leaves the ends") {
  const Recipe recipe{.follows_loudness = 4.0f};
  const auto level = [&](float curve, float velocity) {
    return db(measure::rms(held(recipe, {{Parameter::kVelocityCurve, curve}}, velocity)));
  };
  CHECK(level(-1.0f, 0.5f) > level(0.0f, 0.5f) + 1.0);
  CHECK(level(1.0f, 0.5f) < level(0.0f, 0.5f) - 1.0);
  for (const float end : {1.0f / 127.0f, 1.0f}) CHECK(std::abs(level(1.0f, end) - level(-1.0f, end)) < 0.05);
}

COVERS(kVoices, {coverage::notes});
TEST_CASE("Notes: no more sound at once than there are voices, and fewer at once when their number falls") {
  Notes notes(make({}), kRate);
  notes.set(Parameter::kVoices, 3.0f);
  std::vector<NoteEvent> press;
  for (int key = 60; key < 66; ++key) press.push_back({0, NoteEvent::Kind::kNoteOn, 0, key, 0.8f});
  std::vector<float> out(kRate);
  notes.process({press, 1000}, out.data(), 1000);
  CHECK(notes.sounding() == 3);
  std::vector<int> keys;
  notes.each_note([&](int, int key, const Features&) { keys.push_back(key); });
  std::sort(keys.begin(), keys.end());
  CHECK(keys == std::vector{63, 64, 65});
  notes.set(Parameter::kVoices, 1.0f);
  notes.process({{}, kRate}, out.data(), kRate);
  CHECK(notes.sounding() == 1);
}

// By what the network hears, in notes_test.cpp.
COVERS(kGlide, {coverage::notes});
COVERS(kLegato, {coverage::notes});
COVERS(kAttack, {coverage::notes});
COVERS(kDecay, {coverage::notes});
COVERS(kSustain, {coverage::notes});
COVERS(kRelease, {coverage::notes});
COVERS(kVibratoRate, {coverage::notes});
COVERS(kVibratoDepth, {coverage::notes});
COVERS(kVibratoDelay, {coverage::notes});

TEST_CASE(
    "Notes: until they are set, attack and vibrato are the instrument's own, or the table's where it says nothing") {
  const NoteManner own{.attack = 120.0f, .vibrato_rate = 6.5f, .vibrato_depth = 17.0f, .vibrato_delay = 80.0f};
  const std::pair<Parameter, float> told[] = {{Parameter::kAttack, 120.0f},
                                              {Parameter::kVibratoRate, 6.5f},
                                              {Parameter::kVibratoDepth, 17.0f},
                                              {Parameter::kVibratoDelay, 80.0f}};
  for (const auto& pair : told) {  // clang before 16 lets no lambda, which CAPTURE is, use a structured binding
    const auto parameter = pair.first;
    const float value = pair.second;
    CAPTURE(info(parameter).name);
    Notes notes(make({.notes = own}), kRate), plain(make({}), kRate);
    CHECK(notes.parameters()[parameter] == value);
    CHECK(plain.parameters()[parameter] == info(parameter).initial);
    notes.set(parameter, info(parameter).initial);  // set, though to what the table has
    CHECK(notes.parameters()[parameter] == info(parameter).initial);
    notes.set(parameter, std::nanf(""));
    CHECK(notes.parameters()[parameter] == value);
  }
}

TEST_CASE("Notes: what is set stays through a change of instrument, and what is left alone is the new one's own") {
  Live<Notes> live(kRate);
  std::vector<float> out(kRate / 2);
  const auto play = [&](float attack, float depth) {
    Recipe recipe;
    recipe.notes.attack = attack;
    recipe.notes.vibrato_depth = depth;
    live.load(make(recipe));
    live.process({{}, kRate / 2}, out.data(), kRate / 2);
  };
  live.set(Parameter::kAttack, 5.0f);
  play(120.0f, 20.0f);
  CHECK(live.parameters()[Parameter::kAttack] == 5.0f);
  CHECK(live.parameters()[Parameter::kVibratoDepth] == 20.0f);
  play(50.0f, 30.0f);
  CHECK(live.current()->parameters()[Parameter::kAttack] == 5.0f);
  CHECK(live.current()->parameters()[Parameter::kVibratoDepth] == 30.0f);
}

TEST_CASE("Notes: an instrument's own vibrato and attack are heard") {
  Notes notes(make({.notes = {.attack = 400.0f, .vibrato_rate = 5.0f, .vibrato_depth = 50.0f, .vibrato_delay = 0.0f}}),
              kRate);
  const std::vector<NoteEvent> press{{0, NoteEvent::Kind::kNoteOn, 0, kKey, 0.8f}};
  std::vector<float> out(kRate);
  float loudest_early = kSilenceDb;
  notes.process({press, kRate / 5}, out.data(), kRate / 5);
  notes.each_note([&](int, int, const Features& features) { loudest_early = features.loudness; });
  notes.process({{}, kRate}, out.data(), kRate);
  notes.each_note([&](int, int, const Features& features) { CHECK(features.loudness > loudest_early + 15.0f); });
  double low = 1e9, high = 0.0;
  for (const auto& [end, hertz] : measure::periods(Sound(out).last(kRate / 2), kRate)) {
    low = std::min(low, hertz);
    high = std::max(high, hertz);
  }
  CHECK(measure::cents(high, kHertz) == doctest::Approx(50.0).epsilon(0.05));
  CHECK(measure::cents(low, kHertz) == doctest::Approx(-50.0).epsilon(0.05));
}
