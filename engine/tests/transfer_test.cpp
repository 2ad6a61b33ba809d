#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <random>
#include <vector>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/playing/transfer.h"
#include "realtime_guard.h"

using namespace ddsp_rt;

namespace {

std::shared_ptr<const Instrument> golden() { return Instrument::load(DDSP_RT_TEST_DATA "/golden.ddsp"); }

// A tone with vibrato and eight harmonics that starts after 0.1 s, pauses in the middle, and ends before the end.
std::vector<float> phrase(int rate, double seconds, double f0 = 330.0) {
  std::vector<float> audio(static_cast<std::size_t>(seconds * rate));
  double phase = 0.0;
  for (std::size_t i = 0; i < audio.size(); ++i) {
    const double t = static_cast<double>(i) / rate, x = t / seconds;
    phase += f0 * (1.0 + 0.01 * std::sin(2 * std::numbers::pi * 5.5 * t)) / rate;
    const bool sounds = t > 0.1 && x < 0.9 && (x < 0.45 || x > 0.55);
    for (int h = 1; h <= 8; ++h)
      audio[i] += sounds ? static_cast<float>(0.2 / h * std::sin(2 * std::numbers::pi * h * phase)) : 0.0f;
  }
  return audio;
}

std::vector<float> run(Transfer& transfer, const std::vector<float>& in, const std::function<int()>& block) {
  std::vector<float> out(in.size());
  for (std::size_t done = 0; done < in.size();) {
    const int n = static_cast<int>(std::min<std::size_t>(in.size() - done, static_cast<std::size_t>(block())));
    transfer.process(in.data() + done, out.data() + done, n);
    done += static_cast<std::size_t>(n);
  }
  return out;
}

float peak(const std::vector<float>& audio, std::size_t from, std::size_t to) {
  float value = 0.0f;
  for (std::size_t i = from; i < to; ++i) value = std::max(value, std::abs(audio[i]));
  return value;
}

}  // namespace

TEST_CASE("Any chopping gives identical samples") {
  for (const int rate : {16000, 44100, 48000}) {
    CAPTURE(rate);
    const std::vector<float> in = phrase(rate, 2.0);
    Transfer transfer(golden(), rate);
    const std::vector<float> whole = run(transfer, in, [&] { return static_cast<int>(in.size()); });
    CHECK(peak(whole, 0, whole.size()) > 1e-4f);
    std::mt19937 random(7);
    for (const int block : {1, 17, 64, 441, 1024, 8192, 0}) {
      transfer.reset();
      const std::vector<float> chopped =
          run(transfer, in, [&] { return block > 0 ? block : std::uniform_int_distribution<int>(1, 3000)(random); });
      CHECK(chopped == whole);
    }
  }
}

TEST_CASE("In place equals out of place") {
  std::vector<float> audio = phrase(48000, 0.5);
  Transfer transfer(golden(), 48000);
  const std::vector<float> apart = run(transfer, audio, [] { return 64; });
  transfer.reset();
  for (std::size_t done = 0; done < audio.size(); done += 64)
    transfer.process(audio.data() + done, audio.data() + done,
                     static_cast<int>(std::min<std::size_t>(64, audio.size() - done)));
  CHECK(audio == apart);
}

TEST_CASE("Output sample i depends on no input from i's frame on") {
  const int rate = 48000;
  const std::vector<float> in = phrase(rate, 0.6);
  Transfer transfer(golden(), rate);
  const std::vector<float> reference = run(transfer, in, [] { return 100; });
  const auto change = static_cast<std::size_t>(frame_start(100, rate));
  std::vector<float> changed = in;
  for (std::size_t i = change; i < changed.size(); ++i) changed[i] = 0.0f;
  transfer.reset();
  const std::vector<float> out = run(transfer, changed, [] { return 100; });
  const auto next = static_cast<std::size_t>(frame_start(101, rate));
  CHECK(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(next), reference.begin()));
  CHECK_FALSE(std::equal(out.begin() + static_cast<std::ptrdiff_t>(next),
                         out.begin() + static_cast<std::ptrdiff_t>(next) + 4800,
                         reference.begin() + static_cast<std::ptrdiff_t>(next)));
}

