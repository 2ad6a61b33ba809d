// Instruments that change while they play, sample by sample; and the bypass.
#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "measure.h"
#include "rigs.h"

using namespace rigs;
using measure::peak;
using measure::Sound;

namespace {

constexpr std::size_t kWarmUp = kRate / 10, kFade = kRate / 50;  // samples

Recipe sounding() { return {}; }
Recipe silent() { return {.amplitude = 0.0f}; }
Recipe hiss() { return {.amplitude = 0.0f, .noise = {0.05f, 0.05f}}; }

/// Plays blocks until the instrument that was loaded sounds.
template <typename Rig>
void take_over(Rig& rig, const Note& note = {}) {
  for (int i = 0; i < 100 && !rig.door.settled(); ++i) rig.play(0.01, note);
  REQUIRE(rig.door.settled());
}

double angle(std::size_t into_fade) {
  return 0.5 * std::numbers::pi * static_cast<double>(into_fade) / static_cast<double>(kFade);
}

}  // namespace

TYPE_TO_STRING(LiveAudio);
TYPE_TO_STRING(LiveControl);

TEST_CASE_TEMPLATE("A new instrument listens for 0.1 s before it is heard, then the old one fades as a cosine", Rig,
                   LiveAudio, LiveControl) {
  Rig rig(sounding()), undisturbed(sounding());
  rig.play(0.5);
  undisturbed.play(0.5);
  rig.load(silent());
  const std::vector<float> out = rig.play(0.2), old = undisturbed.play(0.2);
  REQUIRE(peak(old) > 0.2);
  CHECK(std::equal(out.begin(), out.begin() + kWarmUp, old.begin()));
  double off = 0.0;
  for (std::size_t i = 0; i < kFade; ++i)
    off = std::max(off, std::abs(out[kWarmUp + i] - old[kWarmUp + i] * std::cos(angle(i))));
  CHECK(off < 1e-4);
  CHECK(peak(Sound(out).subspan(kWarmUp + kFade)) < 1e-4);
  CHECK(rig.door.swaps() == 2);
}

TEST_CASE_TEMPLATE("A new instrument comes in as a sine, playing what it would have played from the start", Rig,
                   LiveAudio, LiveControl) {
  Rig rig(silent());
  rig.play(0.5);
  rig.load(hiss());
  Rig alone(hiss());  // hears the same, from the same moment
  if constexpr (Rig::kHears) alone.tone = rig.tone;
  const std::vector<float> out = rig.play(0.3), fresh = alone.play(0.3);
  REQUIRE(peak(Sound(fresh).subspan(kWarmUp)) > 0.01);
  CHECK(peak(Sound(out).first(kWarmUp)) < 1e-4);
  double off = 0.0;
  for (std::size_t i = 0; i < kFade; ++i)
    off = std::max(off, std::abs(out[kWarmUp + i] - fresh[kWarmUp + i] * std::sin(angle(i))));
  CHECK(off < 1e-4);
  const auto over = static_cast<std::ptrdiff_t>(kWarmUp + kFade);
  CHECK(std::equal(out.begin() + over, out.end(), fresh.begin() + over));
}

TEST_CASE_TEMPLATE("A change of instrument falls on the same samples in blocks of any size", Rig, LiveAudio,
                   LiveControl) {
  const auto change = [](std::size_t block) {
    Rig rig(sounding());
    rig.play(0.5);
    rig.load(hiss());
    return rig.play(0.2, {}, block);
  };
  const std::vector<float> whole = change(100000);
  for (const std::size_t block : {1, 64, 500}) CHECK(change(block) == whole);
}

TEST_CASE_TEMPLATE("A parameter set before, during or after a change counts for the new instrument", Rig, LiveAudio,
                   LiveControl) {
  for (const int moment : {0, 1, 2}) {
    CAPTURE(moment);
    Rig rig(sounding());
    const auto set = [&](int now) {
      if (now == moment) rig.door.set(Parameter::kTranspose, 12.0f);
    };
    rig.play(0.5);
    set(0);
    rig.load(sounding());
    rig.play(0.05);
    CHECK_FALSE(rig.door.settled());
    set(1);
    take_over(rig);
    set(2);
    rig.play(0.3);
    CHECK(rig.door.parameters()[Parameter::kTranspose] == 12.0f);
    CHECK(std::abs(measure::cents(measure::frequency(rig.play(0.1), 600.0, kRate), 600.0)) < 5.0);
  }
}

TEST_CASE("Learning goes on through a change, and what was learnt is fitted to the new instrument at once") {
  const Note low{.hertz = 87.3};
  LiveAudio rig(sounding());
  rig.door.learn();
  rig.play(3.0, low);
  rig.load(sounding());
  take_over(rig, low);
  rig.play(1.5, low);
  CHECK(rig.door.current()->learning());
  rig.play(0.7, low);
  CHECK_FALSE(rig.door.current()->learning());
  CHECK(rig.door.fitting().octave == 2);
  rig.load({.pitch_midi = {36.0f, 60.0f}});
  take_over(rig, low);
  CHECK(rig.door.fitting().octave == 0);
  rig.load(sounding());
  take_over(rig, low);
  CHECK(rig.door.fitting().octave == 2);
}

