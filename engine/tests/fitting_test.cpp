#include <doctest/doctest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "ddsp_rt/playing/fitting.h"

using namespace ddsp_rt;

namespace {

// A performance whose pitch sweeps `low`..`high` MIDI while its loudness sweeps `soft`..`loud` dB.
std::vector<Features> performance(float low, float high, float soft, float loud) {
  std::vector<Features> frames(1000);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const float x = static_cast<float>(i) / 999.0f;
    frames[i].f0 = 440.0f * std::exp2((low + (high - low) * x - 69.0f) / 12.0f);
    frames[i].periodicity = 0.9f;
    frames[i].loudness = soft + (loud - soft) * x;
  }
  return frames;
}

TargetQuantiles evenly(float low, float high, float soft, float loud) {
  TargetQuantiles target;
  for (std::size_t i = 0; i < kQuantileProbabilities.size(); ++i) {
    target.pitch_midi[i] = low + (high - low) * kQuantileProbabilities[i];
    target.loudness_db[i] = soft + (loud - soft) * kQuantileProbabilities[i];
  }
  return target;
}

}  // namespace

TEST_CASE("Fitting moves a low voice up by whole octaves into the instrument's range") {
  const TargetQuantiles violin = evenly(57, 86, -50, -15);
  CHECK(fit(performance(40, 52, -40, -10), violin).octave == 2);
  CHECK(fit(performance(62, 74, -40, -10), violin).octave == 0);
  CHECK(fit(performance(96, 104, -40, -10), violin).octave == -2);
}

TEST_CASE("Fitting maps loudness quantile to quantile") {
  const Fitting fitting = fit(performance(60, 72, -45, -25), evenly(57, 86, -50, -20));
  Features frame;
  frame.periodicity = 1.0f;
  for (const auto& [in, out] : {std::pair{-35.0f, -35.0f}, {-45.0f, -49.7f}, {-25.0f, -20.3f}}) {
    frame.loudness = in;
    CHECK(fitting.apply(frame).loudness == doctest::Approx(out).epsilon(0.02));
  }
}

TEST_CASE("An even performance is not blown up and the map never falls") {
  const Fitting fitting = fit(performance(60, 72, -30.5, -30), evenly(57, 86, -60, -10));
  float before = -200.0f;
  for (float db = -100; db <= 0; db += 0.01f) {
    const float after = fitting.loudness(db);
    CHECK(after >= before);
    before = after;
  }
  CHECK(fitting.loudness(-30) - fitting.loudness(-30.5f) <= 1.0f + 1e-4f);
}

TEST_CASE("A performance at one level is mapped by an offset") {
  const Fitting fitting = fit(performance(60, 72, -30, -30), evenly(57, 86, -60, -10));
  CHECK(std::abs(fitting.loudness(-30) + 35) < 0.1f);
  CHECK(std::abs(fitting.loudness(-40) + 45) < 0.2f);
}

TEST_CASE("Unvoiced frames are played softer, silence stays the floor, too little voice changes nothing") {
  const TargetQuantiles target = evenly(57, 86, -60, -10);
  const Fitting fitting = fit(performance(60, 72, -45, -15), target);
  Features voiced, breath, silence;
  voiced.loudness = breath.loudness = -30.0f;
  voiced.periodicity = 1.0f;
  CHECK(fitting.apply(voiced).loudness - fitting.apply(breath).loudness == doctest::Approx(12));
  CHECK(fitting.apply(silence).loudness == kSilenceDb);
  const std::vector<Features> nothing(100);
  CHECK(fit(nothing, target).octave == 0);
  CHECK(fit(nothing, target).loudness(-30) == -30.0f);
}

TEST_CASE("The fitted gate sits 6 dB over a noise floor that is clear of the notes, and there is none otherwise") {
  const auto gate = [](float floor) {
    std::vector<Features> frames(1000);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      frames[i].periodicity = i % 10 == 0 ? 0.1f : 0.9f;
      frames[i].loudness = i % 10 == 0 ? floor : -20.0f;
    }
    const Fitting fitting = fit(frames, evenly(45, 86, -50, -10));
    return std::pair{fitting.gate_db, fitting.loudness(floor)};
  };
  const auto [clear, floor] = gate(-70.0f);
  CHECK(std::abs(clear - floor - 6.0f) < 0.2f);
  CHECK(gate(-40.0f).first == kSilenceDb);
}
