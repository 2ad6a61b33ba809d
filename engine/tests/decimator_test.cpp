#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "ddsp_rt/analysis/decimator.h"

using ddsp_rt::Decimator;

namespace {

std::vector<float> tone(int rate, double frequency, int n) {
  std::vector<float> x(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i)
    x[static_cast<std::size_t>(i)] =
        static_cast<float>(std::sin(2 * std::numbers::pi * std::fmod(frequency * i / rate, 1.0)));
  return x;
}

std::vector<float> decimate(int rate, const std::vector<float>& in) {
  Decimator decimator(rate);
  std::vector<float> out(in.size());
  out.resize(static_cast<std::size_t>(decimator.process(in.data(), static_cast<int>(in.size()), out.data())));
  return out;
}

double steady_rms(const std::vector<float>& x) {
  double sum = 0;
  for (std::size_t i = x.size() / 2; i < x.size(); ++i) sum += x[i] * x[i];
  return std::sqrt(sum / static_cast<double>(x.size() - x.size() / 2));
}

}  // namespace

TEST_CASE("Decimator keeps the band below 7 kHz and nothing folds onto it") {
  for (const int rate : {32000, 44100, 48000, 88200, 96000, 176400, 192000}) {
    CAPTURE(rate);
    const double internal = Decimator(rate).rate();
    CHECK(internal >= 16000);
    CHECK(internal < 24000);
    for (const double f : {50.0, 1000.0, 4000.0, 6990.0}) {
      const double gain = 20 * std::log10(steady_rms(decimate(rate, tone(rate, f, rate / 2))) * std::sqrt(2.0));
      CHECK(std::fabs(gain) < 0.06);
    }
    for (const double f : {internal - 6990.0, internal - 1000.0, internal + 200.0, 0.49 * rate}) {
      if (f > 0.5 * rate) continue;
      CAPTURE(f);
      CHECK(20 * std::log10(steady_rms(decimate(rate, tone(rate, f, rate / 2))) * std::sqrt(2.0)) < -62.0);
    }
  }
}

TEST_CASE("Decimator delays low frequencies by less than a quarter of a millisecond") {
  for (const int rate : {44100, 48000, 96000, 192000}) {
    std::vector<float> step(static_cast<std::size_t>(rate) / 10, 1.0f);
    const auto out = decimate(rate, step);
    double delay = 0;  // area between input and output of a unit step is the delay at 0 Hz
    for (const float y : out) delay += 1.0 - y;
    CHECK(std::fabs(delay / Decimator(rate).rate()) < 0.25e-3);
  }
}

TEST_CASE("Decimator output does not depend on the cut of its input") {
  const int rate = 48000;
  const auto in = tone(rate, 1234.5, 5000);
  const auto whole = decimate(rate, in);
  Decimator decimator(rate);
  std::vector<float> pieces(in.size());
  int written = 0, at = 0;
  for (int length = 1; at < 5000; length = length % 17 + 1) {
    const int n = std::min(length, 5000 - at);
    written += decimator.process(in.data() + at, n, pieces.data() + written);
    at += n;
  }
  pieces.resize(static_cast<std::size_t>(written));
  CHECK(pieces == whole);
}

TEST_CASE("Decimator begins anew after a reset, wherever it stood") {
  for (const int rate : {16000, 44100, 48000, 192000}) {
    const auto heard = tone(rate, 1000.0, 2000), played = tone(rate, 440.0, 2000);
    const auto wanted = decimate(rate, played);
    for (const int before : {1, 2, 100, 257, 1999}) {
      CAPTURE(rate);
      CAPTURE(before);
      Decimator decimator(rate);
      std::vector<float> out(played.size());
      decimator.process(heard.data(), before, out.data());
      decimator.reset();
      out.resize(static_cast<std::size_t>(decimator.process(played.data(), 2000, out.data())));
      CHECK(out == wanted);
    }
  }
}

TEST_CASE("Decimator passes low rates on, takes NaN for silence and falls silent itself") {
  const std::vector<float> in{0.5f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                              0.25f};
  CHECK(decimate(16000, in) == std::vector<float>{0.5f, 0.0f, 0.0f, 0.25f});
  std::vector<float> burst(48000, 0.0f);
  burst[0] = 1.0f;
  burst[1] = std::numeric_limits<float>::quiet_NaN();
  const auto out = decimate(48000, burst);
  for (const float y : out) REQUIRE(std::isfinite(y));
  CHECK(out.back() == 0.0f);
}
