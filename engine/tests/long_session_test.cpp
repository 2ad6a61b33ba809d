// Long sessions, run fast: hours change neither phase nor pitch nor level nor memory, and after hours of silence a note
// sounds like the first one. Twenty minutes are the shortest that tell: by then a counter in single precision has stood
// still for two. The environment makes them longer: DDSP_RT_HOURS (of tone, and of silence), DDSP_RT_SESSION_INSTRUMENT
// and DDSP_RT_SESSION_RATE (another instrument than the small one, at another rate).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "ddsp_rt/live/live.h"
#include "ddsp_rt/playing/control_voice.h"
#include "ddsp_rt/playing/transfer.h"
#include "realtime_guard.h"

using namespace ddsp_rt;

namespace {

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value ? value : otherwise;
}

const int kRate = std::stoi(environment("DDSP_RT_SESSION_RATE", "16000"));
const double kHours = std::stod(environment("DDSP_RT_HOURS", "0.3334"));
// A trained network's memory goes on settling for minutes; the small one's is at rest in a second.
const bool kTrained = std::getenv("DDSP_RT_SESSION_INSTRUMENT") != nullptr;
const int kSeconds = static_cast<int>(3600 * kHours);

std::shared_ptr<const Instrument> instrument() {
  return Instrument::load(environment("DDSP_RT_SESSION_INSTRUMENT", DDSP_RT_TEST_DATA "/golden.ddsp"));
}

/// A second of a tone that begins and ends at phase 0, so that seconds join.
std::vector<float> tone(int f0) {
  std::vector<float> audio(static_cast<std::size_t>(kRate));
  for (std::size_t i = 0; i < audio.size(); ++i)
    for (int h = 1; h <= 5; ++h)
      audio[i] +=
          static_cast<float>(0.2 / h * std::sin(2 * std::numbers::pi * h * f0 * static_cast<double>(i) / kRate));
  return audio;
}

double level_db(const std::vector<float>& audio) {
  double sum = 0.0;
  for (const float x : audio) sum += static_cast<double>(x) * x;
  return 10.0 * std::log10(sum / static_cast<double>(audio.size()));
}

/// Phase in cycles of the partial at `frequency` Hz, against a clock that started `before` seconds earlier.
double phase(const std::vector<float>& audio, double frequency, int before) {
  std::complex<double> sum;
  for (std::size_t i = 0; i < audio.size(); ++i) {
    const double cycles = std::fmod(frequency * before, 1.0) + frequency * static_cast<double>(i) / kRate;
    const double window = 1.0 - std::cos(2.0 * std::numbers::pi * static_cast<double>(i) / kRate);
    sum += std::polar(window * audio[i], -2.0 * std::numbers::pi * cycles);
  }
  return std::arg(sum) / (2.0 * std::numbers::pi);
}

}  // namespace

TEST_CASE("Long session: hours of a tone keep their pitch and level" * doctest::may_fail(kTrained)) {
  // The shipped violin fails here: under one unbroken tone its memory creeps on, by a decibel or two in half an hour.
  Transfer transfer(instrument(), kRate);
  transfer.set(Parameter::kNoiseGain, -60.0f);
  const std::vector<float> in = tone(440);
  std::vector<float> out(in.size());
  Features first;
  double first_level = 0.0, pitch_drift = 0.0, level_drift = 0.0, loudness_drift = 0.0;
  for (int second = 0; second < kSeconds; ++second) {
    transfer.process(in.data(), out.data(), kRate);
    if (second < (kTrained ? kSeconds / 4 : 20)) {  // the room fills, the network settles
      first = transfer.features();
      first_level = level_db(out);
    }
    pitch_drift =
        std::max(pitch_drift, std::abs(1200.0 * std::log2(static_cast<double>(transfer.features().f0) / first.f0)));
    loudness_drift = std::max<double>(loudness_drift, std::abs(transfer.features().loudness - first.loudness));
    level_drift = std::max(level_drift, std::abs(level_db(out) - first_level));
  }
  MESSAGE(kHours << " h: pitch " << pitch_drift << " cents, loudness " << loudness_drift << " dB, level " << level_drift
                 << " dB");
  CHECK(std::abs(1200.0 * std::log2(static_cast<double>(first.f0) / 440.0)) < 2.0);
  CHECK(first_level > -80.0);
  CHECK(pitch_drift < 0.003);
  CHECK(loudness_drift < 0.003);
  CHECK(level_drift < (kTrained ? 0.25 : 0.006));
}

