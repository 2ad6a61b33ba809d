// The octave that is read, where harmonics, undertones, noise or a room suggest another.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <utility>
#include <vector>

#include "tracking.h"

using namespace tracking;

TEST_CASE("Low notes keep their pitch under a strong third harmonic, a weak fundamental, a bow's noise and rumble") {
  constexpr int rate = 44100;
  for (double f0 = 41.2; f0 < 140; f0 *= std::exp2(1.0 / 6))
    for (int timbre = 0; timbre < 3; ++timbre) {
      CAPTURE(f0);
      CAPTURE(timbre);
      auto audio = sound(rate, f0, 1.0, [timbre](double x) {
        double sum = 0;
        for (int h = 1; h <= 20; ++h) {
          const double level = timbre == 0 ? (h == 3 ? 1.0 : 0.18) : timbre == 1 ? (h == 1 ? 0.03 : 1.0 / h) : 1.0 / h;
          sum += level * std::sin(h * x + h * h);
        }
        return 0.2 * sum;
      });
      const auto rumble = sound(rate, 25.0, 1.0, [timbre](double x) { return timbre == 2 ? 0.16 * std::sin(x) : 0.0; });
      std::transform(audio.begin(), audio.end(), rumble.begin(), audio.begin(), std::plus<>());
      add_noise(audio, 0.02);
      CHECK(share_right(track(audio, rate), f0) > 0.98);
    }
}

TEST_CASE("Low notes with weak odd harmonics are not read an octave up") {
  constexpr int rate = 44100;
  for (const double f0 : {43.7, 49.0, 55.0, 61.7, 65.4, 73.4, 77.8}) {
    CAPTURE(f0);
    auto audio = sound(rate, f0, 0.8, [](double x) {
      double sum = 0;
      for (int h = 1; h <= 20; ++h) sum += (h % 2 ? 0.3 : 1.0) / std::sqrt(h) * std::sin(h * x + h * h);
      return 0.2 * sum;
    });
    add_noise(audio, 0.01);
    CHECK(share_right(track(audio, rate), f0) > 0.99);
  }
}

TEST_CASE("A low note whose odd harmonics flicker keeps its octave") {
  constexpr int rate = 44100;
  for (const double f0 : {98.0, 103.8, 110.0, 123.5, 130.8, 138.6}) {
    CAPTURE(f0);
    auto audio = sound(rate, f0, 1.0, [i = 0](double x) mutable {  // 11 dB down for 70 ms of every 200
      const double into = std::fmod(static_cast<double>(i++) / rate, 0.2) - 0.13;
      const double odd = 0.6 - 0.44 * std::clamp(std::min(into, 0.07 - into) / 0.005, 0.0, 1.0);
      double sum = 0;
      for (int h = 1; h <= 20; ++h) sum += (h % 2 ? odd : 1.0) / std::sqrt(h) * std::sin(h * x + h * h);
      return 0.2 * sum;
    });
    add_noise(audio, 0.003);
    CHECK(share_right(track(audio, rate), f0) > 0.99);
  }
}

TEST_CASE("A flute's undertone is not its pitch") {
  constexpr int rate = 48000;
  for (const double f0 : {659.3, 880.0, 1318.5}) {
    CAPTURE(f0);
    auto audio = sound(rate, 0.5 * f0, 0.5,
                       [](double x) { return 0.15 * (0.18 * std::sin(x) + std::sin(2 * x) + 0.17 * std::sin(4 * x)); });
    add_noise(audio, 0.001);
    const auto estimates = track(audio, rate);
    for (std::size_t k = 12; k < estimates.size(); ++k) CHECK(std::fabs(cents(estimates[k].f0, f0)) < 50);
  }
}

TEST_CASE("What sounds beyond the range is told to be outside, and never read an octave inside") {
  constexpr int rate = 48000;
  for (const int side : {-1, 1})
    for (double f0 = side < 0 ? 25.0 : 3200.0; f0 < (side < 0 ? 38.5 : 6200.0); f0 *= 1.06)
      for (const double second : {0.0, 0.4}) {
        CAPTURE(f0);
        CAPTURE(second);
        auto audio = sound(rate, f0, 0.4, [&](double x) {
          double sum = std::sin(x) + second * std::sin(2 * x);
          for (int h = 2; side < 0 && h < 40; ++h) sum += std::sin(h * x + h) / h;
          return 0.2 * sum;
        });
        add_noise(audio, 0.002);
        const auto estimates = track(audio, rate);
        for (std::size_t k = 5; k < estimates.size(); ++k) CHECK((estimates[k].periodicity < 0.5f || k < 30));
        int told = 0;
        for (std::size_t k = 40; k < estimates.size(); ++k) told += estimates[k].outside == side;
        CHECK(told >= 0.98 * static_cast<double>(estimates.size() - 40));
      }
  for (const double f0 : {41.2, 440.0, 2900.0})
    for (const auto& e : track(harmonic_tone(rate, f0, 0.3), rate)) CHECK(e.outside == 0);
}

