// A fitting comes back from text as it was, and a stranger's text is read with care.
#include "ddsp_rt/playing/fitting_json.h"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>

#include "ddsp_rt/playing/fitter.h"

using namespace ddsp_rt;

namespace {

Fitting learnt() {
  Fitter fitter;
  for (int k = 0; k < 2000; ++k) {
    Features frame;
    frame.f0 = 110.0f + 0.01f * static_cast<float>(k);
    frame.periodicity = 0.9f;
    frame.loudness = -50.0f + 0.013f * static_cast<float>(k);
    fitter.add(frame);
  }
  for (int k = 0; k < 300; ++k) {
    Features noise;
    noise.loudness = -85.0f;
    fitter.add(noise);
  }
  TargetQuantiles target;
  for (std::size_t i = 0; i < target.pitch_midi.size(); ++i) {
    target.pitch_midi[i] = 57.0f + 3.3f * static_cast<float>(i);
    target.loudness_db[i] = -41.7f + 3.1f * static_cast<float>(i);
  }
  target.balance_db = -12.0f;
  return fitter.fit(target);
}

std::string with(const std::string& part, const std::string& other) {
  std::string text = to_json(learnt());
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), other);
}

}  // namespace

TEST_CASE("A learnt fit comes back to the bit") {
  const Fitting fitting = learnt(), restored = parse_fitting(to_json(fitting));
  CHECK(fitting.octave != 0);
  CHECK(fitting.gate_db > kSilenceDb);
  CHECK(restored.octave == fitting.octave);
  CHECK(restored.gate_db == fitting.gate_db);
  CHECK(fitting.balance_db == doctest::Approx(18.0f).epsilon(0.02));
  CHECK(restored.balance_db == fitting.balance_db);
  for (float db = -110.0f; db < 10.0f; db += 0.37f) CHECK(restored.loudness(db) == fitting.loudness(db));
  Fitting by_hand;
  by_hand.loudness = {-7.3f, 1.7f, -21.3f};
  CHECK(parse_fitting(to_json(by_hand)).loudness(-30.1f) == by_hand.loudness(-30.1f));
}

TEST_CASE("What no file can hold is written as the nearest thing that it can") {
  Fitting fitting;
  fitting.octave = 1000;
  fitting.gate_db = std::numeric_limits<float>::quiet_NaN();
  fitting.loudness = {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 0.0f};
  const Fitting restored = parse_fitting(to_json(fitting));
  CHECK(restored.gate_db == kSilenceDb);
  CHECK(std::isfinite(restored.loudness.offset_db));
  CHECK(restored.loudness.range == 1.0f);
}

TEST_CASE("A text that is no fitting is refused in one line") {
  for (const std::string& text :
       {std::string(), std::string("octave"), std::string("[]"), std::string("{}"), std::string(100000, '['),
        with("\"octave\":", "\"octave\":1.5,\"x\":"), with("\"octave\":", "\"octave\":99,\"x\":"),
        with("\"gate_db\":", "\"gate_db\":1e300,\"x\":"), with("\"offset_db\":", "\"offset_db\":null,\"x\":"),
        with("\"range\":", "\"range\":-1,\"x\":"), with("\"loud_db\":", "\"x\":"),
        with("\"version\":1", "\"version\":2"), with("\"loudness\"", "\"loud\"")}) {
    CAPTURE(text.substr(0, 200));
    CHECK_THROWS_AS(parse_fitting(text), FittingError);
    try {
      parse_fitting(text);
    } catch (const FittingError& error) {
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
  CHECK_NOTHROW(parse_fitting(with("\"version\":1", "\"version\":1,\"from_the_future\":[1,2]")));
}
