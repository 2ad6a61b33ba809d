// Held notes move as the instrument's own: harmonic by harmonic, at the same level, and only as far as the file says.
#include "ddsp_rt/synthesis/life.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "coverage.h"
#include "ddsp_rt/analysis/a_weighting.h"
#include "measure.h"
#include "rigs.h"

using namespace ddsp_rt;

namespace {

constexpr int kModelRate = 16000;
constexpr std::size_t kHarmonics = 20;
constexpr float kF0 = 300.0f;

LifeDepth deep() { return {.hertz = {200.0f, 6000.0f}, .depth = {0.4f, 0.4f}, .fast = {}}; }
LifeDepth fluttering() { return {.hertz = {200.0f, 6000.0f}, .depth = {0.0f, 0.0f}, .fast = {0.05f, 0.05f}}; }

Controls held() {
  Controls controls(kHarmonics, 5);
  controls.amplitude = 0.3f;
  for (std::size_t h = 0; h < kHarmonics; ++h) controls.harmonics[h] = 1.0f / static_cast<float>(h + 1);
  return controls;
}

/// The level of each harmonic in dB, frame by frame.
std::vector<std::vector<double>> levels(Life& life, float amount, int frames) {
  std::vector<std::vector<double>> course(kHarmonics);
  for (int k = 0; k < frames; ++k) {
    Controls controls = held();
    life.play(kF0, amount, controls);
    const double sum = std::accumulate(controls.harmonics.begin(), controls.harmonics.end(), 0.0);
    for (std::size_t h = 0; h < kHarmonics; ++h)
      course[h].push_back(measure::db(controls.amplitude * controls.harmonics[h] / sum));
  }
  return course;
}

double mean(const std::vector<double>& x) { return std::accumulate(x.begin(), x.end(), 0.0) / x.size(); }

double covariance(const std::vector<double>& x, const std::vector<double>& y) {
  const double a = mean(x), b = mean(y);
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - a) * (y[i] - b);
  return sum / static_cast<double>(x.size());
}

Recipe living() {
  Recipe recipe;
  recipe.harmonics.assign(6, 1.0f);
  recipe.life = {.hertz = {200.0f, 4000.0f}, .depth = {0.5f, 0.5f}, .fast = {}};
  return recipe;
}

/// How far the second harmonic's level moves in a held note, dB.
template <typename Rig>
double movement(float life) {
  Rig rig(living());
  rig.door.set(Parameter::kLife, life);
  rig.door.reset();
  rig.play(0.4);
  const std::vector<float> out = rig.play(2.0);
  std::vector<double> level;
  for (std::size_t at = 0; at + 1600 <= out.size(); at += 400)
    level.push_back(measure::db(measure::amplitude(measure::Sound(out).subspan(at, 1600), 600.0, rigs::kRate)));
  return std::sqrt(covariance(level, level));
}

}  // namespace

TEST_CASE("Harmonics move each by itself, as deeply as the amount says, and their A-weighted power stays") {
  Life life(deep(), kModelRate, kHarmonics, kF0, 1);
  const auto course = levels(life, 1.0f, 20000);
  double across = 0.0;
  for (std::size_t h = 2; h < kHarmonics; ++h) {
    const double deviation = std::sqrt(covariance(course[h], course[h]));
    CHECK(deviation > 1.8);  // 8.7 dB times 0.4 over sqrt 2 is 2.5; slow processes vary from run to run
    CHECK(deviation < 3.4);
    if (h > 2) across += covariance(course[h], course[h - 1]) / 6.0;
  }
  CHECK(std::abs(across / static_cast<double>(kHarmonics - 3)) < 0.25);
  const auto power = [&](int k, const auto& all) {
    double sum = 0.0;
    for (std::size_t h = 0; h < kHarmonics; ++h)
      sum += std::pow(10.0, all[h][static_cast<std::size_t>(k)] / 10.0) * a_weighting_power((h + 1.0) * kF0);
    return 10.0 * std::log10(sum);
  };
  Life still(deep(), kModelRate, kHarmonics, kF0, 1);
  const double wanted = power(0, levels(still, 0.0f, 1));
  for (int k = 0; k < 200; ++k) CHECK(std::abs(power(k, course) - wanted) < 0.01);
}