TEST_CASE("A fitting given by hand holds through a change, for another instrument too") {
  LiveAudio rig(sounding());
  ddsp_rt::Fitting fitting;
  fitting.octave = 1;
  fitting.loudness = ddsp_rt::LoudnessMap{5.0f};
  rig.door.set_fitting(fitting);
  rig.play(1.0, {.hertz = 98.0});
  rig.load({.pitch_midi = {36.0f, 60.0f}});
  take_over(rig);
  CHECK(rig.door.fitting().octave == 1);
  CHECK(rig.door.fitting().loudness(-40.0f) == -35.0f);
}

TEST_CASE_TEMPLATE("Every further change of instrument is as long and as smooth as the first", Rig, LiveAudio,
                   LiveControl) {
  Rig rig(sounding()), undisturbed(sounding());
  rig.play(0.5);
  undisturbed.play(0.5);
  for (const Recipe& next : {hiss(), sounding()})
    for (Rig* each : {&rig, &undisturbed}) {
      each->load(next);
      each->play(0.5);
    }
  rig.load(silent());
  const std::vector<float> out = rig.play(0.2), old = undisturbed.play(0.2);
  double off = 0.0;
  for (std::size_t i = 0; i < kWarmUp + kFade; ++i)
    off = std::max(off, std::abs(out[i] - old[i] * (i < kWarmUp ? 1.0 : std::cos(angle(i - kWarmUp)))));
  CHECK(off < 1e-4);
  CHECK(peak(Sound(out).subspan(kWarmUp + kFade)) < 1e-4);
}

TEST_CASE("A fitting given by hand holds through a change, whatever was heard before it was given") {
  LiveAudio rig(sounding());
  rig.door.set(Parameter::kAutoFit, 1.0f);
  rig.play(2.0, {.hertz = 98.0});
  rig.door.set(Parameter::kAutoFit, 0.0f);
  ddsp_rt::Fitting fitting;
  fitting.octave = -1;
  rig.door.set_fitting(fitting);
  rig.load({.pitch_midi = {36.0f, 60.0f}});
  take_over(rig);
  CHECK(rig.door.fitting().octave == -1);
  CHECK(rig.door.fitting().loudness(-40.0f) == -40.0f);
}

TEST_CASE("Ratio and unit hold from before the first instrument through a change") {
  LiveControl rig(sounding());
  rig.door.set(Parameter::kRatio, 0.25f);
  rig.door.set(Parameter::kLevelInDb, 1.0f);
  const auto hertz = [&] {  // a modulator of 1 is a detuning
    const std::size_t n = samples(0.2);
    const std::vector<float> sound =
        rig.play(std::vector<float>(n, 400.0f), std::vector<float>(n, 0.0f), std::vector<float>(n, 1.0f));
    return measure::frequency(Sound(sound).last(samples(0.1)), 500.0, kRate);
  };
  CHECK(std::abs(hertz() - 500.0) < 0.1);
  rig.load(sounding());
  take_over(rig, {.level = 0.0});
  CHECK(std::abs(hertz() - 500.0) < 0.1);
}

TEST_CASE("Bypass is a crossfade of 20 ms at equal power to the input as it is, and back; the instrument listens on") {
  LiveAudio rig(sounding()), undisturbed(sounding());
  rig.play(0.5);
  undisturbed.play(0.5);
  const auto check = [&](bool on) {
    rig.door.bypass(on);
    const std::vector<float> out = rig.play(0.1), playing = undisturbed.play(0.1);
    double off = 0.0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const double dry = std::sin(angle(std::min(i + 1, kFade))), wet = std::cos(angle(std::min(i + 1, kFade)));
      const double expected = on ? dry * rig.in[i] + wet * playing[i] : dry * playing[i] + wet * rig.in[i];
      off = std::max(off, std::abs(out[i] - expected));
    }
    CHECK(off < 1e-4);
    const std::vector<float>& then = on ? rig.in : playing;
    CHECK(std::equal(out.begin() + kFade, out.end(), then.begin() + kFade));
  };
  check(true);
  check(false);
}

TEST_CASE("A door for another rate has all that was set, and goes on learning") {
  LiveAudio rig(sounding());
  rig.door.set(Parameter::kTranspose, 7.0f);
  rig.door.bypass(true);
  ddsp_rt::Fitting fitting;
  fitting.octave = 1;
  rig.door.set_fitting(fitting);
  const ddsp_rt::Live<ddsp_rt::Transfer> fitted(48000, rig.door);
  CHECK(fitted.parameters()[Parameter::kTranspose] == 7.0f);
  CHECK(fitted.bypassed());
  CHECK(fitted.fitting().octave == 1);
  CHECK_FALSE(fitted.learning());
  rig.door.learn();
  CHECK(ddsp_rt::Live<ddsp_rt::Transfer>(48000, rig.door).learning());
}

TEST_CASE_TEMPLATE("A reset ends whatever sounds at once, the room included", Rig, LiveAudio, LiveControl) {
  Recipe recipe;
  recipe.room.assign(4000, 0.0f);
  recipe.room[3900] = 0.5f;
  Rig rig(recipe);
  rig.play(0.5);
  rig.play(0.1, kRest);
  CHECK(peak(rig.play(0.05, kRest)) > 0.01);
  rig.door.reset();
  CHECK(peak(rig.play(0.5, kRest)) == 0.0);
}
