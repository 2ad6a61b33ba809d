// A fitting comes back from text as it was, and a stranger's text is read with care.
#include "ddsp_rt/playing/fitting_json.h"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>

using namespace ddsp_rt;

namespace {

Fitting learnt() {
  Fitter fitter;
  for (int k = 0; k < 2000; ++k) {
    Features frame;
    frame.f0 = 110.0f + 0.01f * static_cast<float>(k);
    frame.periodicity = 0.9f;
    frame.loudness = k % 10 ? -50.0f + 0.013f * static_cast<float>(k) : -85.0f;
    fitter.add(frame);
  }
  TargetQuantiles target;
  for (std::size_t i = 0; i < target.pitch_midi.size(); ++i) {
    target.pitch_midi[i] = 57.0f + 3.3f * static_cast<float>(i);
    target.loudness_db[i] = -41.7f + 3.1f * static_cast<float>(i);
  }
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
  CHECK(restored.unvoiced_drop_db == fitting.unvoiced_drop_db);
  for (float db = -110.0f; db < 10.0f; db += 0.37f) CHECK(restored.loudness(db) == fitting.loudness(db));
  Fitting by_hand;
  by_hand.set_loudness_offset(-7.3f);
  CHECK(parse_fitting(to_json(by_hand)).loudness(-30.1f) == by_hand.loudness(-30.1f));
}

TEST_CASE("What no file can hold is written as the nearest thing that it can") {
  Fitting fitting;
  fitting.octave = 1000;
  fitting.gate_db = std::numeric_limits<float>::quiet_NaN();
  fitting.unvoiced_drop_db = std::numeric_limits<float>::infinity();
  const Fitting restored = parse_fitting(to_json(fitting));
  CHECK(restored.gate_db == kSilenceDb);
  CHECK(std::isfinite(restored.unvoiced_drop_db));
}

TEST_CASE("A text that is no fitting is refused in one line") {
  for (const std::string& text :
       {std::string(), std::string("octave"), std::string("[]"), std::string("{}"), std::string(100000, '['),
        with("\"octave\":", "\"octave\":1.5,\"x\":"), with("\"octave\":", "\"octave\":99,\"x\":"),
        with("\"gate_db\":", "\"gate_db\":1e300,\"x\":"),
        with("\"unvoiced_drop_db\":", "\"unvoiced_drop_db\":null,\"x\":"), with("\"from\":[", "\"from\":[0,"),
        with("\"from\":[", "\"from\":[1],\"x\":["), with("\"to\":[", "\"to\":[9,8,7,6,5,4,3,2,1],\"x\":["),
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

TEST_CASE("An offset by hand leaves the gate where it was in the performance") {
  Fitting fitting = learnt();
  float threshold = -100.0f;  // of the performance
  while (fitting.loudness(threshold) < fitting.gate_db) threshold += 0.01f;
  fitting.set_loudness_offset(11.0f);
  CHECK(std::abs(fitting.gate_db - (threshold + 11.0f)) < 0.11f);
  Fitting open;
  open.set_loudness_offset(11.0f);
  CHECK(open.gate_db == kSilenceDb);
}
