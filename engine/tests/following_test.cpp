// Learning and following: when a performance is fitted, to what, and how fast.
#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "coverage.h"
#include "measure.h"
#include "rigs.h"

using namespace rigs;
using measure::from_db;
using measure::Sound;

namespace {

constexpr double kLow = 87.3;  // Hz, F2: two octaves below what the instrument plays

// A pure tone from G3 to C#6, its middle at -30 dB.
Recipe violin() { return {}; }
Recipe cello() { return {.pitch_midi = {36.0f, 60.0f}}; }

int octave(const Audio& rig) { return rig.door.fitting().octave; }

/// Hz of what sounds at the end of what was played.
double pitch(const std::vector<float>& sound, double near) {
  return measure::frequency(Sound(sound).last(samples(0.1)), near, kRate);
}

std::vector<float> hiss(double seconds) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-0.1f, 0.1f);
  std::vector<float> noise(samples(seconds));
  for (float& sample : noise) sample = uniform(random);
  return noise;
}

}  // namespace

TEST_CASE("Learning takes five seconds in which a pitch sounds; rests and breath do not count") {
  Audio rig(violin());
  rig.door.learn();
  rig.play(2.5, {.hertz = kLow});
  rig.play(3.0, kRest);
  process(rig.door, hiss(3.0));
  rig.play(2.3, {.hertz = kLow});  // 4.8 s so far
  CHECK(rig.door.learning());
  CHECK(octave(rig) == 0);
  const std::vector<float> last = rig.play(0.5, {.hertz = kLow});
  CHECK_FALSE(rig.door.learning());
  CHECK(octave(rig) == 2);
  CHECK(std::abs(measure::cents(pitch(last, 4 * kLow), 4 * kLow)) < 10.0);
}

TEST_CASE("What was learnt stays: nothing that is played later moves it") {
  Audio rig(violin());
  rig.door.learn();
  rig.play(5.3, {.hertz = kLow});
  REQUIRE_FALSE(rig.door.learning());
  const float at = rig.door.fitting().loudness(-30.0f);
  rig.play(0.5, kRest);
  rig.play(6.0, {.hertz = 700.0, .level = 0.05});
  CHECK(octave(rig) == 2);
  CHECK(rig.door.fitting().loudness(-30.0f) == at);
}

TEST_CASE("To learn is to forget what was heard before; a fitting given by hand ends it") {
  Audio rig(violin());
  rig.door.learn();
  rig.play(4.5, {.hertz = kLow});
  rig.door.learn();
  rig.play(4.5, {.hertz = 500.0});
  CHECK(rig.door.learning());
  rig.play(0.8, {.hertz = 500.0});
  CHECK_FALSE(rig.door.learning());
  CHECK(octave(rig) == 0);

  rig.door.learn();
  ddsp_rt::Fitting down;
  down.octave = -1;
  rig.door.set_fitting(down);
  CHECK_FALSE(rig.door.learning());
  rig.play(5.5, {.hertz = kLow});
  CHECK(octave(rig) == -1);
}

// What a performance at one level is brought to: the mean of the quantiles from 50 to 95 % of -50 to -10 dB.
constexpr double kFitted = -19.0;

TEST_CASE("A learnt fit brings a soft performance to where the instrument plays out") {
  Audio rig(violin());
  rig.door.learn();
  rig.play(5.3, {.level = 0.05});
  CHECK(rig.door.fitting().loudness(rig.door.features().loudness) == doctest::Approx(kFitted).epsilon(0.02));
}

COVERS(kAutoFit, {coverage::audio});
TEST_CASE("Auto-fit changes the octave in a silence of 0.2 s, never while something sounds") {
  Audio rig(violin());
  rig.door.set(Parameter::kAutoFit, 1.0f);
  const std::vector<float> held = rig.play(4.0, {.hertz = kLow});
  CHECK(octave(rig) == 0);
  CHECK(std::abs(measure::cents(pitch(held, kLow), kLow)) < 10.0);
  rig.play(0.15, kRest);  // tongued: too short for a new octave
  const std::vector<float> again = rig.play(0.5, {.hertz = kLow});
  CHECK(octave(rig) == 0);
  CHECK(std::abs(measure::cents(pitch(again, kLow), kLow)) < 10.0);
  rig.play(0.4, kRest);
  CHECK(octave(rig) == 2);
  const std::vector<float> moved = rig.play(0.5, {.hertz = kLow});
  CHECK(std::abs(measure::cents(pitch(moved, 4 * kLow), 4 * kLow)) < 10.0);
}