TEST_CASE("Silence stays silent, and comes back to exact zero after a phrase and its tail") {
  const int rate = 48000;
  Transfer transfer(golden(), rate);
  const std::vector<float> nothing(static_cast<std::size_t>(rate), 0.0f);
  const std::vector<float> quiet = run(transfer, nothing, [] { return 512; });
  CHECK(peak(quiet, 0, quiet.size()) == 0.0f);
  std::vector<float> in = phrase(rate, 1.0);
  in.resize(in.size() + static_cast<std::size_t>(4 * rate), 0.0f);
  const std::vector<float> out = run(transfer, in, [] { return 512; });
  CHECK(peak(out, 0, static_cast<std::size_t>(rate)) > 1e-4f);
  CHECK(peak(out, out.size() - 4800, out.size()) == 0.0f);
}

TEST_CASE("NaN and infinity at the input count as silence") {
  const int rate = 48000;
  std::vector<float> clean = phrase(rate, 0.6), dirty = clean;
  for (std::size_t i = 0; i < dirty.size(); ++i)
    if (clean[i] == 0.0f)
      dirty[i] = i % 2 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::infinity();
  Transfer transfer(golden(), rate);
  const std::vector<float> a = run(transfer, clean, [] { return 64; });
  transfer.reset();
  CHECK(run(transfer, dirty, [] { return 64; }) == a);
}

TEST_CASE("Silence closes the gate however low it is set") {
  const int rate = 48000;
  std::vector<float> in = phrase(rate, 1.0);
  in.resize(static_cast<std::size_t>(2 * rate), 0.0f);
  Transfer transfer(golden(), rate);
  transfer.set(Parameter::kGate, -40.0f);
  const std::vector<float> out = run(transfer, in, [] { return 512; });
  CHECK(peak(out, 0, static_cast<std::size_t>(rate)) > 1e-4f);
  CHECK(peak(out, out.size() - 4800, out.size()) == 0.0f);
}

TEST_CASE("No sample and no fitting makes the output anything but finite, then or later") {
  const int rate = 48000;
  const float most = std::numeric_limits<float>::max();
  std::vector<float> in = phrase(rate, 0.6);
  for (std::size_t i = 4800; i < 9600; ++i) in[i] = i % 100 < 50 ? most : -most;
  Transfer transfer(golden(), rate);
  transfer.set(Parameter::kInputGain, 40.0f);
  transfer.set(Parameter::kOutputGain, 20.0f);
  transfer.set(Parameter::kDryWet, 0.5f);
  Fitting fitting;
  fitting.octave = 127;
  transfer.set_fitting(fitting);
  for (const float sample : run(transfer, in, [] { return 64; })) REQUIRE(std::isfinite(sample));
  transfer.set_fitting({});
  const std::vector<float> after = run(transfer, phrase(rate, 0.6), [] { return 64; });
  for (const float sample : after) REQUIRE(std::isfinite(sample));
  CHECK(peak(after, 0, after.size()) > 1e-4f);
}

TEST_CASE("Fully dry plays the input as it is") {
  const std::vector<float> in = phrase(44100, 0.5);
  Transfer transfer(golden(), 44100);
  transfer.set(Parameter::kDryWet, 0.0f);
  transfer.reset();
  CHECK(run(transfer, in, [] { return 64; }) == in);
}