TEST_CASE("A low sine, an odd-harmonic tone and a weak fundamental keep their octave in noise") {
  const int rate = 48000;
  for (const double f0 : {62.0, 66.0, 84.0, 94.0, 147.0, 700.0, 1900.0}) {
    for (int timbre = 0; timbre < 3; ++timbre) {
      CAPTURE(f0);
      CAPTURE(timbre);
      auto audio = sound(rate, f0, 1.0, [timbre](double x) {
        const double shapes[] = {std::sin(x), std::sin(x) + std::sin(3 * x) / 3 + std::sin(5 * x) / 5,
                                 0.05 * std::sin(x) + std::sin(2 * x) + std::sin(3 * x) / 2};
        return 0.2 * shapes[timbre];
      });
      add_noise(audio, 0.01);
      CHECK(share_right(track(audio, rate), f0) > 0.99);
    }
  }
}

TEST_CASE("In a reverberant melody no single frame leaps to a multiple of its neighbours and back") {
  constexpr int rate = 16000, samples_per_note = 2400;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> dry, room(6400);
  double phase = 0;
  for (const double f0 :
       {440.0, 554.4, 659.3, 880.0, 740.0, 587.3, 440.0, 330.0, 220.0, 330.0, 440.0, 660.0, 880.0, 440.0})
    for (int i = 0; i < samples_per_note; ++i) {
      phase += f0 / rate;
      double sum = 0;
      for (int h = 1; h <= 8; ++h) sum += std::sin(2 * std::numbers::pi * std::fmod(h * phase, 1.0) + h * h) / h;
      dry.push_back(static_cast<float>(0.2 * sum));
    }
  for (std::size_t i = 0; i < room.size(); ++i)
    room[i] = 0.025f * normal(random) * std::exp(-static_cast<float>(i) / 3200.0f);
  std::vector<float> wet = dry;
  for (std::size_t n = 0; n < wet.size(); ++n)
    for (std::size_t m = 0; m <= std::min(n, room.size() - 1); ++m) wet[n] += room[m] * dry[n - m];

  const auto estimates = track(wet, rate);
  for (std::size_t k = 1; k + 1 < estimates.size(); ++k) {
    CAPTURE(k);
    const double before = estimates[k - 1].f0, here = estimates[k].f0, after = estimates[k + 1].f0;
    const bool steady = std::fabs(cents(before, after)) < 100;
    CHECK_FALSE((steady && std::fabs(cents(here, before)) > 1100));
  }
}

namespace {

constexpr double kChange = 0.35;  // s

/// One note and then another, while the first rings on at `level` and fades by e in `fading` seconds.
Estimates taking_over(double from, double to, double level, double fading) {
  constexpr int rate = 48000;
  const auto tone = [](double f0, double t, double phase) {
    double sum = 0;
    for (int h = 1; h <= 10; ++h) sum += std::sin(2 * std::numbers::pi * h * f0 * t + phase * h * h) / h;
    return 0.1 * sum;
  };
  std::vector<float> audio(static_cast<std::size_t>(2 * kChange * rate));
  for (std::size_t i = 0; i < audio.size(); ++i) {
    const double t = static_cast<double>(i) / rate, since = t - kChange;
    audio[i] = static_cast<float>(
        since < 0 ? tone(from, t, 1) : tone(to, since, 2) + level * std::exp(-since / fading) * tone(from, since, 3));
  }
  return track(audio, rate);
}

double semitones_up(double f0, int semitones) { return f0 * std::exp2(semitones / 12.0); }

}  // namespace

TEST_CASE("A note that begins as a period it shares with one that rings on is soon right") {
  struct Change {
    double from;
    int semitones;
    double level, fading;
  };
  for (const auto& change :
       {Change{740, -6, 0.7, 0.12}, {440, 8, 1.0, 0.06}, {587, 6, 0.5, 0.06}, {659, -8, 0.5, 0.06}}) {
    const double from = change.from, to = semitones_up(from, change.semitones);
    CAPTURE(from);
    CAPTURE(to);
    const auto estimates = taking_over(from, to, change.level, change.fading);
    const auto first = static_cast<std::size_t>((kChange + 0.02) * 250);
    for (std::size_t k = first; k < first + 5; ++k) CHECK(std::fabs(cents(estimates[k].f0, to)) < 50);
  }
}

TEST_CASE("A note that takes over from a louder one that rings on is not lost for long") {
  for (const auto& change : {std::pair{740.0, -8}, {494.0, 7}, {440.0, 7}}) {
    const double from = change.first, to = semitones_up(from, change.second);
    CAPTURE(from);
    CAPTURE(to);
    int lost = 0;
    for (const auto& e : taking_over(from, to, 1.4, 0.12)) lost += e.periodicity < 0.5f;
    CHECK(lost <= 8);  // with those in which the first note begins
  }
}

TEST_CASE("A true octave leap is followed within 20 ms") {
  for (const auto& leap : {std::pair{330.0, 660.0}, std::pair{660.0, 330.0}, std::pair{330.0, 990.0}}) {
    const double from = leap.first, to = leap.second;
    auto audio = harmonic_tone(48000, from, 0.4);
    const auto next = harmonic_tone(48000, to, 0.4);
    audio.insert(audio.end(), next.begin(), next.end());
    const auto estimates = track(audio, 48000);
    for (std::size_t k = 105; k < 195; ++k) {
      CAPTURE(from);
      CAPTURE(to);
      CAPTURE(k);
      CHECK(std::fabs(cents(estimates[k].f0, to)) < 20);
    }
  }
}
