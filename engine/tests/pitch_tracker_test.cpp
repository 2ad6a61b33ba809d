// The pitch that is read: how right, how soon, and whether there is one.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "tracking.h"

using namespace tracking;

TEST_CASE("Every semitone of the range is read within 5 cents at every rate") {
  for (const int rate : {16000, 22050, 44100, 48000, 96000, 192000}) {
    CAPTURE(rate);
    for (double f0 = 41.2; f0 < 2990; f0 *= std::exp2(1.0 / 12)) {
      CAPTURE(f0);
      const auto estimates = track(harmonic_tone(rate, f0, 0.22), rate);
      for (std::size_t k = 40; k < estimates.size(); ++k) {
        REQUIRE(estimates[k].periodicity >= 0.5f);
        REQUIRE(std::fabs(cents(estimates[k].f0, f0)) < 5);
      }
    }
  }
}

TEST_CASE("Pure tones are read steadily at every rate") {
  for (const int rate : {16000, 44100, 48000, 96000, 192000}) {
    CAPTURE(rate);
    for (double f0 = 60; f0 < 2000; f0 *= 1.137) {
      CAPTURE(f0);
      const auto estimates = track(sound(rate, f0, 0.4, [](double x) { return 0.3 * std::sin(x); }), rate);
      double sum = 0, squares = 0;
      const double n = static_cast<double>(estimates.size() - 40);
      for (std::size_t k = 40; k < estimates.size(); ++k) {
        const double error = cents(estimates[k].f0, f0);
        sum += error, squares += error * error;
      }
      CHECK(std::fabs(sum / n) < 1.5);
      CHECK(std::sqrt(std::max(0.0, squares / n - sum / n * sum / n)) < 0.5);
    }
  }
}

TEST_CASE("Voicing starts and ends with the sound") {
  constexpr int rate = 48000;
  for (const auto& [low, longest] : {std::pair{65.4, 0.045}, {98.0, 0.03}, {196.0, 0.02}, {440.0, 0.012}}) {
    const double f0 = low, start = longest;  // structured bindings cannot be captured
    CAPTURE(f0);
    auto audio = harmonic_tone(rate, f0, 0.4);
    audio.insert(audio.begin(), rate / 5, 0.0f);
    audio.insert(audio.end(), rate / 5, 0.0f);
    add_noise(audio, 1e-5);
    const auto estimates = track(audio, rate);  // estimate k has heard the sound up to (k + 1) / 250 s
    for (std::size_t k = 0; k < estimates.size(); ++k) {
      const double heard = static_cast<double>(k + 1) / 250;
      if (heard < 0.2) CHECK(estimates[k].periodicity < 0.5f);
      if (heard > 0.2 + start && heard < 0.6) CHECK(estimates[k].periodicity >= 0.5f);
      if (heard > 0.632) CHECK(estimates[k].periodicity < 0.5f);
      if (heard > 0.25) CHECK(std::fabs(cents(estimates[k].f0, f0)) < 100);
    }
  }
}

TEST_CASE("Level does not matter") {
  for (const double level : {1e-4, 1e-2, 1.0})
    CHECK(std::fabs(cents(track(harmonic_tone(48000, 330, 0.3, level), 48000).back().f0, 330)) < 2);
}

TEST_CASE("A new note is right within 30 ms") {
  const int rate = 48000;
  auto audio = harmonic_tone(rate, 196, 0.4);
  const auto second = harmonic_tone(rate, 294, 0.4);
  audio.insert(audio.end(), second.begin(), second.end());
  const auto estimates = track(audio, rate);
  for (std::size_t k = 107; k < estimates.size(); ++k) CHECK(std::fabs(cents(estimates[k].f0, 294)) < 50);
}

TEST_CASE("Vibrato is followed half a window late, no more") {
  const int rate = 48000;
  for (const auto& [centre, most] : {std::pair{98.0, 0.011}, {196.0, 0.007}, {400.0, 0.004}}) {
    const double low = centre;  // structured bindings cannot be captured
    CAPTURE(low);
    const auto pitch = [low](double t) {
      return low * std::exp2(50.0 / 1200 * std::sin(2 * std::numbers::pi * 5.5 * t));
    };
    std::vector<float> audio(2 * rate);
    double phase = 0;
    for (std::size_t i = 0; i < audio.size(); ++i) {
      phase += pitch(static_cast<double>(i) / rate) / rate;
      for (int h = 1; h <= 10; ++h)
        audio[i] += static_cast<float>(0.1 / h * std::sin(2 * std::numbers::pi * h * phase));
    }
    const auto estimates = track(audio, rate);
    const auto error = [&](double delay) {  // estimate k has heard everything before sample frame_start(k + 1)
      double sum = 0;
      for (std::size_t k = 50; k < estimates.size(); ++k)
        sum += std::fabs(cents(estimates[k].f0, pitch(static_cast<double>(k + 1) / 250 - delay)));
      return sum / static_cast<double>(estimates.size() - 50);
    };
    double best = 0;
    for (double delay = 0; delay < 0.03; delay += 0.00025)
      if (error(delay) < error(best)) best = delay;
    CHECK(best <= most);
    CHECK(error(best) < 2.5);
  }
}

TEST_CASE("Silence and noise are unvoiced; f0 holds the last voiced value") {
  const int rate = 48000;
  for (const auto& e : track(std::vector<float>(48000, 0.0f), rate)) {
    REQUIRE(e.periodicity == 0.0f);
    REQUIRE(e.f0 == 220.0f);
  }
  std::vector<float> white(5 * 48000, 0.0f), brown(white.size()), hiss(white.size());
  add_noise(white, 1.0);
  double walk = 0;
  for (std::size_t i = 0; i < white.size(); ++i) {
    brown[i] = static_cast<float>(walk = 0.997 * walk + 0.08 * white[i]);  // repeats now and then, but without a comb
    hiss[i] = i > 1 ? 0.25f * white[i - 2] - 0.5f * white[i - 1] + 0.25f * white[i] : 0.0f;  // as in an s
  }
  for (const double level : {0.3, 0.01, 0.001}) {  // -10 to -60 dBFS
    CAPTURE(level);
    for (const auto* noise : {&white, &brown, &hiss}) {
      std::vector<float> audio = *noise;
      for (float& x : audio) x *= static_cast<float>(level);
      int voiced = 0, frames = 0, told = 0, high = 0;
      for (const auto& e : track(audio, rate))
        voiced += e.periodicity >= 0.5f, high += e.periodicity >= 0.3f, told += e.outside != 0, ++frames;
      CHECK(voiced < 0.02 * frames);
      CHECK(told < 0.02 * frames);
      if (noise != &brown) CHECK(high < 0.1 * frames);
    }
  }

  auto audio = harmonic_tone(rate, 523, 0.3);
  audio.resize(audio.size() + 24000, 0.0f);
  const auto estimates = track(audio, rate);
  CHECK(estimates.back().periodicity < 0.5f);
  CHECK(std::fabs(cents(estimates.back().f0, 523)) < 50);
}
