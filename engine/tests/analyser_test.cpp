// The whole analyser: the same sound reads the same at every rate, and bad input reads as silence.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <stdexcept>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/frame_clock.h"
#include "realtime_guard.h"

using namespace ddsp_rt;

namespace {

constexpr int kRates[] = {16000, 22050, 44100, 48000, 96000, 192000};
constexpr double kTwoPi = 2.0 * std::numbers::pi;

/// A bowed-string-like tone: harmonics below 6.8 kHz falling by 6 dB an octave, each with a phase of its own.
std::vector<float> tone(double f0, double seconds, int rate, double amplitude) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * rate));
  for (int h = 1; h * f0 < std::min(6800.0, 0.45 * rate); ++h)
    for (std::size_t i = 0; i < samples.size(); ++i)
      samples[i] += float(amplitude / h * std::sin(kTwoPi * h * f0 * double(i) / rate + 0.7 * h * h));
  return samples;
}

std::vector<float> sine(double hz, double seconds, int rate) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * rate));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = float(std::sin(kTwoPi * hz * double(i) / rate));
  return samples;
}

std::vector<float> noise(std::size_t samples, float amplitude) {
  std::vector<float> values(samples);
  std::uint32_t state = 7;
  for (float& value : values) {
    state = 1664525u * state + 1013904223u;
    value = amplitude * float(std::int32_t(state)) * 0x1p-31f;
  }
  return values;
}

double cents(double a, double b) { return 1200.0 * std::abs(std::log2(a / b)); }

}  // namespace

TEST_CASE("A full-scale 997 Hz sine reads 0 dB at every rate") {
  for (const int rate : {8000, 11025, 16000, 22050, 31999, 32000, 44100, 48000, 88200, 96000, 192000}) {
    CAPTURE(rate);
    const std::vector<Features> features = analyse(sine(997.0, 0.4, rate), rate);
    CHECK(std::abs(features.back().loudness) < 0.05f);
    CHECK(cents(features.back().f0, 997.0) < 1.0);
  }
}

TEST_CASE("Loudness follows the A curve through the whole chain") {
  for (const int rate : kRates) {
    CAPTURE(rate);
    for (const double hz : {63.1, 125.9, 251.2, 501.2, 1995.3, 3981.1, 6900.0}) {
      CAPTURE(hz);
      const std::vector<Features> features = analyse(sine(hz, 0.3, rate), rate);
      double sum = 0.0;  // mean over 40 frames: high sines are unvoiced and their window holds a part of a period
      for (std::size_t k = features.size() - 40; k < features.size(); ++k) sum += features[k].loudness / 40.0;
      CHECK(std::abs(sum - (a_weighting_db(hz) - a_weighting_db(997.0))) < 0.2);
    }
  }
}

TEST_CASE("The same sound gives the same features at every rate") {
  for (const double f0 : {65.4, 196.0, 440.0, 1318.5}) {
    CAPTURE(f0);
    const std::vector<Features> reference = analyse(tone(f0, 0.5, 48000, 0.2), 48000, {.mfcc = true});
    for (const int rate : kRates) {
      CAPTURE(rate);
      const std::vector<Features> features = analyse(tone(f0, 0.5, rate, 0.2), rate, {.mfcc = true});
      REQUIRE(features.size() == reference.size());
      for (std::size_t k = 50; k < features.size(); k += 5) {
        CHECK(std::abs(features[k].loudness - reference[k].loudness) < 0.1f);
        CHECK(cents(features[k].f0, reference[k].f0) < 5.0);
        CHECK(features[k].periodicity >= kVoicedPeriodicity);
        for (int i = 0; i < kMfccCount; ++i) CHECK(std::abs(features[k].mfcc[i] - reference[k].mfcc[i]) < 0.5f);
      }
    }
  }
}

TEST_CASE("Noise of one density reads the same at every rate, what lies beyond the band left out") {
  const auto level = [](int rate) {
    const float amplitude = 0.1f * std::sqrt(float(rate) / 48000.0f);
    const std::vector<Features> features = analyse(noise(std::size_t(2 * rate), amplitude), rate);
    double power = 0.0;
    for (std::size_t k = 50; k < features.size(); ++k) power += std::pow(10.0, 0.1 * features[k].loudness);
    return 10.0 * std::log10(power / double(features.size() - 50));
  };
  const double reference = level(48000);
  for (const int rate : {16000, 22050, 24000, 31999, 44100, 96000, 192000}) {
    CAPTURE(rate);
    CHECK(std::abs(level(rate) - reference) < 0.3);
  }
}

TEST_CASE("A tone beyond the band is not heard") {
  for (const int rate : {22050, 44100, 48000, 96000}) {
    CAPTURE(rate);
    CHECK(analyse(sine(8500.0, 0.3, rate), rate).back().loudness < -30.0f);
  }
}

