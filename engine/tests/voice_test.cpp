// One dry line: begins at any frame, ends when nothing sounds on, and has a noise of its own.
#include "ddsp_rt/playing/voice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

using namespace ddsp_rt;

namespace {

constexpr int kRate = 48000;

std::shared_ptr<const Instrument> golden() { return Instrument::load(DDSP_RT_TEST_DATA "/golden.ddsp"); }

Features note(float f0, float loudness = -15.0f) {
  Features features;
  features.f0 = f0;
  features.periodicity = 0.9f;
  features.loudness = loudness;
  return features;
}

/// `frames` more frames of these features, as one piece.
std::vector<float> play(Voice& voice, FrameClock& clock, const Features& features, int frames) {
  std::vector<float> out;
  for (int k = 0; k < frames; ++k) {
    const FrameClock::Frame frame = clock.next();
    std::vector<float> piece(static_cast<std::size_t>(frame.length));
    voice.render(features, {}, frame, piece.data());
    out.insert(out.end(), piece.begin(), piece.end());
  }
  return out;
}

bool exactly_zero(const std::vector<float>& x) {
  return std::all_of(x.begin(), x.end(), [](float sample) { return sample == 0.0f; });
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

}  // namespace

TEST_CASE("A note is the same at whatever frame it begins, and whatever was played before") {
  Voice fresh(golden(), kRate), used(golden(), kRate);
  FrameClock one(kRate), other(kRate);
  play(used, other, note(700.0f), 37);
  used.start();
  const std::vector<float> expected = play(fresh, one, note(330.0f), 50);
  CHECK_FALSE(exactly_zero(expected));
  CHECK(play(used, other, note(330.0f), 50) == expected);
}

TEST_CASE("A voice has ended when the gate is shut and the last frame has faded") {
  Voice voice(golden(), kRate);
  FrameClock clock(kRate);
  CHECK(voice.silent());
  play(voice, clock, note(330.0f), 20);
  CHECK_FALSE(voice.silent());
  int frames = 0;
  while (!voice.silent() && frames < 100) {
    CHECK_FALSE(exactly_zero(play(voice, clock, note(330.0f, kSilenceDb), 1)));
    ++frames;
  }
  CHECK(frames >= 5);   // the gate closes in 20 ms
  CHECK(frames <= 10);  // and then nothing is waited for
  CHECK(exactly_zero(play(voice, clock, note(330.0f, kSilenceDb), 20)));
  CHECK(voice.silent());
  play(voice, clock, note(330.0f), 1);
  CHECK_FALSE(voice.silent());
}

TEST_CASE("Each seed has a noise of its own and the same tone") {
  Voice one(golden(), kRate, 1), other(golden(), kRate, 2), same(golden(), kRate, 1);
  FrameClock clock(kRate);
  double across = 0.0, within = 0.0;
  for (int k = 0; k < 100; ++k) {
    const FrameClock::Frame frame = clock.next();
    std::vector<float> out(static_cast<std::size_t>(frame.length)), again(out.size());
    one.render(note(330.0f), {}, frame, out.data());
    same.render(note(330.0f), {}, frame, again.data());
    CHECK(again == out);
    other.render(note(330.0f), {}, frame, again.data());
    const Synthesizer &a = one.synthesizer(), &b = other.synthesizer();
    CHECK(std::equal(a.harmonic_part().begin(), a.harmonic_part().end(), b.harmonic_part().begin()));
    for (std::size_t i = 0; i < out.size(); ++i) CHECK(out[i] == a.harmonic_part()[i] + a.noise_part()[i]);
    across += dot(a.noise_part(), b.noise_part());
    within += dot(a.noise_part(), a.noise_part());
  }
  CHECK(within > 0.0);
  CHECK(std::abs(across) < 0.1 * within);
}
