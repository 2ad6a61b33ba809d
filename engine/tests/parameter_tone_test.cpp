// Brightness: a tilt of the spectrum in dB per octave about 1 kHz.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "coverage.h"
#include "measure.h"
#include "rigs.h"

using namespace rigs;
using measure::amplitude;
using measure::db;
using measure::Sound;

namespace {

constexpr double kHertz = 250.0;
constexpr std::size_t kHarmonics = 24;  // to 6 kHz, clear of the fade below Nyquist

Recipe many_harmonics() {
  Recipe recipe;
  recipe.harmonics.assign(kHarmonics, 0.5f);
  return recipe;
}

Recipe white_hiss() {
  Recipe recipe;
  recipe.amplitude = 0.0f;
  recipe.noise.assign(65, 0.02f);
  return recipe;
}

template <typename Rig>
std::vector<float> steady(const Recipe& recipe, float brightness, double seconds) {
  Rig rig(recipe);
  return settled(rig, Parameter::kBrightness, brightness, seconds, kHertz);
}

/// Power of the noise in a third of an octave about `hertz`, dB, averaged over pieces of 16 ms.
double band(const std::vector<float>& noise, double hertz) {
  double power = 0.0;
  for (std::size_t at = 0; at + 256 <= noise.size(); at += 128)
    for (double f = hertz * std::exp2(-1.0 / 6); f <= hertz * std::exp2(1.0 / 6); f += 31.25)
      power += std::norm(measure::partial(Sound(noise).subspan(at, 256), f, kRate));
  return 10.0 * std::log10(power);
}

}  // namespace

TYPE_TO_STRING(Audio);
TYPE_TO_STRING(Control);

COVERS(kBrightness, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Brightness tilts the harmonics by its dB per octave and keeps their level", Rig, Audio, Control) {
  const std::vector<float> plain = steady<Rig>(many_harmonics(), 0.0f, 0.2);
  for (const float brightness : {-6.0f, 2.5f, 6.0f}) {
    CAPTURE(brightness);
    const std::vector<float> tilted = steady<Rig>(many_harmonics(), brightness, 0.2);
    double level = 0.0, level_before = 0.0;
    const auto change = [&](int harmonic) {
      return db(amplitude(tilted, harmonic * kHertz, kRate) / amplitude(plain, harmonic * kHertz, kRate));
    };
    for (std::size_t h = 1; h <= kHarmonics; ++h) {
      level += amplitude(tilted, static_cast<double>(h) * kHertz, kRate);
      level_before += amplitude(plain, static_cast<double>(h) * kHertz, kRate);
    }
    for (const int harmonic : {2, 4, 8, 16})
      CHECK(std::abs(change(harmonic) - change(1) - brightness * std::log2(harmonic)) < 0.1);
    CHECK(std::abs(db(level / level_before)) < 0.05);
  }
}

TEST_CASE_TEMPLATE("Brightness tilts the noise about 1 kHz, which stays", Rig, Audio, Control) {
  const std::vector<float> plain = steady<Rig>(white_hiss(), 0.0f, 1.0);
  for (const float brightness : {-6.0f, 3.0f, 6.0f}) {
    CAPTURE(brightness);
    const std::vector<float> tilted = steady<Rig>(white_hiss(), brightness, 1.0);
    for (const double octave : {-1.0, 0.0, 1.0, 2.0, 2.5}) {
      CAPTURE(octave);
      const double hertz = 1000.0 * std::exp2(octave);
      CHECK(std::abs(band(tilted, hertz) - band(plain, hertz) - brightness * octave) < 0.8);
    }
  }
}

TEST_CASE_TEMPLATE("Brightness moves smoothly", Rig, Audio, Control) {
  Rig rig([] {
    Recipe recipe;
    recipe.harmonics = {0.5f, 0.5f};
    return recipe;
  }());
  rig.door.set(Parameter::kBrightness, -6.0f);
  rig.door.reset();
  rig.play(0.4, {.hertz = kHertz});
  rig.door.set(Parameter::kBrightness, 6.0f);
  const std::vector<float> sound = rig.play(0.3, {.hertz = kHertz});
  const auto tilt = [&](std::size_t at) {  // of one period
    const Sound period = Sound(sound).subspan(at, kRate / kHertz);
    const auto bin = [&](int harmonic) {
      std::complex<double> sum;
      for (std::size_t i = 0; i < period.size(); ++i)
        sum += static_cast<double>(period[i]) *
               std::polar(
                   1.0, -2 * std::numbers::pi * harmonic * static_cast<double>(i) / static_cast<double>(period.size()));
      return std::abs(sum);
    };
    return db(bin(2) / bin(1));
  };
  CHECK(tilt(0) < -4.0);
  CHECK(std::abs(tilt(samples(0.25)) - 6.0) < 0.1);
  CHECK(tilt(samples(0.012)) < 3.0);  // a step would be there with the first or second frame
  CHECK(tilt(samples(0.070)) > 5.4);
}
