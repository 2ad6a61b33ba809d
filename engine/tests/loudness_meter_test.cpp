// A-weighting and loudness: levels, the curve, how fast a reading answers and how steady it stands.
#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "ddsp_rt/analysis/a_weighting.h"
#include "ddsp_rt/analysis/high_pass.h"
#include "ddsp_rt/analysis/loudness_meter.h"
#include "ddsp_rt/features.h"
#include "ddsp_rt/frame_clock.h"

using namespace ddsp_rt;

namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

template <typename Filter>
std::vector<float> impulse_response(Filter filter, int samples) {
  std::vector<float> response(samples);
  response[0] = 1.0f;
  filter.process(response.data(), samples, response.data());
  return response;
}

double gain_db(const std::vector<float>& response, double hz, int rate) {
  const std::complex<double> step = std::polar(1.0, -kTwoPi * hz / rate);
  std::complex<double> sum, phasor = 1.0;
  for (const float value : response) {
    sum += phasor * double(value);
    phasor *= step;
  }
  return 20.0 * std::log10(std::abs(sum));
}

/// Harmonics 1..16 below 7 kHz falling by 6 dB an octave, all cosines (the most uneven envelope), RMS about `rms`.
std::vector<float> tone(double f0, double seconds, int rate, double rms) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < samples.size(); ++i)
    for (int h = 1; h <= 16 && h * f0 < 7000.0; ++h)
      samples[i] += float(rms * 1.13 * std::cos(kTwoPi * h * f0 * double(i) / rate) / h);
  return samples;
}

float reading(LoudnessMeter& meter, const float* samples, int n, float f0) {
  meter.push(samples, n);
  return meter.level(f0);
}

/// The loudness of every frame, the meter being told `f0`.
std::vector<float> readings(const std::vector<float>& samples, int rate, float f0) {
  LoudnessMeter meter(rate);
  std::vector<float> levels;
  for (std::int64_t k = 0; frame_start(k + 1, rate) <= std::int64_t(samples.size()); ++k)
    levels.push_back(reading(meter, samples.data() + frame_start(k, rate), frame_length(k, rate), f0));
  return levels;
}

}  // namespace

TEST_CASE("The A curve has its published values at the octaves") {
  const double octaves[] = {31.623, 63.096, 125.89, 251.19, 501.19, 1000.0, 1995.3, 3981.1, 7943.3};
  const double published[] = {-39.4, -26.2, -16.1, -8.6, -3.2, 0.0, 1.2, 1.0, -1.1};  // IEC 61672-1, table 3
  for (int i = 0; i < 9; ++i) CHECK(std::abs(a_weighting_db(octaves[i]) - published[i]) < 0.06);
}

TEST_CASE("The A-weighting filter follows the analog curve at every internal rate") {
  for (const int rate : {8000, 11025, 12000, 15999, 16000, 17640, 19200, 22050, 24000, 28000, 31999}) {
    CAPTURE(rate);
    const std::vector<float> response = impulse_response(AWeighting(rate), rate / 2);
    const double top = std::min(7000.0, 0.475 * rate);
    double worst = 0.0;
    for (double hz = 40.0; hz <= top; hz *= 1.06)
      worst = std::max(worst, std::abs(gain_db(response, hz, rate) - a_weighting_db(hz)));
    CHECK(worst < 0.02);
  }
}

TEST_CASE("The high-pass takes DC and rumble off and leaves the pitches of the range") {
  for (const int rate : {8000, 16000, 31999}) {
    CAPTURE(rate);
    const std::vector<float> response = impulse_response(HighPass(rate), rate);
    CHECK(gain_db(response, 0.01, rate) < -80.0);
    CHECK(gain_db(response, 50.0, rate) == doctest::Approx(-3.01).epsilon(0.01));
    CHECK(gain_db(response, 25.0, rate) < -12.0);
    CHECK(gain_db(response, 41.2, rate) > -5.1);
    for (const double hz : {150.0, 200.0, 1000.0, 0.4 * rate}) CHECK(std::abs(gain_db(response, hz, rate)) < 0.06);
  }
}

TEST_CASE("A full-scale 997 Hz sine reads 0 dB, voiced and unvoiced") {
  for (const int rate : {8000, 16000, 22050, 31999}) {
    std::vector<float> sine(rate / 2);
    for (std::size_t i = 0; i < sine.size(); ++i) sine[i] = float(std::sin(kTwoPi * 997.0 * double(i) / rate));
    CHECK(std::abs(readings(sine, rate, 997.0f).back()) < 0.05f);
    CHECK(std::abs(readings(sine, rate, 0.0f).back()) < 0.1f);
  }
}

TEST_CASE("Low notes read steady because the window holds whole periods") {
  for (const int rate : {16000, 22050})
    for (const double f0 : {41.2, 55.0, 70.0, 98.0, 110.3, 131.0, 150.0, 440.0, 1234.5}) {
      CAPTURE(rate);
      CAPTURE(f0);
      const std::vector<float> levels = readings(tone(f0, 0.6, rate, 0.1), rate, float(f0));
      float low = 100.0f, high = -200.0f;
      for (std::size_t k = 75; k < levels.size(); ++k) low = std::min(low, levels[k]), high = std::max(high, levels[k]);
      CHECK(high - low < 0.1f);
    }
}

TEST_CASE("A step of level is read in full once the window has passed") {
  const int rate = 16000;
  for (const double f0 : {98.0, 440.0}) {
    std::vector<float> samples = tone(f0, 0.8, rate, 0.1);
    const std::size_t step = samples.size() / 2;
    for (std::size_t i = 0; i < step; ++i) samples[i] *= 0.1f;
    const std::vector<float> levels = readings(samples, rate, float(f0));
    const std::size_t at = 100;  // the frame that has just heard the first louder samples is at + 1
    CHECK(levels[at - 2] == doctest::Approx(levels.back() - 20.0).epsilon(0.01));
    const std::size_t settled = at + std::size_t(std::ceil(250.0 * std::ceil(0.008 * f0) / f0)) + 2;
    CHECK(std::abs(levels[settled] - levels.back()) < 0.3f);
  }
}

TEST_CASE("Silence reads the floor, at once and after ten minutes of noise") {
  const int rate = 16000, frame = rate / kFrameRate;
  LoudnessMeter meter(rate);
  std::vector<float> noise(frame), silence(frame, 0.0f);
  CHECK(reading(meter, silence.data(), 0, 0.0f) == kSilenceDb);
  CHECK(reading(meter, silence.data(), frame, 0.0f) == kSilenceDb);
  std::uint32_t state = 1;
  float level = 0.0f, first = 0.0f;
  for (int k = 0; k < 600 * kFrameRate; ++k) {
    for (float& sample : noise) {
      state = 1664525u * state + 1013904223u;
      sample = float(std::int32_t(state)) * 0x1p-31f;
    }
    level = reading(meter, noise.data(), frame, k % 3 ? 123.4f : 0.0f);
    if (k == 250) first = level;
  }
  CHECK(std::abs(level - first) < 3.0f);
  for (int k = 0; k < 2 * kFrameRate; ++k) level = reading(meter, silence.data(), frame, 0.0f);
  CHECK(level == kSilenceDb);
}

TEST_CASE("DC reads silence") {
  const std::vector<float> dc(16000, 0.7f);
  CHECK(readings(dc, 16000, 0.0f).back() == kSilenceDb);
}
