// Instruments that change while they play: what follows sounds like them alone, the change clicks nowhere, and the
// audio thread waits for nothing.
#include "ddsp_rt/live/live.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <thread>
#include <vector>

#include "ddsp_rt/playing/control_voice.h"
#include "ddsp_rt/playing/transfer.h"
#include "realtime_guard.h"

using namespace ddsp_rt;

namespace {

constexpr int kRate = 16000;

std::shared_ptr<const Instrument> golden() { return Instrument::load(DDSP_RT_TEST_DATA "/golden.ddsp"); }

std::vector<float> tone(double seconds, double f0 = 330.0) {
  std::vector<float> audio(static_cast<std::size_t>(seconds * kRate));
  for (std::size_t i = 0; i < audio.size(); ++i)
    for (int h = 1; h <= 6; ++h)
      audio[i] +=
          static_cast<float>(0.2 / h * std::sin(2 * std::numbers::pi * h * f0 * static_cast<double>(i) / kRate));
  return audio;
}

std::vector<float> run(Live<Transfer>& live, const std::vector<float>& in, int block = 64) {
  std::vector<float> out = in;  // in place, as hosts do
  for (std::size_t done = 0; done < in.size(); done += static_cast<std::size_t>(block)) {
    const auto n = static_cast<int>(std::min(in.size() - done, static_cast<std::size_t>(block)));
    live.process(out.data() + done, out.data() + done, n);
  }
  return out;
}

std::vector<float> alone(const std::vector<float>& in) {
  Transfer transfer(golden(), kRate);
  std::vector<float> out(in.size());
  transfer.process(in.data(), out.data(), static_cast<int>(in.size()));
  return out;
}

double power(const std::vector<float>& x, std::size_t from, std::size_t to) {
  double sum = 0.0;
  for (std::size_t i = from; i < to; ++i) sum += static_cast<double>(x[i]) * x[i];
  return sum / static_cast<double>(to - from);
}

struct Control {
  std::vector<float> f0, level, modulator;
  explicit Control(std::size_t n) : f0(n, 330.0f), level(n, 1.0f), modulator(n, 0.0f) {}
  ControlSignals at(std::size_t i) const { return {f0.data() + i, level.data() + i, modulator.data() + i}; }
};

}  // namespace

TEST_CASE("Without an instrument a live door is silent; the first one starts at once") {
  const std::vector<float> in = tone(0.5);
  Live<Transfer> live(kRate);
  for (const float sample : run(live, in)) CHECK(sample == 0.0f);
  live.load(golden());
  CHECK(run(live, in) == alone(in));
  CHECK(live.swaps() == 1);
}

TEST_CASE("An instrument that takes over while another plays ends up playing as it would alone") {
  const std::vector<float> in = tone(1.5);
  Live<Transfer> live(kRate);
  live.load(golden());
  run(live, in);
  live.load(golden());
  CHECK_FALSE(live.settled());
  const std::vector<float> out = run(live, in);
  CHECK(live.swaps() == 2);
  CHECK(live.settled());
  // It was reset at the start of `in`, and has played unmixed since 120 ms.
  const std::vector<float> expected = alone(in);
  const auto over = static_cast<std::ptrdiff_t>(0.12 * kRate);
  CHECK(std::equal(out.begin() + over, out.end(), expected.begin() + over));
}

TEST_CASE("Parameters, fitting and learning hold from before the first instrument through a change") {
  Fitting octave_up;
  octave_up.octave = 1;
  Live<Transfer> live(kRate);
  live.set(Parameter::kReverb, 0.0f);
  live.set_fitting(octave_up);
  live.load(golden());
  const std::vector<float> in = tone(0.5);
  run(live, in);
  CHECK(live.fitting().octave == 1);
  live.load(golden());
  run(live, in);
  CHECK(live.current()->fitting().octave == 1);
  CHECK(live.current()->parameters()[Parameter::kReverb] == 0.0f);
  live.learn();
  CHECK(live.current()->learning());
  run(live, tone(6.0));
  CHECK_FALSE(live.current()->learning());
}

TEST_CASE("Voices of one instrument and rate share the room, which goes with the last of them") {
  const std::shared_ptr<const Instrument> instrument = golden();
  std::weak_ptr<const ReverbResponse> room;
  {
    Transfer one(instrument, kRate), other(instrument, kRate);
    room = instrument->room(kRate);
    CHECK(room.use_count() == 2);
    CHECK(instrument->room(2 * kRate) != room.lock());
  }
  CHECK(room.expired());
}

TEST_CASE("Bypass passes the input as it is, and fades both ways") {
  const std::vector<float> in = tone(0.5);
  Live<Transfer> live(kRate);
  live.load(golden());
  const std::vector<float> playing = run(live, in);
  live.bypass(true);
  const std::vector<float> out = run(live, in);
  const auto faded = static_cast<std::size_t>(0.021 * kRate);
  CHECK(std::equal(out.begin() + static_cast<std::ptrdiff_t>(faded), out.end(),
                   in.begin() + static_cast<std::ptrdiff_t>(faded)));
  CHECK(std::abs(out[0] - playing.back()) < 0.1f);
  live.bypass(false);
  const std::vector<float> back = run(live, in);
  CHECK(back[faded] != in[faded]);
}

