// Unvoiced sound is noise: harmonics fade as periodicity falls, and the noise takes over their loudness.
#include "ddsp_rt/synthesis/breath.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "coverage.h"
#include "ddsp_rt/analysis/a_weighting.h"
#include "measure.h"
#include "rigs.h"

using namespace ddsp_rt;

namespace {

constexpr int kModelRate = 16000, kBands = 65;

Controls bowed() {
  Controls controls(30, kBands);
  controls.amplitude = 0.3f;
  for (std::size_t h = 0; h < 30; ++h) controls.harmonics[h] = 1.0f / static_cast<float>(h + 1);
  for (std::size_t b = 0; b < kBands; ++b) controls.noise[b] = 1e-3f * static_cast<float>(1 + b % 7);
  return controls;
}

/// The controls of the last of `frames` frames of this periodicity.
Controls after(Breath& breath, float periodicity, int frames, float f0 = 300.0f, float balance = -20.0f) {
  Features features;
  features.balance = balance;
  features.f0 = f0;
  features.periodicity = periodicity;
  Controls controls;
  for (int k = 0; k < frames; ++k) breath.play(features, 1.0f, controls = bowed());
  return controls;
}

double a_weighted(double hz) { return std::pow(10.0, a_weighting_db(hz) / 10.0); }

/// dB (A) of harmonics at 300 Hz and white-driven noise bands together.
double level(const Controls& controls, double f0) {
  double power = 0.0, sum = 0.0;
  for (std::size_t h = 0; h < controls.harmonics.size(); ++h)
    if (static_cast<double>(h + 1) * f0 < kModelRate / 2) sum += controls.harmonics[h];
  for (std::size_t h = 0; h < controls.harmonics.size(); ++h) {
    if (static_cast<double>(h + 1) * f0 >= kModelRate / 2) continue;
    const double amplitude = controls.amplitude * controls.harmonics[h] / sum;
    power += 0.5 * amplitude * amplitude * a_weighted(static_cast<double>(h + 1) * f0);
  }
  for (std::size_t b = 1; b < kBands; ++b)  // uniform samples in [-1, 1) have a mean square of a third
    power += std::pow(controls.noise[b], 2) / 3.0 / (kBands - 1) * a_weighted(125.0 * static_cast<double>(b)) *
             (b == kBands - 1 ? 0.5 : 1.0);
  return 10.0 * std::log10(power);
}

/// Within -0.2 to 0.2 of full scale.
std::vector<float> white_noise(double seconds) {
  std::vector<float> noise(rigs::samples(seconds));
  std::uint32_t state = 1;
  for (float& sample : noise) {
    state = state * 1664525u + 1013904223u;
    sample = 0.2f * (static_cast<float>(state >> 8) * 0x1p-23f - 1.0f);
  }
  return noise;
}

}  // namespace

TEST_CASE("Breath leaves voiced frames as they are") {
  Breath breath(kModelRate, kBands);
  for (const float periodicity : {0.5f, 0.7f, 1.0f}) {
    const Controls controls = after(breath, periodicity, 3);
    CHECK(controls.amplitude == bowed().amplitude);
    CHECK(controls.noise == bowed().noise);
  }
}

TEST_CASE("Unvoiced frames have no harmonics, and noise as loud as both were") {
  for (const float f0 : {60.0f, 220.0f}) {
    Breath breath(kModelRate, kBands);
    const double whole = level(bowed(), f0);
    for (const float periodicity : {0.49f, 0.42f, 0.36f}) {
      const Controls between = after(breath, periodicity, 6, f0);
      CHECK(between.amplitude > 0.0f);
      CHECK(between.amplitude < bowed().amplitude);
      CHECK(level(between, f0) == doctest::Approx(whole).epsilon(0.002));
    }
    const Controls noise = after(breath, 0.1f, 6, f0);
    CHECK(noise.amplitude == 0.0f);
    CHECK(level(noise, f0) == doctest::Approx(whole).epsilon(0.002));
  }
}

TEST_CASE("The noise of an unvoiced frame has the source's balance about 3.5 kHz, and the level it had") {
  Breath breath(kModelRate, kBands);
  for (const float wanted : {-25.0f, -6.0f, 0.0f, 8.0f, 15.0f}) {
    const Controls noise = after(breath, 0.1f, 6, 300.0f, wanted);
    double below = 0.0, above = 0.0;
    for (std::size_t b = 1; b < kBands - 1; ++b) (b > 28 ? above : below) += std::pow(noise.noise[b], 2);
    CHECK(std::abs(10.0 * std::log10(above / below) - wanted) < 3.5);
    CHECK(level(noise, 300.0) == doctest::Approx(level(bowed(), 300.0)).epsilon(0.002));
  }
}

TEST_CASE("Noise that hardly has anything above 3.5 kHz gets the source's balance all the same") {
  Breath breath(kModelRate, kBands);
  for (const double fall : {0.0, 1.0, 2.0}) {  // 0, 6 and 12 dB an octave
    for (const float wanted : {-20.0f, -6.0f, 0.0f, 8.0f}) {
      Features features;
      features.f0 = 300.0f, features.periodicity = 0.1f, features.balance = wanted;
      Controls dark(30, kBands);
      for (std::size_t b = 0; b < kBands; ++b) dark.noise[b] = static_cast<float>(0.01 / std::pow(1.0 + b / 8.0, fall));
      breath.play(features, 1.0f, dark);
      double below = 0.0, above = 0.0;
      for (std::size_t b = 1; b <= 56; ++b) {  // 125 Hz apart, to 7 kHz; half of those on an edge
        const double power = std::pow(dark.noise[b], 2) * (b == 56 ? 0.5 : 1.0);
        (b > 28 ? above : below) += b == 28 ? 0.5 * power : power;
        if (b == 28) above += 0.5 * power;
      }
      CHECK(std::abs(10.0 * std::log10(above / below) - wanted) < 0.5);
    }
  }
}

