#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <random>
#include <utility>
#include <vector>

#include "ddsp_rt/analysis/decimator.h"
#include "ddsp_rt/analysis/high_pass.h"
#include "ddsp_rt/analysis/pitch_tracker.h"
#include "ddsp_rt/frame_clock.h"

using namespace ddsp_rt;

namespace {

double cents(double a, double b) { return 1200 * std::log2(a / b); }

/// Ten harmonics falling by 6 dB an octave below 7 kHz.
std::vector<float> harmonic_tone(int rate, double f0, double seconds, double level = 0.3) {
  std::vector<float> x(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < x.size(); ++i) {
    double sum = 0;
    for (int h = 1; h <= 10 && h * f0 < 7000; ++h)
      sum += std::sin(2 * std::numbers::pi * std::fmod(h * f0 * static_cast<double>(i) / rate, 1.0) + h * h) / h;
    x[i] = static_cast<float>(level * sum);
  }
  return x;
}

/// Runs decimator, high-pass, spectrum and tracker as the analyser does.
std::vector<PitchTracker::Estimate> track(const std::vector<float>& audio, int rate) {
  Decimator decimator(rate);
  const double internal = decimator.rate();
  HighPass high_pass(internal);
  Spectrum spectrum(internal);
  PitchTracker tracker(internal);
  std::vector<float> signal(static_cast<std::size_t>(PitchTracker::history(internal)), 0.0f);
  std::vector<float> block(static_cast<std::size_t>(max_frame_length(rate)));
  std::vector<PitchTracker::Estimate> estimates;
  for (std::int64_t k = 0; frame_start(k + 1, rate) <= static_cast<std::int64_t>(audio.size()); ++k) {
    const int n = decimator.process(audio.data() + frame_start(k, rate), frame_length(k, rate), block.data());
    high_pass.process(block.data(), n, block.data());
    signal.insert(signal.end(), block.begin(), block.begin() + n);
    spectrum.process(signal.data() + signal.size());
    estimates.push_back(tracker.process(signal.data() + signal.size(), n, spectrum));
  }
  return estimates;
}

void add_noise(std::vector<float>& x, double level) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, static_cast<float>(level));
  for (float& y : x) y += normal(random);
}

}  // namespace

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
      std::vector<float> audio(static_cast<std::size_t>(0.4 * rate));
      for (std::size_t i = 0; i < audio.size(); ++i)
        audio[i] = static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * std::fmod(f0 * double(i) / rate, 1.0)));
      const auto estimates = track(audio, rate);
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

TEST_CASE("Low notes keep their pitch under a strong third harmonic, a weak fundamental, a bow's noise and rumble") {
  constexpr int rate = 44100;
  for (double f0 = 41.2; f0 < 140; f0 *= std::exp2(1.0 / 6))
    for (int timbre = 0; timbre < 3; ++timbre) {
      CAPTURE(f0);
      CAPTURE(timbre);
      std::vector<float> audio(rate);
      for (std::size_t i = 0; i < audio.size(); ++i) {
        const double x = 2 * std::numbers::pi * std::fmod(f0 * static_cast<double>(i) / rate, 1.0);
        double sum = timbre == 2 ? 0.8 * std::sin(2 * std::numbers::pi * 25.0 * static_cast<double>(i) / rate) : 0.0;
        for (int h = 1; h <= 20; ++h) {
          const double level = timbre == 0 ? (h == 3 ? 1.0 : 0.18) : timbre == 1 ? (h == 1 ? 0.03 : 1.0 / h) : 1.0 / h;
          sum += level * std::sin(h * x + h * h);
        }
        audio[i] = static_cast<float>(0.2 * sum);
      }
      add_noise(audio, 0.02);
      const auto estimates = track(audio, rate);
      int right = 0, judged = 0;
      for (std::size_t k = 25; k < estimates.size(); ++k, ++judged)
        right += std::fabs(cents(estimates[k].f0, f0)) < 50 && estimates[k].periodicity >= 0.5f;
      CHECK(right > 0.98 * judged);
    }
}

TEST_CASE("A flute's undertone is not its pitch") {
  constexpr int rate = 48000;
  for (const double f0 : {659.3, 880.0, 1318.5}) {
    CAPTURE(f0);
    std::vector<float> audio(rate / 2);
    for (std::size_t i = 0; i < audio.size(); ++i) {
      const double x = 2 * std::numbers::pi * std::fmod(0.5 * f0 * static_cast<double>(i) / rate, 1.0);
      audio[i] = static_cast<float>(0.15 * (0.18 * std::sin(x) + std::sin(2 * x) + 0.17 * std::sin(4 * x)));
    }
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
        std::vector<float> audio(static_cast<std::size_t>(0.4 * rate));
        for (std::size_t i = 0; i < audio.size(); ++i) {
          const double x = 2 * std::numbers::pi * std::fmod(f0 * static_cast<double>(i) / rate, 1.0);
          double sum = std::sin(x) + second * std::sin(2 * x);
          for (int h = 2; side < 0 && h < 40; ++h) sum += std::sin(h * x + h) / h;
          audio[i] = static_cast<float>(0.2 * sum);
        }
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

TEST_CASE("A low sine, an odd-harmonic tone and a weak fundamental keep their octave in noise") {
  const int rate = 48000;
  for (const double f0 : {62.0, 66.0, 84.0, 94.0, 147.0, 700.0, 1900.0}) {
    for (int timbre = 0; timbre < 3; ++timbre) {
      CAPTURE(f0);
      CAPTURE(timbre);
      std::vector<float> audio(rate);
      for (std::size_t i = 0; i < audio.size(); ++i) {
        const double x = 2 * std::numbers::pi * std::fmod(f0 * static_cast<double>(i) / rate, 1.0);
        const double shapes[] = {std::sin(x), std::sin(x) + std::sin(3 * x) / 3 + std::sin(5 * x) / 5,
                                 0.05 * std::sin(x) + std::sin(2 * x) + std::sin(3 * x) / 2};
        audio[i] = static_cast<float>(0.2 * shapes[timbre]);
      }
      add_noise(audio, 0.01);
      const auto estimates = track(audio, rate);
      int right = 0, judged = 0;
      for (std::size_t k = 25; k < estimates.size(); ++k, ++judged)
        right += std::fabs(cents(estimates[k].f0, f0)) < 50 && estimates[k].periodicity >= 0.5f;
      CHECK(right > 0.99 * judged);
    }
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