TEST_CASE("What flutters does so as deeply as its file says, mostly faster than 20 Hz, each harmonic by itself") {
  Life life(fluttering(), kModelRate, kHarmonics, kF0, 1);
  const auto course = levels(life, 1.0f, 20000);
  const auto moved = [](const std::vector<double>& x, int from,
                        int to) {  // power from and to Hz, in windows of a second
    constexpr std::size_t kWindow = 250;
    double sum = 0.0;
    for (std::size_t at = 0; at + kWindow <= x.size(); at += 4 * kWindow)
      for (int hz = from; hz < to; ++hz) {
        double real = 0.0, imaginary = 0.0;
        for (std::size_t i = 0; i < kWindow; ++i) {
          const double turn = 2.0 * std::numbers::pi * static_cast<double>(i) / kWindow, hann = 1.0 - std::cos(turn);
          real += hann * x[at + i] * std::cos(turn * hz), imaginary += hann * x[at + i] * std::sin(turn * hz);
        }
        sum += real * real + imaginary * imaginary;
      }
    return sum;
  };
  for (const std::size_t h : {4u, 9u, 14u}) CHECK(moved(course[h], 20, 100) > 2.0 * moved(course[h], 4, 20));
  double across = 0.0;
  for (std::size_t h = 2; h < kHarmonics; ++h) {
    const double deep = 8.7 * 0.05 / std::sqrt(2.0);
    CHECK(std::sqrt(covariance(course[h], course[h])) / deep == doctest::Approx(1.0).epsilon(0.25));
    if (h > 2) across += covariance(course[h], course[h - 1]) / (deep * deep);
  }
  CHECK(std::abs(across / static_cast<double>(kHarmonics - 3)) < 0.15);
}

TEST_CASE("A file without fast movement plays as one whose fast depths are 0") {
  LifeDepth none = deep();
  none.fast = {0.0f, 0.0f};
  Life one(deep(), kModelRate, kHarmonics, kF0, 1), other(none, kModelRate, kHarmonics, kF0, 1);
  CHECK(levels(one, 1.0f, 50) == levels(other, 1.0f, 50));
}

TEST_CASE("A voice moves from its first frame on, the same after a reset, and otherwise than another voice") {
  Life one(deep(), kModelRate, kHarmonics, kF0, 1), other(deep(), kModelRate, kHarmonics, kF0, 2);
  const auto first = levels(one, 1.0f, 50), second = levels(other, 1.0f, 50);
  double start = 0.0;
  for (std::size_t h = 0; h < kHarmonics; ++h) start = std::max(start, std::abs(first[h][0] - second[h][0]));
  CHECK(start > 1.0);
  one.reset();
  CHECK(levels(one, 1.0f, 50) == first);
}

TEST_CASE("Without depth, or with none asked for, nothing is touched") {
  Life none({}, kModelRate, kHarmonics, kF0, 1), still(deep(), kModelRate, kHarmonics, kF0, 1);
  Controls controls = held();
  none.play(kF0, 1.0f, controls);
  still.play(kF0, 0.0f, controls);
  CHECK(controls.amplitude == held().amplitude);
  CHECK(controls.harmonics == held().harmonics);
}

TEST_CASE("Life moves without a step") {
  rigs::Control rig(living());
  rig.door.set(Parameter::kLife, 0.0f);
  rig.door.reset();
  rig.play(0.4);
  const auto level = [&](int harmonic) {  // over three periods
    const std::vector<float> out = rig.play(0.01);
    return measure::db(measure::amplitude(out, 300.0 * harmonic, rigs::kRate));
  };
  double soon = 0.0, later = 0.0;
  for (int harmonic = 1; harmonic <= 6; ++harmonic) {
    rig.door.set(Parameter::kLife, 0.0f);
    rig.play(0.2);
    const double still = level(harmonic);
    rig.door.set(Parameter::kLife, 150.0f);
    soon += std::abs(level(harmonic) - still);
    rig.play(0.04);
    later += std::abs(level(harmonic) - still);
  }
  CHECK(later > 6.0);
  CHECK(soon < 0.6 * later);
}

TYPE_TO_STRING(rigs::Audio);
TYPE_TO_STRING(rigs::Control);

COVERS(kLife, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Life: held notes stand still at 0 and move further with more", Rig, rigs::Audio, rigs::Control) {
  const double still = movement<Rig>(0.0f), usual = movement<Rig>(100.0f), most = movement<Rig>(150.0f);
  CHECK(still < 0.05);
  CHECK(usual > 1.0);
  CHECK(most > 1.2 * usual);
}