TEST_CASE("Long session: hours of notes keep their level, minute by minute") {
  Transfer transfer(instrument(), kRate);
  transfer.set(Parameter::kNoiseGain, -60.0f);
  std::vector<float> in = tone(440);
  std::fill(in.begin() + kRate * 17 / 20, in.end(), 0.0f);
  std::vector<float> out(in.size());
  double first = 0.0, drift = 0.0;
  for (int minute = 0; minute < kSeconds / 60; ++minute) {
    double mean = 0.0;
    for (int second = 0; second < 60; ++second) {
      transfer.process(in.data(), out.data(), kRate);
      mean += level_db(out) / 60.0;
    }
    if (minute < 2) first = mean;  // in the first one the room fills, the network settles
    drift = std::max(drift, std::abs(mean - first));
  }
  MESSAGE(kHours << " h of notes: level " << drift << " dB");
  CHECK(first > -80.0);
  CHECK(drift < (kTrained ? 0.02 : 0.006));
}

TEST_CASE("Long session: after hours the oscillators' phase is where the clock says") {
  const float f0 = 331.7f;  // no whole number of cycles in a second, nor in a frame
  ControlVoice voice(instrument(), kRate);
  voice.set(Parameter::kNoiseGain, -60.0f);
  voice.set(Parameter::kReverb, 0.0f);
  voice.reset();
  const std::vector<float> pitch(static_cast<std::size_t>(kRate), f0), level(pitch.size(), 1.0f), still(pitch.size());
  std::vector<float> out(pitch.size());
  double first = 0.0, now = 0.0;
  for (int second = 0; second < kSeconds; ++second) {
    voice.process({pitch.data(), level.data(), still.data()}, out.data(), kRate);
    if (second == 20) first = phase(out, f0, second);
    if (second == kSeconds - 1) now = phase(out, f0, second);
  }
  const double drift = std::abs(std::remainder(now - first, 1.0));
  MESSAGE(kHours << " h: phase " << drift << " cycles");
  CHECK(drift < (kTrained ? 1e-5 : 3e-6));
}

TEST_CASE("Long session: after hours of silence a note sounds like the first note") {
  const std::vector<float> silence(static_cast<std::size_t>(kRate)), note = tone(440);
  std::vector<float> out(note.size());
  const auto note_after = [&](Transfer& transfer, int seconds) {
    float loudest = 0.0f;
    for (int second = 0; second < seconds; ++second) {
      transfer.process(silence.data(), out.data(), kRate);
      for (const float sample : out) loudest = std::max(loudest, std::abs(sample));
    }
    CHECK(loudest == 0.0f);
    transfer.process(note.data(), out.data(), kRate);
    return out;
  };
  Transfer fresh(instrument(), kRate), waiting(instrument(), kRate);
  for (auto* transfer : {&fresh, &waiting}) {  // the noise never repeats; what is left can be compared sample by sample
    transfer->set(Parameter::kNoiseGain, -60.0f);
    transfer->reset();
  }
  const std::vector<float> first = note_after(fresh, 10), later = note_after(waiting, kSeconds);
  float peak = 0.0f, difference = 0.0f;
  for (std::size_t i = 0; i < first.size(); ++i) {
    peak = std::max(peak, std::abs(first[i]));
    difference = std::max(difference, std::abs(first[i] - later[i]));
  }
  const double louder = level_db(later) - level_db(first);
  MESSAGE(kHours << " h of silence: largest difference " << difference << " of a peak of " << peak << ", level "
                 << louder << " dB");
  CHECK(peak > 1e-3f);
  CHECK(std::abs(louder) < 0.5);
  if (!kTrained) CHECK(difference <= 1e-5f * peak);
}

TEST_CASE("Long session: playing and changing instruments leaves no more allocations than there were") {
  const std::shared_ptr<const Instrument> one = instrument();
  const std::vector<float> in = tone(440);
  std::vector<float> out(in.size());
  Live<Transfer> live(kRate);
  long early = 0, late = 0;
  for (int change = 0; change < 300; ++change) {
    live.load(one);
    live.process(in.data(), out.data(), kRate / 4);
    live.collect();
    late = live_allocations();
    if (change == 10) early = late;
  }
  CHECK(live.swaps() == 300);
  CHECK(late <= early + 1);  // a chunk of the memory pool may be on its way out
}
