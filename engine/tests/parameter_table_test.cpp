// The table of parameters, and that each of them has a test that would miss its effect.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "coverage.h"
#include "ddsp_rt/playing/parameters.h"

using namespace ddsp_rt;

namespace {

bool has_test(Parameter parameter, coverage::Door door) {
  const auto& all = coverage::covered();
  return std::find(all.begin(), all.end(), std::pair{parameter, door}) != all.end();
}

}  // namespace

TEST_CASE("Every parameter is tested through every door that it concerns") {
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    CAPTURE(kParameters[i].name);
    const auto parameter = static_cast<Parameter>(i);
    if (concerns(kParameters[i].doors, Doors::kTransfer)) CHECK(has_test(parameter, coverage::audio));
    if (concerns(kParameters[i].doors, Doors::kControl)) CHECK(has_test(parameter, coverage::control));
    if (concerns(kParameters[i].doors, Doors::kNotes)) CHECK(has_test(parameter, coverage::notes));
  }
}

TEST_CASE("Every parameter has a name of its own, words, and a first value in its range") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const ParameterInfo& parameter = kParameters[i];
    CAPTURE(parameter.name);
    CHECK(names.insert(parameter.name).second);
    CHECK(find_parameter(parameter.name) == static_cast<Parameter>(i));
    CHECK_FALSE(parameter.description.empty());
    CHECK_FALSE(parameter.unit.empty());
    CHECK_FALSE(parameter.title.empty());
    CHECK(concerns(parameter.doors, Doors::kAll));
    if (parameter.scale == Scale::kDecibels) CHECK(parameter.unit == "dB");
    CHECK(parameter.minimum < parameter.maximum);
    CHECK(parameter.initial >= parameter.minimum);
    CHECK(parameter.initial <= parameter.maximum);
  }
  CHECK_FALSE(find_parameter("loudness"));
  CHECK_FALSE(find_parameter(""));
}

TEST_CASE(
    "Until something is set nothing is changed: no shift, no gain, the room and the life as learnt, the instrument "
    "alone") {
  const ParameterValues values;
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const auto parameter = static_cast<Parameter>(i);
    if (kParameters[i].doors == Doors::kNotes) continue;  // a note without a shape would be no note
    const bool whole = parameter == Parameter::kReverb || parameter == Parameter::kDryWet;
    CHECK(values[parameter] == (whole ? 1.0f : parameter == Parameter::kLife ? 100.0f : 0.0f));
  }
}

TEST_CASE("A value beyond the range is held at its end, and NaN is the first value") {
  ParameterValues values;
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const float infinity = std::numeric_limits<float>::infinity();
    CAPTURE(kParameters[i].name);
    values.set(parameter, infinity);
    CHECK(values[parameter] == kParameters[i].maximum);
    values.set(parameter, -1e9f);
    CHECK(values[parameter] == kParameters[i].minimum);
    values.set(parameter, std::numeric_limits<float>::quiet_NaN());
    CHECK(values[parameter] == kParameters[i].initial);
    const float between = 0.25f * kParameters[i].minimum + 0.75f * kParameters[i].maximum;
    values.set(parameter, between);
    CHECK(values[parameter] == between);
    for (std::size_t other = i + 1; other < kParameters.size(); ++other)
      CHECK(values[static_cast<Parameter>(other)] == kParameters[other].initial);
  }
}

TEST_CASE("A gain is 20 dB to the factor of ten; only a range that goes down to -60 dB mutes") {
  ParameterValues values;
  for (const Parameter parameter : {Parameter::kHarmonicGain, Parameter::kNoiseGain, Parameter::kOutputGain}) {
    for (const float db : {-59.9f, -20.0f, 0.0f, 20.0f}) {
      values.set(parameter, db);
      CHECK(values.gain(parameter) == doctest::Approx(std::pow(10.0, db / 20.0)));
    }
    values.set(parameter, -60.0f);
    CHECK(values.gain(parameter) == 0.0f);
  }
  values.set(Parameter::kInputGain, -40.0f);
  CHECK(values.gain(Parameter::kInputGain) == doctest::Approx(0.01));
}

TEST_CASE(
    "What is left alone has its initial value, the table's or another; taking over a set takes what is set in it") {
  ParameterValues values, others;
  CHECK(values.left_alone(Parameter::kAttack));
  values.set_initial(Parameter::kAttack, 1e9f);
  CHECK(values[Parameter::kAttack] == info(Parameter::kAttack).maximum);
  values.set_initial(Parameter::kAttack, 70.0f);
  CHECK(values[Parameter::kAttack] == 70.0f);
  others.set(Parameter::kRelease, 10.0f);
  values.set(Parameter::kGlide, 5.0f);
  values.set(others);
  CHECK(values[Parameter::kAttack] == 70.0f);
  CHECK(values[Parameter::kRelease] == 10.0f);
  CHECK(values.left_alone(Parameter::kGlide));
  others.set(Parameter::kAttack, 40.0f);
  values.set(others);
  CHECK(values[Parameter::kAttack] == 40.0f);
}