TEST_CASE("Nothing on the audio path allocates, locks or calls the system") {
  std::unique_ptr<Transfer> transfer;
  std::vector<float> in = phrase(48000, 1.0), out(in.size());
  CHECK(run_guarded([&] { transfer = std::make_unique<Transfer>(golden(), 48000); },
                    [&] {
                      for (std::size_t done = 0; done + 64 <= in.size(); done += 64) {
                        if (done % 6400 == 0) {
                          for (std::size_t p = 0; p < kParameters.size(); ++p)
                            transfer->set(static_cast<Parameter>(p),
                                          kParameters[p].initial + 0.1f * static_cast<float>(done % 3));
                          Fitting fitting;
                          fitting.octave = static_cast<int>(done / 6400 % 3) - 1;
                          transfer->set_fitting(fitting);
                          transfer->learn();
                        }
                        transfer->process(in.data() + done, out.data() + done, 64);
                      }
                      transfer->reset();
                      transfer->process(in.data(), out.data(), 4096);
                    }) == "ok");
}

TEST_CASE("What is learnt live is what a fit of the whole file says") {
  const int rate = 16000;
  std::vector<float> in = phrase(rate, 3.0, 110.0);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] *= 0.05f;
  const std::vector<float> once = in;
  while (in.size() < once.size() * 10) in.insert(in.end(), once.begin(), once.end());

  Analyser analyser(rate, golden()->analyser);
  Fitter fitter;
  for (int frame = 0, length = 0; frame < 30 * 250; ++frame, length = frame_length(frame - 1, rate))
    fitter.add(analyser.frame(in.data() + (frame > 0 ? frame_start(frame - 1, rate) : 0), length));
  const Fitting whole = fitter.fit(golden()->quantiles);
  CHECK(whole.octave != 0);
  CHECK(whole.loudness.offset_db > 6.0f);

  Transfer learner(golden(), rate);
  learner.learn();
  CHECK(learner.fitting().octave == 0);
  run(learner, in, [] { return 64; });
  CHECK_FALSE(learner.learning());

  Transfer follower(golden(), rate);
  follower.set(Parameter::kAutoFit, 1.0f);
  float largest = 0.0f;
  for (std::size_t done = 0; done + 64 <= in.size(); done += 64) {
    const float before = follower.fitting().loudness.offset_db;
    std::vector<float> out(64);
    follower.process(in.data() + done, out.data(), 64);
    largest = std::max(largest, std::abs(follower.fitting().loudness.offset_db - before));
  }
  CHECK(largest < 2.0f);  // dB in a tenth of a second
  for (const Transfer* transfer : {&learner, &follower}) {
    CHECK(transfer->fitting().octave == whole.octave);
    CHECK(std::abs(transfer->fitting().loudness.offset_db - whole.loudness.offset_db) < 0.5f);
  }
}

TEST_CASE("Following keeps still over a long rest, and notes in steady noise leave silence between them") {
  const int rate = 16000;
  std::vector<float> in;
  while (in.size() < static_cast<std::size_t>(12 * rate)) {
    const std::vector<float> more = phrase(rate, 2.0);
    in.insert(in.end(), more.begin(), more.end());
  }
  std::mt19937 random(5);
  std::normal_distribution<float> noise(0.0f, 0.001f);
  for (float& sample : in) sample += noise(random);
  Transfer transfer(golden(), rate);
  transfer.set(Parameter::kAutoFit, 1.0f);
  run(transfer, in, [] { return 64; });
  const float offset = transfer.fitting().loudness.offset_db;
  std::vector<float> rest(static_cast<std::size_t>(60 * rate));
  for (float& sample : rest) sample = noise(random);
  transfer.set(Parameter::kReverb, 0.0f);
  const std::vector<float> out = run(transfer, rest, [] { return 64; });
  CHECK(std::abs(transfer.fitting().loudness.offset_db - offset) < 1.0f);
  CHECK(peak(out, static_cast<std::size_t>(rate), out.size()) == 0.0f);
}

TEST_CASE("A rate outside 8..192 kHz is refused") {
  CHECK_THROWS_AS(Transfer(golden(), 7999), std::invalid_argument);
  CHECK_THROWS_AS(Transfer(golden(), 192001), std::invalid_argument);
}
