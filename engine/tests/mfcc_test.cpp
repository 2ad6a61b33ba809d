// MFCC: the same sound gives the same coefficients at every rate, and level moves only the first.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "ddsp_rt/analysis/mfcc.h"

using namespace ddsp_rt;

namespace {

using Coefficients = std::array<float, kMfccCount>;

/// Of a frame of a tone with harmonics below 7 kHz, or of silence when `gain` is 0.
Coefficients of_tone(double f0, double gain, double rate) {
  Spectrum spectrum(rate);
  std::vector<float> samples(spectrum.history());
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (int h = 1; h * f0 < 6800.0; ++h)
      samples[i] += float(gain * std::sin(2.0 * std::numbers::pi * h * f0 * double(i) / rate + h) / h);
  spectrum.process(samples.data() + samples.size());
  Coefficients coefficients;
  Mfcc(spectrum).process(spectrum, coefficients.data());
  return coefficients;
}

}  // namespace

TEST_CASE("MFCC do not depend on the rate") {
  for (const double f0 : {98.0, 220.0, 523.0}) {
    CAPTURE(f0);
    const Coefficients reference = of_tone(f0, 0.2, 16000.0);
    for (const double rate : {16384.0, 17640.0, 22050.0, 24000.0, 31999.0}) {
      CAPTURE(rate);
      const Coefficients other = of_tone(f0, 0.2, rate);
      for (int i = 0; i < kMfccCount; ++i) CHECK(std::abs(other[i] - reference[i]) < 0.75f);
    }
  }
}

TEST_CASE("Level moves the first coefficient alone, by its logarithm") {
  const Coefficients loud = of_tone(147.0, 0.2, 16000.0), soft = of_tone(147.0, 0.02, 16000.0);
  CHECK(loud[0] - soft[0] == doctest::Approx(8.0 * std::log(100.0)).epsilon(1e-3));  // sqrt(64) ln(power ratio)
  for (int i = 1; i < kMfccCount; ++i) CHECK(std::abs(loud[i] - soft[i]) < 0.01f);
}

TEST_CASE("Silence gives the floor in every band") {
  const Coefficients silent = of_tone(147.0, 0.0, 16000.0);
  CHECK(silent[0] == doctest::Approx(8.0 * std::log(1e-10)));
  for (int i = 1; i < kMfccCount; ++i) CHECK(std::abs(silent[i]) < 1e-3f);
}

TEST_CASE("A brighter sound moves the second coefficient") {
  // Its cosine falls from the lowest band to the highest.
  CHECK(of_tone(110.0, 0.2, 16000.0)[1] > of_tone(880.0, 0.2, 16000.0)[1] + 1.0f);
}

TEST_CASE("A slow host, whose band ends below 7 kHz, still gives finite coefficients") {
  for (const float value : of_tone(220.0, 0.2, 8000.0)) CHECK(std::isfinite(value));
}