TEST_CASE("A pitch range keeps the tracker inside it") {
  const std::vector<float> in = tone(1.0, 150.0);
  Transfer narrow(golden(), kRate, PitchRange{200.0f, 1000.0f}), wide(golden(), kRate);
  std::vector<float> out(in.size());
  wide.process(in.data(), out.data(), static_cast<int>(in.size()));
  narrow.process(in.data(), out.data(), static_cast<int>(in.size()));
  CHECK(std::abs(wide.features().f0 - 150.0f) < 1.0f);
  CHECK(narrow.features().f0 >= 195.0f);
  CHECK_THROWS_AS(Transfer(golden(), kRate, PitchRange{200.0f, 300.0f}), std::invalid_argument);
}

TEST_CASE("A storm of new instruments from another thread leaves a live door that plays") {
  Live<Transfer> live(kRate);
  Live<ControlVoice> controlled(kRate);
  const std::shared_ptr<const Instrument> instrument = golden();
  live.load(instrument);
  controlled.load(instrument);
  std::atomic<bool> done{false};
  std::thread loader([&] {
    for (int i = 0; i < 60; ++i) {
      live.load(instrument);
      controlled.load(instrument);
      std::this_thread::yield();
      live.collect();
      controlled.collect();
    }
    done = true;
  });
  const std::vector<float> in = tone(0.1);
  const Control control(in.size());
  std::vector<float> out(in.size());
  for (int i = 0; i < 5 || !done; ++i) {
    for (const float sample : run(live, in)) REQUIRE(std::isfinite(sample));
    controlled.process(control.at(0), out.data(), static_cast<int>(out.size()));
    for (const float sample : out) REQUIRE(std::isfinite(sample));
  }
  loader.join();
  for (int i = 0; i < 50 && !live.settled(); ++i) {
    live.collect();
    run(live, in);
  }
  CHECK(live.settled());
  CHECK(live.swaps() >= 2);
  CHECK(power(run(live, in), 0, in.size()) > 0.0);
}

TEST_CASE("The audio thread's side never allocates, locks or calls the system, a change included") {
  std::unique_ptr<Live<Transfer>> live;
  std::unique_ptr<Live<ControlVoice>> controlled;
  const std::vector<float> in = tone(0.5);
  const Control control(in.size());
  std::vector<float> out(in.size());
  const auto play = [&] {
    for (std::size_t i = 0; i + 64 <= in.size(); i += 64) {
      live->process(in.data() + i, out.data() + i, 64);
      controlled->process(control.at(i), out.data() + i, 64);
    }
  };
  CHECK(run_guarded(
            [&] {
              live = std::make_unique<Live<Transfer>>(kRate);
              controlled = std::make_unique<Live<ControlVoice>>(kRate);
              live->load(golden());
              controlled->load(golden());
              play();
              live->load(golden());
              controlled->load(golden());
            },
            [&] {
              live->set(Parameter::kBrightness, 2.0f);
              live->set_fitting({});
              live->learn();
              live->bypass(true);
              controlled->set(Parameter::kGlide, 50.0f);
              controlled->set(Parameter::kRatio, 0.5f);
              play();
              live->bypass(false);
              live->reset();
              controlled->reset();
              play();
            }) == "ok");
}

TEST_CASE("Learning, following, rests, notes, strange input and every parameter keep to the audio thread's rules") {
  std::unique_ptr<Live<Transfer>> live;
  std::unique_ptr<Live<ControlVoice>> controlled;
  std::vector<float> in = tone(7.0);  // learning takes five seconds
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (i % kRate > kRate - 3000) in[i] = 0.0f;
    if (i % kRate > kRate - 100) in[i] = i % 2 ? std::numeric_limits<float>::quiet_NaN() : 1e30f;
  }
  Control control(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    control.f0[i] = i % 8000 < 4000 ? 220.0f * static_cast<float>(1 + i / 8000) : -1.0f;  // notes and rests
    control.level[i] = i % 16000 < 12000 ? -6.0f : -std::numeric_limits<float>::infinity();
    control.modulator[i] = i % 3 ? 0.7f : std::numeric_limits<float>::infinity();
  }
  std::vector<float> out(in.size());
  CHECK(run_guarded(
            [&] {
              live = std::make_unique<Live<Transfer>>(kRate);
              controlled = std::make_unique<Live<ControlVoice>>(kRate);
              live->load(golden(), PitchRange{100.0f, 800.0f});
              controlled->load(golden());
            },
            [&] {
              live->learn();  // before there is an instrument: it is taken in the first block
              live->set(Parameter::kAutoFit, 1.0f);
              controlled->set(Parameter::kLevelInDb, 1.0f);
              controlled->set(Parameter::kRatio, 2.0f);
              int blocks = 0;
              for (std::size_t i = 0; i + 100 <= in.size(); i += 100, ++blocks) {
                if (blocks % 20 == 0) {  // each parameter from end to end
                  const auto p = static_cast<std::size_t>(blocks / 20) % kParameters.size();
                  const float value = blocks % 40 ? kParameters[p].minimum : kParameters[p].maximum;
                  if (static_cast<Parameter>(p) != Parameter::kAutoFit) live->set(static_cast<Parameter>(p), value);
                  controlled->set(static_cast<Parameter>(p), value);
                }
                if (blocks == 1000) live->set_fitting(live->fitting());
                live->process(in.data() + i, out.data() + i, 100);
                controlled->process(control.at(i), out.data() + i, 100);
                static_cast<void>(live->features());
                static_cast<void>(live->settled());
              }
            }) == "ok");
}
