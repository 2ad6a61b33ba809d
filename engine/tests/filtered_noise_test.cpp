// What the noise must do to the sound: the magnitudes asked for at every host rate, and a steady level.
#include "ddsp_rt/synthesis/filtered_noise.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/kernels/fft.h"
#include "ddsp_rt/playing/gate.h"

using namespace ddsp_rt;

namespace {

constexpr int kModelRate = 16000, kBands = 65;

std::vector<float> curve() {
  std::vector<float> magnitudes(kBands);
  for (int b = 0; b < kBands; ++b) magnitudes[b] = 0.1f + 0.9f * static_cast<float>(b) / (kBands - 1);
  return magnitudes;
}

std::vector<float> render(int rate, int frames, const std::vector<float>& magnitudes) {
  FilteredNoise noise(rate, kModelRate, kBands);
  std::vector<float> out(frame_start(frames, rate));
  for (int k = 0; k < frames; ++k) {
    float* frame = out.data() + frame_start(k, rate);
    noise.render(magnitudes.data(), frame_length(k, rate), frame_length(k + 1, rate), frame);
  }
  return out;
}

// Mean power density in a band: mean square per sample as if the whole band 0..Nyquist were at this level.
double density(const std::vector<float>& x, double low, double high, int rate) {
  const std::size_t size = RealFft::good_size(static_cast<std::size_t>(rate) / 10);
  RealFft fft(size);
  std::vector<float> frame(size);
  std::vector<float> real(fft.bins()), imaginary(fft.bins());
  double sum = 0.0, weight = 0.0;
  for (std::size_t start = 0; start + size <= x.size(); start += size / 2) {
    for (std::size_t n = 0; n < size; ++n)
      frame[n] = x[start + n] * static_cast<float>(std::sin(std::numbers::pi * (double(n) + 0.5) / double(size)));
    fft.forward(frame.data(), real.data(), imaginary.data());
    for (std::size_t k = 1; k < fft.bins(); ++k) {
      const double frequency = double(k) * rate / double(size);
      if (frequency < low || frequency >= high) continue;
      sum += double(real[k]) * real[k] + double(imaginary[k]) * imaginary[k];
      weight += 0.5 * double(size);
    }
  }
  return sum / weight;
}

}  // namespace

TEST_CASE("The noise has the magnitudes asked for, within 1 dB a third octave, at every host rate") {
  for (const int rate : {16000, 22050, 44100, 48000, 96000, 192000}) {
    const auto x = render(rate, 2500, curve());
    for (double centre = 250.0; centre < 7000.0; centre *= std::cbrt(2.0)) {
      const double low = centre / std::pow(2.0, 1.0 / 6), high = centre * std::pow(2.0, 1.0 / 6);
      const double asked = std::pow(0.1 + 0.9 * centre / 8000.0, 2) / 3.0;  // white samples have a variance of 1/3
      const double per_hertz = density(x, low, high, rate) * kModelRate / rate;
      CHECK(std::abs(10 * std::log10(per_hertz / asked)) < 1.0);
    }
    if (rate > 20000) CHECK(density(x, 8600, rate / 2.0, rate) < 1e-4 * density(x, 4000, 8000, rate));
  }
}

TEST_CASE("Steady noise keeps a steady power through the frame") {
  for (const int rate : {16000, 44100, 48000}) {
    const auto x = render(rate, 5000, curve());
    std::complex<double> pulse;
    double power = 0.0;
    for (std::size_t n = 0; n < x.size(); ++n) {
      power += double(x[n]) * x[n];
      pulse += double(x[n]) * x[n] * std::polar(1.0, -2 * std::numbers::pi * std::fmod(250.0 * double(n) / rate, 1.0));
    }
    CHECK(std::abs(pulse) < 0.02 * power);
  }
}

TEST_CASE("Noise of zero magnitude is exact zero, after one frame that fades") {
  FilteredNoise noise(48000, kModelRate, kBands);
  const auto loud = curve();
  const std::vector<float> silent(kBands);
  std::vector<float> out(192);
  noise.render(loud.data(), 192, 192, out.data());
  std::fill(out.begin(), out.end(), 0.0f);
  noise.render(silent.data(), 192, 192, out.data());
  CHECK(std::abs(out[0]) > 0.0f);
  std::fill(out.begin(), out.end(), 0.0f);
  noise.render(silent.data(), 192, 192, out.data());
  for (const float sample : out) CHECK(sample == 0.0f);
}

TEST_CASE("Noise after a reset is the same noise; the generator is white and centred") {
  FilteredNoise noise(44100, kModelRate, kBands);
  const auto magnitudes = curve();
  std::vector<float> first(177), second(177);
  noise.render(magnitudes.data(), 176, 177, first.data());
  noise.reset();
  noise.render(magnitudes.data(), 176, 177, second.data());
  CHECK(first == second);

  NoiseGenerator generator;
  std::vector<float> white(1 << 18);
  generator.fill(white.data(), white.size());
  double mean = 0.0, square = 0.0;
  for (const float sample : white) {
    CHECK_UNARY(sample >= -1.0f && sample < 1.0f);
    mean += sample;
    square += double(sample) * sample;
  }
  CHECK(std::abs(mean / double(white.size())) < 0.005);
  CHECK(square / double(white.size()) == doctest::Approx(1.0 / 3).epsilon(0.01));
  for (const std::size_t lag : {1u, 2u, 15u, 16u, 17u, 32u, 128u}) {
    double sum = 0.0;
    for (std::size_t n = lag; n < white.size(); ++n) sum += double(white[n]) * white[n - lag];
    CHECK(std::abs(sum / square) < 0.01);
  }
}

TEST_CASE("The gate opens at its threshold, closes 6 dB below, over 20 ms, to exact zero") {
  Gate gate(-60.0f);
  CHECK(gate.next(-61.0f) == 0.0f);
  CHECK(gate.next(-60.0f) == 1.0f);
  CHECK(gate.next(-65.9f) == 1.0f);
  float last = 1.0f;
  for (int step = 1; step <= 5; ++step) {
    const float gain = gate.next(-66.5f);
    CHECK(gain == doctest::Approx(last - 0.2f));
    last = gain;
  }
  CHECK(gate.next(-61.0f) == 0.0f);
  CHECK(gate.next(std::nanf("")) == 0.0f);
  CHECK(gate.next(0.0f) == 1.0f);
}