TEST_CASE("Noise of two bands keeps its shape and its level: it cannot have a balance about 3.5 kHz") {
  Breath breath(kModelRate, 2);
  for (const float wanted : {-20.0f, 0.0f, 15.0f}) {
    Features features;
    features.f0 = 300.0f, features.periodicity = 0.1f, features.balance = wanted;
    Controls noise(30, 2);
    noise.noise = {0.01f, 0.02f};
    breath.play(features, 1.0f, noise);
    CHECK(noise.noise[0] == doctest::Approx(0.01));
    CHECK(noise.noise[1] == doctest::Approx(0.02));
  }
}

TEST_CASE("A lost frame changes nothing, a consonant is noise within 16 ms, and a tone is back at once") {
  Breath breath(kModelRate, kBands);
  CHECK(after(breath, 0.1f, 1).amplitude == 0.0f);  // it begins with a consonant
  CHECK(after(breath, 0.9f, 1).amplitude == bowed().amplitude);
  CHECK(after(breath, 0.1f, 1).amplitude == bowed().amplitude);
  CHECK(after(breath, 0.9f, 1).amplitude == bowed().amplitude);
  float before = 1.0f;
  for (int frame = 1; frame <= 4; ++frame) {
    const float amplitude = after(breath, 0.1f, 1).amplitude;
    if (frame > 1) CHECK(amplitude < before);
    before = amplitude;
  }
  CHECK(before == doctest::Approx(0.0).epsilon(1e-5));
}

TEST_CASE("A consonant, bright and unvoiced, is noise at once; a note that is lost for a frame is dull") {
  const auto lost = [](float periodicity, float balance) {  // after a note that sounds
    Breath breath(kModelRate, kBands);
    after(breath, 0.9f, 3);
    const float amplitude = after(breath, periodicity, 1, 300.0f, balance).amplitude;
    CHECK(after(breath, 0.9f, 1).amplitude == bowed().amplitude);  // the vowel is back at once
    return amplitude / bowed().amplitude;
  };
  for (const float periodicity : {0.0f, 0.3f, 0.45f}) {
    for (const float balance : {-40.0f, -20.0f, -6.5f, std::nanf("")}) CHECK(lost(periodicity, balance) == 1.0f);
    float before = 1.0f;
    for (const float balance : {-5.0f, -4.0f, -3.0f}) {
      CHECK(lost(periodicity, balance) < before);
      before = lost(periodicity, balance);
    }
    for (const float balance : {-1.5f, 0.0f, 20.0f}) CHECK(lost(periodicity, balance) == 0.0f);
  }
  CHECK(lost(0.49f, 20.0f) == 1.0f);  // a piccolo, say, beyond the range of pitches
  CHECK(lost(0.5f, 20.0f) == 1.0f);
}

TEST_CASE("What is no number counts as unvoiced") {
  Breath breath(kModelRate, kBands);
  const Controls controls = after(breath, std::nanf(""), 6, std::nanf(""), std::nanf(""));
  CHECK(controls.amplitude == 0.0f);
  for (const float magnitude : controls.noise) CHECK(std::isfinite(magnitude));
}

TEST_CASE("Breath moves without a step") {
  const std::vector<float> hiss = white_noise(0.4);
  rigs::Audio moved({}), left({});
  for (rigs::Audio* rig : {&moved, &left}) rigs::process(rig->door, hiss);
  moved.door.set(ddsp_rt::Parameter::kBreath, -60.0f);
  const std::vector<float> fading = rigs::process(moved.door, hiss), plain = rigs::process(left.door, hiss);
  const std::size_t frame = rigs::samples(0.004);
  double before = 1.0;
  for (std::size_t i = 0; i + frame <= plain.size(); i += frame) {
    const double gain =
        measure::rms(measure::Sound(fading).subspan(i, frame)) / measure::rms(measure::Sound(plain).subspan(i, frame));
    CHECK(before - gain < 0.35);
    before = gain;
  }
  CHECK(before < 0.01);
}

COVERS(kBreath, {coverage::audio});
TEST_CASE("Breath: its dB on what is unvoiced, nothing on a tone, silence at the lowest") {
  const std::vector<float> hiss = white_noise(0.6);
  const auto play = [&](float gain, bool tone) {
    rigs::Audio rig({});
    rig.door.set(Parameter::kBreath, gain);
    rig.door.reset();
    const std::vector<float> out = tone ? rig.play(0.6) : rigs::process(rig.door, hiss);
    return std::vector<float>(out.begin() + static_cast<std::ptrdiff_t>(rigs::samples(0.3)), out.end());
  };
  const double plain = measure::db(measure::rms(play(0.0f, false)));
  CHECK(plain > -40.0);
  CHECK(measure::db(measure::rms(play(-12.0f, false))) == doctest::Approx(plain - 12.0).epsilon(0.01));
  CHECK(measure::rms(play(-60.0f, false)) < 1e-7);
  const std::vector<float> tone = play(0.0f, true), same = play(-60.0f, true);
  for (std::size_t i = 0; i < tone.size(); ++i) CHECK(std::abs(same[i] - tone[i]) < 1e-6);
}
