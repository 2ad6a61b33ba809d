// The control door's signals: pitch, the modulator's depth, and what a rest is.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "coverage.h"
#include "measure.h"
#include "rigs.h"

using namespace rigs;
using measure::Sound;

namespace {

std::vector<float> constant(double seconds, float value) { return std::vector<float>(samples(seconds), value); }

double pitch(const std::vector<float>& sound, double near) {
  return measure::frequency(Sound(sound).last(samples(0.1)), near, kRate);
}

}  // namespace

COVERS(kRatio, {coverage::control});
TEST_CASE("A modulator of m shifts the frequency to f (1 + r m)") {
  Control rig({});
  for (const auto& shift : {std::pair{0.25f, 1.0f}, {0.5f, -0.6f}, {-2.0f, 0.1f}, {0.0f, 1.0f}}) {
    const float ratio = shift.first, modulator = shift.second;
    CAPTURE(ratio);
    rig.door.set(Parameter::kRatio, ratio);
    const double expected = 400.0 * (1.0 + ratio * modulator);
    const std::vector<float> sound = rig.play(constant(0.3, 400.0f), constant(0.3, 1.0f), constant(0.3, modulator));
    CHECK(std::abs(pitch(sound, expected) - expected) < 0.05);
  }
}

TEST_CASE("A ratio that is no number is none, and a huge one is held at 1000") {
  Control rig({});
  rig.door.set(Parameter::kRatio, std::numeric_limits<float>::quiet_NaN());
  CHECK(std::abs(pitch(rig.play(constant(0.2, 400.0f), constant(0.2, 1.0f), constant(0.2, 1.0f)), 400.0) - 400.0) <
        0.05);
  rig.door.set(Parameter::kRatio, 1e9f);
  const double expected = 400.0 * (1.0 + 1000.0 * 0.001);
  const std::vector<float> sound = rig.play(constant(0.3, 400.0f), constant(0.3, 1.0f), constant(0.3, 0.001f));
  CHECK(std::abs(pitch(sound, expected) - expected) < 0.05);
}

TEST_CASE("A ratio that is moved slides the pitch through a frame, without a step") {
  Control rig({});
  const float hertz = 2000.0f;
  rig.play(constant(0.2, hertz), constant(0.2, 1.0f), constant(0.2, 1.0f));
  rig.door.set(Parameter::kRatio, 1.0f);
  const std::vector<float> sound = rig.play(constant(0.1, hertz), constant(0.1, 1.0f), constant(0.1, 1.0f));
  int between = 0;
  for (const auto& [end, heard] : measure::periods(sound, kRate)) between += heard > 2300.0 && heard < 3700.0;
  CHECK(between >= 4);  // of the ten or so that fall into a frame
  CHECK(std::abs(pitch(sound, 4000.0) - 4000.0) < 1.0);
}

TEST_CASE("The largest modulator there is leaves nothing behind") {
  Control rig({});
  rig.door.set(Parameter::kRatio, 1000.0f);
  for (const float extreme : {std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest()}) {
    for (const float sample : rig.play(constant(0.1, 400.0f), constant(0.1, 1.0f), constant(0.1, extreme)))
      REQUIRE(std::isfinite(sample));
    const std::vector<float> sound = rig.play(constant(0.3, 400.0f), constant(0.3, 1.0f), constant(0.3, 0.0f));
    CHECK(std::abs(pitch(sound, 400.0) - 400.0) < 0.05);
  }
}

TEST_CASE("Harmonics that a modulator drives beyond Nyquist fall silent instead of folding back") {
  Control rig({.harmonics = {0.5f, 0.5f}});
  rig.door.set(Parameter::kRatio, 1.0f);
  const std::vector<float> sound = rig.play(constant(0.3, 3000.0f), constant(0.3, 1.0f), constant(0.3, 0.5f));
  const Sound end = Sound(sound).last(samples(0.1));
  CHECK(measure::amplitude(end, 4500.0, kRate) > 0.05);
  CHECK(measure::amplitude(end, kRate - 9000.0, kRate) < 1e-5);
}

TEST_CASE("A modulator that is no number is none, then and later") {
  Control rig({}), plain({});
  for (Control* each : {&rig, &plain}) each->door.set(Parameter::kRatio, 1.0f);
  std::vector<float> strange = constant(0.2, 0.0f);
  strange[1000] = std::numeric_limits<float>::quiet_NaN();
  strange[1001] = std::numeric_limits<float>::infinity();
  strange[1002] = -std::numeric_limits<float>::infinity();
  const std::vector<float> pitches = constant(0.2, 400.0f), level = constant(0.2, 1.0f);
  CHECK(rig.play(pitches, level, strange) == plain.play(pitches, level, constant(0.2, 0.0f)));
}

TEST_CASE("The pitch asked for is played to a tenth of a cent, from 20 Hz to 6 kHz") {
  for (const float hertz : {20.0f, 55.0f, 440.0f, 3000.0f, 6000.0f}) {
    CAPTURE(hertz);
    Control rig({});
    const std::vector<float> sound = rig.play(constant(1.0, hertz), constant(1.0, 1.0f), constant(1.0, 0.0f));
    CHECK(std::abs(measure::cents(measure::frequency(Sound(sound).last(samples(0.8)), hertz, kRate), hertz)) < 0.1);
  }
}

TEST_CASE("A rest holds the pitch while it fades, and a value for each frame is read at its first sample") {
  Control rig({});
  rig.play(0.2, {.hertz = 440.0});
  const std::vector<float> fading = rig.play(0.02, {.hertz = -1.0});
  CHECK(measure::peak(fading) > 0.1);
  for (const auto& [end, hertz] : measure::periods(Sound(fading).first(samples(0.016)), kRate))
    CHECK(std::abs(measure::cents(hertz, 440.0)) < 5.0);
}

COVERS(kMeanZ, {coverage::audio});
TEST_CASE(
    "The control door plays the mean timbre of an instrument with z, and so does a performance that asks for it") {
  Recipe recipe;
  recipe.amplitude = 1e-2f;
  recipe.follows_z = 3.0f;
  Control told(recipe);
  told.play(0.2);
  const double mean = measure::peak(told.play(0.1));
  CHECK(mean == doctest::Approx(0.01).epsilon(0.05));
  Audio hearing(recipe);
  hearing.play(0.4);
  const double own = measure::peak(hearing.play(0.1));
  CHECK(std::abs(measure::db(own / mean)) > 1.0);
  hearing.door.set(Parameter::kMeanZ, 1.0f);
  hearing.play(0.4);
  CHECK(measure::peak(hearing.play(0.1)) == doctest::Approx(mean).epsilon(0.01));
}