TEST_CASE("Low notes hold their loudness within 0.3 dB") {
  for (const int rate : {16000, 44100, 48000})
    for (const double f0 : {70.0, 82.4, 98.0, 123.5, 150.0}) {
      CAPTURE(rate);
      CAPTURE(f0);
      const std::vector<Features> features = analyse(tone(f0, 1.0, rate, 0.2), rate);
      float low = 100.0f, high = -200.0f;
      for (std::size_t k = 50; k < features.size(); ++k) {
        low = std::min(low, features[k].loudness);
        high = std::max(high, features[k].loudness);
      }
      CHECK(high - low < 0.3f);
    }
}

TEST_CASE("An onset is heard within 12 ms") {
  for (const int rate : {16000, 48000}) {
    std::vector<float> samples = tone(440.0, 0.6, rate, 0.2);
    std::fill(samples.begin(), samples.begin() + rate / 2, 0.0f);
    const std::vector<Features> features = analyse(samples, rate);
    CHECK(features[125].loudness == kSilenceDb);
    CHECK(std::abs(features[128].loudness - features.back().loudness) < 3.0f);
  }
}

TEST_CASE("Silence and DC read as silence") {
  for (const float level : {0.0f, 0.5f, -1.0f})
    for (const int rate : {8000, 16000, 44100, 48000, 192000}) {
      CAPTURE(level);
      CAPTURE(rate);
      const std::vector<Features> features = analyse(std::vector<float>(std::size_t(rate), level), rate);
      const std::size_t settled = level == 0.0f ? 0 : 125;  // DC begins with a click
      for (std::size_t k = settled; k < features.size(); ++k) {
        CHECK(features[k].loudness == kSilenceDb);
        CHECK(features[k].periodicity == 0.0f);
      }
    }
}

TEST_CASE("NaN and infinities count as zero, huge samples are survived") {
  const int rate = 48000;
  std::vector<float> bad = tone(220.0, 0.6, rate, 0.2), zeroed = bad;
  for (std::size_t i = 100; i < bad.size(); i += 1777) {
    bad[i] = i % 2 ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    zeroed[i] = 0.0f;
  }
  const std::vector<Features> a = analyse(bad, rate, {.mfcc = true}), b = analyse(zeroed, rate, {.mfcc = true});
  for (std::size_t k = 0; k < a.size(); ++k) {
    CHECK(a[k].f0 == b[k].f0);
    CHECK(a[k].periodicity == b[k].periodicity);
    CHECK(a[k].loudness == b[k].loudness);
    CHECK(a[k].mfcc == b[k].mfcc);
  }
  std::vector<float> huge(std::size_t(2 * rate), 0.0f);
  for (std::size_t i = 0; i < 4800; ++i) huge[i] = i % 3 ? 3e38f : -3e38f;
  for (const Features& frame : analyse(huge, rate, {.mfcc = true})) {
    CHECK(std::isfinite(frame.f0));
    CHECK((frame.loudness >= kSilenceDb && frame.loudness <= 20.0f));
    CHECK((frame.periodicity >= 0.0f && frame.periodicity <= 1.0f));
  }
  CHECK(analyse(huge, rate).back().loudness == kSilenceDb);
}

TEST_CASE("A slow host works") {
  for (const int rate : {8000, 11025, 12000}) {
    CAPTURE(rate);
    for (const double f0 : {98.0, 440.0}) {
      const Features last = analyse(tone(f0, 0.5, rate, 0.2), rate, {.mfcc = true}).back();
      CHECK(last.periodicity >= kVoicedPeriodicity);
      CHECK(cents(last.f0, f0) < 5.0);
    }
  }
}

TEST_CASE("A narrow range of pitch is served, however few samples its periods last") {
  for (const int rate : {8000, 11025, 48000})
    for (const float f0_low : {20.0f, 500.0f, 1000.0f}) {
      CAPTURE(rate);
      CAPTURE(f0_low);
      const Features last = analyse(tone(1100.0, 0.4, rate, 0.2), rate, {.range = {.low = f0_low}}).back();
      CHECK(cents(last.f0, 1100.0) < 10.0);
      CHECK(last.periodicity >= kVoicedPeriodicity);
    }
}

TEST_CASE("Nothing is heard ahead of time, and reset forgets everything") {
  const int rate = 44100;
  const std::vector<float> samples = noise(std::size_t(rate), 0.3f);
  const std::vector<Features> whole = analyse(samples, rate);
  const std::vector<Features> half = analyse(std::span(samples).first(std::size_t(rate) / 2), rate);
  CHECK(whole.size() == 250);
  REQUIRE(half.size() == 125);
  CHECK(whole.front().loudness == kSilenceDb);
  Analyser analyser(rate);
  for (int pass = 0; pass < 2; ++pass, analyser.reset())
    for (std::int64_t k = 0; k < 125; ++k) {
      const std::int64_t from = k ? frame_start(k - 1, rate) : 0;
      const Features& features = analyser.frame(samples.data() + from, int(frame_start(k, rate) - from));
      CHECK(features.loudness == whole[std::size_t(k)].loudness);
      CHECK(features.f0 == whole[std::size_t(k)].f0);
      CHECK(half[std::size_t(k)].loudness == whole[std::size_t(k)].loudness);
      CHECK(half[std::size_t(k)].periodicity == whole[std::size_t(k)].periodicity);
    }
}