TEST_CASE("Without auto-fit nothing is fitted, and what it fitted stays when it is turned off") {
  Audio rig(violin());
  rig.play(3.0, {.hertz = kLow});
  rig.play(0.5, kRest);
  rig.play(0.5, {.hertz = kLow});
  CHECK(octave(rig) == 0);
  CHECK(rig.door.fitting().loudness(-40.0f) == -40.0f);
  rig.door.set(Parameter::kAutoFit, 1.0f);
  rig.play(1.0, {.hertz = kLow});
  rig.play(0.5, kRest);
  REQUIRE(octave(rig) == 2);
  rig.door.set(Parameter::kAutoFit, 0.0f);
  const float at = rig.door.fitting().loudness(-40.0f);
  rig.play(1.0, {.hertz = 500.0});
  rig.play(0.5, kRest);
  CHECK(octave(rig) == 2);
  CHECK(rig.door.fitting().loudness(-40.0f) == at);
}

TEST_CASE("Auto-fit moves loudness by a twentieth of the way, and at least 0.1 dB, every tenth of a second") {
  Audio rig(violin());
  const Note soft{.level = 0.1};
  rig.play(0.5, soft);
  const float heard = rig.door.features().loudness;
  REQUIRE(heard < -33.0f);
  REQUIRE(heard > -37.0f);
  rig.door.set(Parameter::kAutoFit, 1.0f);
  rig.play(0.4, soft);  // not half a second yet
  CHECK(rig.door.fitting().loudness(heard) == heard);
  float left = heard - static_cast<float>(kFitted);
  for (int tenth = 0; tenth < 80; ++tenth) {
    const float before = left;
    rig.play(0.1, soft);
    left = rig.door.fitting().loudness(heard) - static_cast<float>(kFitted);
    CHECK(std::abs(left - before) < 0.06f * std::abs(before) + 0.1f);
  }
  CHECK(std::abs(left) < 0.3f);
}

TEST_CASE("Auto-fit forgets: what was played half a minute ago gives way to what is played now") {
  Audio rig(violin());
  rig.door.set(Parameter::kAutoFit, 1.0f);
  const auto phrase = [&](double hertz, int notes) {
    for (int i = 0; i < notes; ++i) {
      rig.play(0.7, {.hertz = hertz});
      rig.play(0.3, kRest);
    }
  };
  phrase(kLow, 8);
  REQUIRE(octave(rig) == 2);
  phrase(6 * kLow, 60);  // 588 Hz; the low notes count 7 parts in 100 of what they did, or 1 in 100 of all
  CHECK(octave(rig) == 0);
}

TEST_CASE("Learning is not disturbed by auto-fit, which goes on after it") {
  Audio rig(violin());
  rig.door.set(Parameter::kAutoFit, 1.0f);
  rig.door.learn();
  rig.play(2.0, {.hertz = kLow});
  rig.play(0.5, kRest);
  CHECK(octave(rig) == 0);
  CHECK(rig.door.fitting().loudness(-40.0f) == -40.0f);
  rig.play(3.5, {.hertz = kLow});
  CHECK_FALSE(rig.door.learning());
  CHECK(octave(rig) == 2);
}

TEST_CASE("A fit follows the instrument: a low voice moves to a violin and stays on a cello") {
  for (const bool low_instrument : {false, true}) {
    Audio rig(low_instrument ? cello() : violin());
    rig.door.learn();
    rig.play(5.3, {.hertz = kLow});
    CHECK(octave(rig) == (low_instrument ? 0 : 2));
  }
}

TEST_CASE("The fitted octave and loudness are what sounds") {
  Recipe recipe;
  recipe.amplitude = 1e-3f;
  recipe.follows_loudness = 3.0f;
  const auto level = [&](float offset_db, double input, int octaves) {
    Audio rig(recipe);
    ddsp_rt::Fitting fitting;
    fitting.octave = octaves;
    fitting.loudness = ddsp_rt::LoudnessMap{offset_db};
    rig.door.set_fitting(fitting);
    rig.play(0.5, {.level = input});
    const std::vector<float> sound = rig.play(0.1, {.level = input});
    const double hertz = 300.0 * std::exp2(octaves);
    CHECK(std::abs(measure::cents(measure::frequency(sound, hertz, kRate), hertz)) < 5.0);
    return measure::db(measure::amplitude(sound, hertz, kRate));
  };
  const double louder = level(0.0f, 0.2 * from_db(6.0), 0);
  CHECK(louder - level(0.0f, 0.2, 0) > 2.0);
  CHECK(level(6.0f, 0.2, 0) == doctest::Approx(louder).epsilon(0.003));
  CHECK(level(6.0f, 0.2, 1) == doctest::Approx(louder).epsilon(0.003));
}
