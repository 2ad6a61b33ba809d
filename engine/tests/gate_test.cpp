// The gate: at which loudness it opens and closes, and what the parameter, the instrument and a fit say to it.
#include "ddsp_rt/playing/gate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "coverage.h"
#include "measure.h"
#include "rigs.h"

using namespace rigs;
using measure::from_db;
using measure::peak;
using measure::Sound;

namespace {

// The control door's level is relative to the 95 % loudness of the training set.
Recipe instrument(float gate_db) { return {.gate_db = gate_db, .loudness_db = {-50.0f, -10.0f}}; }
constexpr double kLoud = -12.0;  // dB: 95 % of the way from -50 to -10

/// Whether a control door that is asked for `db` (A-weighted) after silence, or after a loud note, sounds.
bool sounds(Control& rig, double db, bool after_loud = false) {
  rig.door.reset();
  rig.play(0.1, after_loud ? Note{} : kRest);
  const std::vector<float> out = rig.play(0.1, {.level = from_db(db - kLoud)});
  return peak(Sound(out).last(samples(0.05))) > 0.0;
}

}  // namespace

COVERS(kGate, {coverage::control});
TEST_CASE("The gate opens at the instrument's threshold, moved by the parameter, and closes 6 dB lower") {
  Control rig(instrument(-45.0f));
  for (const float moved : {0.0f, -20.0f, 13.0f}) {
    CAPTURE(moved);
    rig.door.set(Parameter::kGate, moved);
    const double threshold = -45.0 + moved;
    CHECK(sounds(rig, threshold + 0.05));
    CHECK_FALSE(sounds(rig, threshold - 0.05));
    CHECK(sounds(rig, threshold - 5.95, true));
    CHECK_FALSE(sounds(rig, threshold - 6.05, true));
  }
}

COVERS(kLevelInDb, {coverage::control});
TEST_CASE("The control door's level is loudness relative to the training set's 95 %, in either unit") {
  Control rig(instrument(-32.0f));  // 20 dB below
  CHECK(sounds(rig, -31.95));
  CHECK_FALSE(sounds(rig, -32.05));
  rig.door.set(Parameter::kLevelInDb, 1.0f);
  for (const double level : {-19.95, -20.05}) {
    CAPTURE(level);
    rig.door.reset();
    CHECK((peak(rig.play(0.1, {.level = level})) > 0.0) == (level > -20.0));
  }
}

COVERS(kGate, {coverage::audio});
TEST_CASE("A performance opens the gate when its loudness, as fitted, reaches the threshold") {
  Recipe recipe;
  Audio ear(recipe);
  ear.play(0.4, {.level = 0.1});
  const float loudness = ear.door.features().loudness;
  REQUIRE(loudness < -20.0f);
  REQUIRE(loudness > -60.0f);
  const auto opens = [&](float gate_db, float moved, float louder, float fitted_gate) {
    recipe.gate_db = gate_db;
    Audio rig(recipe);
    rig.door.set(Parameter::kGate, moved);
    ddsp_rt::Fitting fitting;
    fitting.loudness = ddsp_rt::LoudnessMap{louder};
    fitting.gate_db = fitted_gate;
    rig.door.set_fitting(fitting);
    // What starts is loud for a moment, so the note grows, over 0.4 s.
    for (int step = 0; step < 40; ++step) rig.play(0.01, {.level = 0.1 * from_db(-20.0 + 0.5 * step)});
    return peak(rig.play(0.2, {.level = 0.1})) > 0.0;
  };
  const float none = ddsp_rt::kSilenceDb, margin = 0.3f;
  CHECK(opens(loudness - margin, 0.0f, 0.0f, none));
  CHECK_FALSE(opens(loudness + margin, 0.0f, 0.0f, none));
  CHECK(opens(loudness + 10.0f - margin, -10.0f, 0.0f, none));
  CHECK_FALSE(opens(loudness - 10.0f + margin, 10.0f, 0.0f, none));
  CHECK(opens(loudness + 7.0f - margin, 0.0f, 7.0f, none));  // the fit's offset counts
  CHECK_FALSE(opens(loudness + 7.0f + margin, 0.0f, 7.0f, none));
  CHECK(opens(-90.0f, 0.0f, 0.0f, loudness + 20.0f));  // a fit's gate is for noise, not for notes
}

COVERS(kGate, {coverage::audio});
TEST_CASE(
    "Noise opens a fit's gate 6 dB above its threshold, which the parameter moves and the fit's offset does not") {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-0.02f, 0.02f);
  std::vector<float> hiss(samples(0.5));
  for (float& sample : hiss) sample = uniform(random);
  Audio ear(Recipe{});
  process(ear.door, hiss);
  const float loudness = ear.door.features().loudness;  // wavers by a decibel or two
  const auto sounds = [&](float fitted_gate, float moved, float louder) {
    Audio rig({.noise = {0.05f, 0.05f}, .gate_db = -95.0f});
    rig.door.set(Parameter::kGate, moved);
    ddsp_rt::Fitting fitting;
    fitting.loudness.offset_db = louder;
    fitting.gate_db = fitted_gate;
    rig.door.set_fitting(fitting);
    rig.play(0.1, kRest);
    return peak(Sound(process(rig.door, hiss)).last(samples(0.2))) > 0.0;
  };
  CHECK(sounds(loudness - 9.0f, 0.0f, 0.0f));
  CHECK_FALSE(sounds(loudness - 3.0f, 0.0f, 0.0f));
  CHECK_FALSE(sounds(loudness - 3.0f, 0.0f, 20.0f));
  CHECK(sounds(loudness - 3.0f, -6.0f, 0.0f));
  CHECK_FALSE(sounds(loudness - 9.0f, 6.0f, 0.0f));
}

TEST_CASE("The gate shuts in five even steps of a frame and opens in one") {
  ddsp_rt::Gate gate(-50.0f);
  CHECK(gate.next(-51.0f) == 0.0f);
  CHECK(gate.next(-50.0f) == 1.0f);
  CHECK(gate.next(-56.0f) == 1.0f);
  for (const float left : {0.8f, 0.6f, 0.4f, 0.2f, 0.0f, 0.0f}) CHECK(gate.next(-57.0f) == doctest::Approx(left));
  CHECK(gate.next(-55.0f) == 0.0f);
  CHECK(gate.next(-49.0f) == 1.0f);
  gate.reset();
  CHECK(gate.next(-52.0f) == 0.0f);
}

TEST_CASE("When the level falls under the gate, harmonics and noise fade within 24 ms to exact zero") {
  Recipe recipe = instrument(-45.0f);
  recipe.noise = {0.05f, 0.05f};
  Control rig(recipe);
  const double loud = peak(rig.play(0.2));
  const std::vector<float> end = rig.play(0.1, {.level = from_db(-60.0 - kLoud)});
  CHECK(peak(Sound(end).subspan(samples(0.008), samples(0.004))) > 0.2 * loud);
  CHECK(peak(Sound(end).subspan(samples(0.030))) == 0.0);
}