TEST_CASE("Silence holds the pitch of the sound before it, however loud that was") {
  for (const int rate : kRates)
    for (const double f0 : {146.8, 293.7, 440.0, 587.3}) {
      CAPTURE(rate);
      CAPTURE(f0);
      std::vector<float> sound = sine(f0, 0.25, rate);
      for (std::size_t i = 0; i < sound.size(); ++i)  // a short end, as of a tongued note
        sound[i] *= std::min(0.1f, 0.1f * float(sound.size() - i) / (0.03f * float(rate)));
      sound.resize(sound.size() + std::size_t(rate) / 5);
      const float loud = analyse(sound, rate).back().f0;
      CHECK(std::abs(1200 * std::log2(loud / f0)) < 50);  // the tracker itself is 40 off in so short an end
      for (float& x : sound) x *= 0.25f;
      CHECK(std::abs(1200 * std::log2(analyse(sound, rate).back().f0 / loud)) < 0.1);
    }
}

TEST_CASE("The balance says where the power lies, whatever the level and the rate") {
  for (const int rate : kRates) {
    CAPTURE(rate);
    const auto balance = [&](double low, double high) {
      std::vector<float> sound = sine(1000.0, 0.2, rate);
      const std::vector<float> bright = sine(5000.0, 0.2, rate);
      for (std::size_t i = 0; i < sound.size(); ++i) sound[i] = float(low) * sound[i] + float(high) * bright[i];
      return analyse(sound, rate).back().balance;
    };
    CHECK(std::abs(balance(0.1, 0.1)) < 0.3f);
    CHECK(std::abs(balance(0.1, 0.01) + 20.0f) < 0.3f);
    CHECK(std::abs(balance(0.01, 0.001) + 20.0f) < 0.3f);
    CHECK(std::abs(balance(0.01, 0.1) - 20.0f) < 0.3f);
    CHECK(balance(0.0, 0.1) == 20.0f);
    CHECK(balance(0.1, 0.0) < -50.0f);
    CHECK(std::abs(balance(0.0, 0.0) - kSilentBalance) < 1e-3f);
    CHECK(std::abs(balance(3e-5, 1e-6) - balance(0.3, 0.01)) < 0.05f);  // a whole tone at -90 dB
  }
}

TEST_CASE("The fast loudness shows an attack sooner, and reads the same when a tone stands") {
  const int rate = 48000;
  std::vector<float> sound(std::size_t(rate) / 2);
  const std::vector<float> note = tone(440.0, 0.4, rate, 0.2);
  std::copy_n(note.begin(), sound.size() - 4800, sound.begin() + 4800);
  const std::vector<Features> frames = analyse(sound, rate);
  CHECK(frames[20].fast_loudness == kSilenceDb);
  CHECK(std::abs(frames.back().fast_loudness - frames.back().loudness) < 0.1f);
  CHECK(frames[26].fast_loudness > frames[26].loudness + 3.0f);  // 4 ms into the note
}

TEST_CASE("Signals too short to hear give as many frames as begin in them") {
  CHECK(analyse({}, 48000).empty());
  const float sample = 1.0f;
  CHECK(analyse({&sample, 1}, 48000).size() == 1);
}

TEST_CASE("What cannot be served is refused") {
  CHECK_THROWS_AS(Analyser(7999), std::invalid_argument);
  CHECK_THROWS_AS(Analyser(192001), std::invalid_argument);
  CHECK_THROWS_AS(Analyser(48000, {.version = 1}), std::invalid_argument);
  CHECK_THROWS_AS(Analyser(48000, {.range = {.low = 0.0f}}), std::invalid_argument);
  CHECK_THROWS_AS(Analyser(48000, {.range = {400.0f, 500.0f}}), std::invalid_argument);
  CHECK_THROWS_AS(Analyser(48000, {.range = {.high = std::numeric_limits<float>::quiet_NaN()}}), std::invalid_argument);
}

TEST_CASE("A frame of analysis allocates nothing, takes no lock and makes no system call") {
  const int rate = 48000, length = rate / kFrameRate;
  const std::vector<float> samples = tone(196.0, 0.2, rate, 0.2);
  Analyser analyser(rate, {.mfcc = true});
  const auto frames = [&] {
    for (int k = 0; k < 50; ++k) analyser.frame(samples.data() + k * length, length);
  };
  CHECK(run_guarded([] {}, frames) == "ok");
}
