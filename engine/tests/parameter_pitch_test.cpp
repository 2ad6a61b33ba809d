// Transpose, fine tune and glide, measured in the pitch that sounds.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "coverage.h"
#include "measure.h"
#include "rigs.h"

using namespace rigs;
using measure::cents;

namespace {

// A pure tone at the pitch that the instrument is asked for.
Recipe sine() { return {}; }

// How far the trackers of an audio door may be off, and none for a control door.
template <typename Rig>
constexpr double kSlack = Rig::kHears ? 3.0 : 0.1;  // cents

/// Hz of a steady note once it has settled.
template <typename Rig>
double steady(Rig& rig, double hertz, double expected) {
  rig.play(0.4, {.hertz = hertz});
  return measure::frequency(rig.play(0.2, {.hertz = hertz}), expected, rig.rate);
}

/// Seconds after which the pitch has gone `share` of the way from `from` to `to` Hz for good, in semitones.
double arrival(const std::vector<float>& sound, double from, double to, double share, int rate) {
  double at = 0.0;
  for (const auto& [end, hertz] : measure::periods(sound, rate))
    if (std::log(hertz / from) / std::log(to / from) < share) at = end;
  return at / rate;
}

}  // namespace

TYPE_TO_STRING(Audio);
TYPE_TO_STRING(Control);

COVERS(kTranspose, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Transpose moves the pitch by its semitones", Rig, Audio, Control) {
  for (const float semitones : {-13.0f, -0.5f, 7.0f, 24.0f}) {
    CAPTURE(semitones);
    Rig rig(sine());
    rig.door.set(Parameter::kTranspose, semitones);
    const double expected = 300.0 * std::exp2(semitones / 12.0);
    CHECK(std::abs(cents(steady(rig, 300.0, expected), expected)) < kSlack<Rig>);
  }
}

COVERS(kFineTune, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Fine tune moves the pitch by its cents, on top of transpose", Rig, Audio, Control) {
  for (const float fine : {-100.0f, -30.0f, 45.0f}) {
    CAPTURE(fine);
    Rig rig(sine());
    rig.door.set(Parameter::kTranspose, 5.0f);
    rig.door.set(Parameter::kFineTune, fine);
    const double expected = 300.0 * std::exp2((5.0 + fine / 100.0) / 12.0);
    CHECK(std::abs(cents(steady(rig, 300.0, expected), expected)) < kSlack<Rig>);
  }
}

TEST_CASE_TEMPLATE("A transposition is a new note at once, without glide", Rig, Audio, Control) {
  Rig rig(sine());
  rig.play(0.4, {.hertz = 400.0});
  rig.door.set(Parameter::kTranspose, 12.0f);
  const std::vector<float> sound = rig.play(0.1, {.hertz = 400.0});
  CHECK(arrival(sound, 400.0, 800.0, 0.98, rig.rate) < 0.012);  // the frame being played, and one to cross over
}

COVERS(kGlide, {coverage::control});
TEST_CASE("A glide is 95 % there, in semitones, when its time is over, and goes by an exponential") {
  for (const double milliseconds : {60.0, 250.0, 1000.0}) {
    CAPTURE(milliseconds);
    for (const double to : {600.0, 200.0}) {
      CAPTURE(to);
      Control rig(sine());
      rig.door.set(Parameter::kGlide, static_cast<float>(milliseconds));
      rig.play(0.1, {.hertz = 300.0});
      const std::vector<float> sound = rig.play(2.5 * milliseconds / 1000.0, {.hertz = to});
      // A frame may pass before the note is read, pitch moves in frames of 4 ms, and it is read from whole periods.
      const double slack = 0.012, seconds = milliseconds / 1000.0;
      CHECK(std::abs(arrival(sound, 300.0, to, 0.95, kRate) - seconds) < slack + 0.02 * seconds);
      CHECK(std::abs(arrival(sound, 300.0, to, 1.0 - std::exp(-1.0), kRate) - seconds / 3.0) < slack + 0.02 * seconds);
    }
  }
}

COVERS(kGlide, {coverage::audio});
TEST_CASE("A performance glides from note to note in the same time, behind the ear that follows it") {
  const auto arrives = [](float milliseconds) {
    Audio rig(sine());
    rig.door.set(Parameter::kGlide, milliseconds);
    rig.play(0.5, {.hertz = 300.0});
    return arrival(rig.play(0.9, {.hertz = 450.0}), 300.0, 450.0, 0.95, kRate);
  };
  CHECK(std::abs(arrives(300.0f) - arrives(0.0f) - 0.3) < 0.02);
}

TEST_CASE_TEMPLATE("Without glide a note is there with the frame that asks for it, and so is the first note of all",
                   Rig, Control) {
  Rig rig(sine());
  rig.play(0.1, {.hertz = 300.0});
  CHECK(arrival(rig.play(0.1, {.hertz = 500.0}), 300.0, 500.0, 0.98, kRate) < 0.012);
  rig.door.set(Parameter::kGlide, 1000.0f);
  rig.door.reset();
  const std::vector<float> first = rig.play(0.2, {.hertz = 700.0});
  CHECK(std::abs(cents(measure::frequency(measure::Sound(first).subspan(200), 700.0, kRate), 700.0)) < 0.5);
}
