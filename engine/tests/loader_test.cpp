// Instruments that are read in the background, handed over, and shared by whatever plays the same file.
#include "ddsp_rt/live/loader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ddsp_rt/live/cache.h"
#include "ddsp_rt/live/live.h"
#include "ddsp_rt/playing/transfer.h"

using namespace ddsp_rt;

namespace {

constexpr int kRate = 16000;
const std::string kGolden = DDSP_RT_TEST_DATA "/golden.ddsp";

/// A live door and its loader, as a front end holds them.
struct Rig {
  Live<Transfer> live{kRate};
  Loader loader{{.give = [this](const auto& instrument, const auto& range) { live.load(instrument, range); },
                 .collect = [this] { live.collect(); }}};
  ~Rig() { loader.stop(); }

  /// How the last request ended.
  std::optional<Loader::Outcome> last_outcome() {
    loader.finish();
    std::optional<Loader::Outcome> last;
    while (auto next = loader.take_outcome()) last = std::move(next);
    return last;
  }

  void play(double seconds) {
    std::vector<float> block(64, 0.1f);
    for (int i = 0; i < seconds * kRate / 64; ++i) live.process(block.data(), block.data(), 64);
  }
};

}  // namespace

TEST_CASE("An instrument is loaded by path, on the caller's thread or in the background") {
  Rig rig;
  rig.loader.load_now(kGolden);
  rig.play(0.1);
  CHECK(rig.live.swaps() == 1);
  rig.loader.load(kGolden);
  rig.loader.finish();
  CHECK_FALSE(rig.loader.busy());
  const auto outcome = rig.loader.take_outcome();
  REQUIRE(outcome);
  CHECK(outcome->error.empty());
  CHECK(outcome->loaded == rig.loader.instrument());
  CHECK_FALSE(rig.loader.take_outcome());  // told once
  rig.play(0.3);
  CHECK(rig.live.swaps() == 2);
}

TEST_CASE("What cannot be loaded is one line, and what plays stays") {
  Rig rig;
  rig.loader.load_now(kGolden);
  rig.play(0.1);
  const auto playing = rig.loader.instrument();
  rig.loader.load("/nowhere/none.ddsp");
  rig.loader.finish();
  const auto outcome = rig.loader.take_outcome();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->loaded);
  CHECK(outcome->error.find("none.ddsp") != std::string::npos);
  CHECK(rig.loader.instrument() == playing);
  rig.play(0.3);
  CHECK(rig.live.swaps() == 1);
  CHECK_THROWS_AS(rig.loader.load_now("/nowhere/none.ddsp"), InstrumentError);
}

TEST_CASE("A second instrument is given beside the first, stays for those that follow, and can be left out again") {
  Rig rig;
  rig.loader.load_second(kGolden);  // before there is a first
  rig.loader.finish();
  rig.loader.load_now(kGolden);
  rig.play(0.1);
  REQUIRE(rig.live.current());
  CHECK(rig.live.current()->instruments().two());
  CHECK(rig.loader.second() != nullptr);
  rig.loader.load(kGolden);
  rig.loader.finish();
  rig.play(0.3);
  CHECK(rig.live.current()->instruments().two());
  rig.loader.load_second("/nowhere/none.ddsp");
  CHECK(rig.last_outcome()->error.find("none.ddsp") != std::string::npos);
  CHECK(rig.loader.second() != nullptr);
  rig.loader.load_second("");
  rig.loader.finish();
  rig.play(0.3);
  CHECK_FALSE(rig.live.current()->instruments().two());
}

TEST_CASE("What cannot be loaded keeps nothing away that is asked for with it, and each is told of") {
  const std::string missing = "/nowhere/none.ddsp";
  for (const bool second_fails : {true, false})
    for (const bool merged : {true, false}) {
      CAPTURE(second_fails);
      CAPTURE(merged);
      Rig rig;
      rig.loader.load(second_fails ? kGolden : missing);
      if (!merged) rig.loader.finish();
      rig.loader.load_second(second_fails ? missing : kGolden);
      rig.loader.finish();
      bool loaded = false, second = false;
      std::string said;
      while (const auto outcome = rig.loader.take_outcome()) {
        loaded = loaded || outcome->loaded;
        second = second || outcome->second;
        said += outcome->error;
      }
      CHECK(loaded == second_fails);
      CHECK(second == !second_fails);
      CHECK(said.find("none.ddsp") != std::string::npos);
      CHECK((rig.loader.instrument() != nullptr) == second_fails);
      CHECK((rig.loader.second() != nullptr) == !second_fails);
    }
}

TEST_CASE("A range holds for the instrument that plays and for those that follow") {
  Rig rig;
  rig.loader.load_now(kGolden);
  rig.play(0.1);
  rig.loader.set_range(PitchRange{200.0f, 1000.0f});
  rig.loader.finish();
  REQUIRE(rig.loader.range());
  CHECK(rig.loader.range()->low == 200.0f);
  rig.play(0.3);
  CHECK(rig.live.swaps() == 2);
  rig.loader.set_range(PitchRange{200.0f, 300.0f});  // less than an octave
  CHECK_FALSE(rig.last_outcome()->error.empty());
  CHECK(rig.loader.range()->high == 1000.0f);
  rig.loader.load(kGolden);
  CHECK(rig.last_outcome()->loaded);
  REQUIRE(rig.loader.range());
  CHECK(rig.loader.range()->high == 1000.0f);
}

TEST_CASE("A file that is played is not read again until it changes") {
  const std::filesystem::path copy = std::filesystem::temp_directory_path() / "ddsp_rt_loader_test.ddsp";
  std::filesystem::copy_file(kGolden, copy, std::filesystem::copy_options::overwrite_existing);
  const auto first = load_shared(copy);
  CHECK(load_shared(copy) == first);
  CHECK(load_shared(copy.parent_path() / "." / copy.filename()) == first);
  std::filesystem::last_write_time(copy, std::filesystem::last_write_time(copy) + std::chrono::seconds(5));
  CHECK(load_shared(copy) != first);
  std::filesystem::remove(copy);
}

TEST_CASE("What was set for one rate holds at another, a learning that has begun included") {
  Rig rig;
  Fitting octave_up;
  octave_up.octave = 1;
  rig.live.set(Parameter::kTranspose, 5.0f);
  rig.live.set_fitting(octave_up);
  rig.live.bypass(true);
  Live<Transfer> other(2 * kRate, rig.live);
  CHECK(other.rate() == 2 * kRate);
  CHECK(other.parameters()[Parameter::kTranspose] == 5.0f);
  CHECK(other.fitting().octave == 1);
  CHECK(other.bypassed());
  CHECK_FALSE(other.learning());
  rig.loader.load_now(kGolden);
  rig.play(0.1);
  rig.live.learn();
  CHECK(Live<Transfer>(2 * kRate, rig.live).learning());
}

TEST_CASE("A storm of requests from two threads leaves a live door that plays what was asked for last") {
  Rig rig;
  std::atomic<int> asking{2};
  const auto ask = [&](float low) {
    for (int i = 0; i < 40; ++i) {
      rig.loader.load(i % 3 ? kGolden : "/nowhere/none.ddsp");
      rig.loader.set_range(PitchRange{low, 1000.0f});
      rig.loader.collect();
      static_cast<void>(rig.loader.take_outcome());
      std::this_thread::yield();
    }
    rig.loader.load(kGolden);
    --asking;
  };
  std::thread one(ask, 50.0f), other(ask, 60.0f);
  while (asking > 0) rig.play(0.01);
  one.join();
  other.join();
  rig.loader.finish();
  for (int i = 0; i < 50 && !rig.live.settled(); ++i) {
    rig.loader.collect();
    rig.loader.finish();
    rig.play(0.05);
  }
  CHECK(rig.live.settled());
  CHECK(rig.live.swaps() >= 1);
  REQUIRE(rig.loader.instrument());
  CHECK(&rig.live.current()->instrument() == rig.loader.instrument().get());
}
