// Gains, the room's amount and the mixture of dry and wet, measured in dB; and that none of them steps.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "coverage.h"
#include "measure.h"
#include "rigs.h"

using namespace rigs;
using measure::db;
using measure::from_db;
using measure::peak;
using measure::Sound;

namespace {

constexpr double kSettled = 0.4;  // seconds after which an ear has found the pitch and nothing moves any more

Recipe sine() { return {}; }
Recipe hiss() { return {.amplitude = 0.0f, .noise = {0.05f, 0.05f}}; }
Recipe sine_and_hiss() { return {.noise = {0.05f, 0.05f}}; }

/// The sound of a door with one parameter set from the start, or before `at` seconds; without breath, for an attack is
/// noise until its pitch is heard.
template <typename Rig>
std::vector<float> sound(const Recipe& recipe, Parameter parameter, float value, double seconds = kSettled + 0.2,
                         double at = 0.0) {
  Rig rig(recipe);
  rig.door.set(Parameter::kBreath, -60.0f);
  if (at == 0.0) rig.door.set(parameter, value);
  rig.door.reset();
  if (at == 0.0) return rig.play(seconds);
  std::vector<float> out = rig.play(at);
  rig.door.set(parameter, value);
  const std::vector<float> rest = rig.play(seconds - at);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

template <typename Rig>
std::vector<float> plain(const Recipe& recipe, double seconds = kSettled + 0.2) {
  return sound<Rig>(recipe, Parameter::kOutputGain, 0.0f, seconds);
}

Sound end_of(const std::vector<float>& sound) { return Sound(sound).subspan(samples(kSettled)); }

/// The largest distance of a from gain times b.
double distance(Sound a, Sound b, double gain) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - gain * b[i]));
  return largest;
}

/// What a gain did from sample to sample: quotients of two sounds where the second one is not near zero.
std::vector<double> gains(Sound changed, Sound unchanged) {
  const double loud = 0.3 * peak(unchanged);
  std::vector<double> found;
  for (std::size_t i = 0; i < changed.size(); ++i)
    found.push_back(std::abs(unchanged[i]) > loud ? changed[i] / unchanged[i] : found.empty() ? 1.0 : found.back());
  return found;
}

/// A value that moves from its first to its last reaches 95 % of the way after 20 to 70 ms, goes no more than a third
/// of it within a frame, and turns back nowhere.
void check_smooth(const std::vector<double>& course, double rate) {
  const double first = course.front(), way = course.back() - first;
  REQUIRE(std::abs(way) > 0.05);
  const auto share = [&](std::size_t i) { return (course[i] - first) / way; };
  const auto frame = static_cast<std::size_t>(rate / 250);
  double arrived = 0.0, fastest = 0.0, back = 0.0, high = 0.0;
  for (std::size_t i = 0; i < course.size(); ++i) {
    if (share(i) < 0.95) arrived = static_cast<double>(i) / rate;
    if (i >= frame) fastest = std::max(fastest, share(i) - share(i - frame));
    high = std::max(high, share(i));
    back = std::max(back, high - share(i));
  }
  CHECK(arrived > 0.020);
  CHECK(arrived < 0.070);
  CHECK(fastest < 0.34);
  CHECK(back < 0.02);
}

}  // namespace

TYPE_TO_STRING(Audio);
TYPE_TO_STRING(Control);

COVERS(kHarmonicGain, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Harmonic gain: its dB on the harmonics, nothing on the noise, silence at the lowest", Rig, Audio,
                   Control) {
  const std::vector<float> tone = plain<Rig>(sine()), noise = plain<Rig>(hiss());
  for (const float gain : {-59.0f, -12.0f, 6.0f, 20.0f}) {
    CAPTURE(gain);
    const std::vector<float> changed = sound<Rig>(sine(), Parameter::kHarmonicGain, gain);
    CHECK(distance(end_of(changed), end_of(tone), from_db(gain)) < 1e-4 * from_db(gain) + 1e-6);
    CHECK(distance(sound<Rig>(hiss(), Parameter::kHarmonicGain, gain), noise, 1.0) < 1e-4);
  }
  CHECK(peak(sound<Rig>(sine(), Parameter::kHarmonicGain, -60.0f)) < 1e-6);
}

COVERS(kNoiseGain, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Noise gain: its dB on the noise, nothing on the harmonics, silence at the lowest", Rig, Audio,
                   Control) {
  const std::vector<float> tone = plain<Rig>(sine()), noise = plain<Rig>(hiss());
  REQUIRE(measure::rms(end_of(noise)) > 0.01);
  for (const float gain : {-59.0f, -12.0f, 6.0f, 20.0f}) {
    CAPTURE(gain);
    const std::vector<float> changed = sound<Rig>(hiss(), Parameter::kNoiseGain, gain);
    CHECK(distance(end_of(changed), end_of(noise), from_db(gain)) < 1e-4 * from_db(gain) + 1e-6);
    CHECK(distance(sound<Rig>(sine(), Parameter::kNoiseGain, gain), tone, 1.0) < 1e-4);
  }
  CHECK(peak(sound<Rig>(hiss(), Parameter::kNoiseGain, -60.0f)) < 1e-6);
}

COVERS(kOutputGain, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Output gain: its dB on all that is heard, silence at the lowest", Rig, Audio, Control) {
  const std::vector<float> played = plain<Rig>(sine_and_hiss());
  for (const float gain : {-59.0f, -6.0f, 20.0f})
    CHECK(distance(sound<Rig>(sine_and_hiss(), Parameter::kOutputGain, gain), played, from_db(gain)) <
          1e-5 * from_db(gain));
  CHECK(peak(sound<Rig>(sine_and_hiss(), Parameter::kOutputGain, -60.0f)) == 0.0);
}

COVERS(kDryWet, {coverage::audio});
TEST_CASE("Dry and wet: shares of the input as it came and of the instrument, both under the output gain") {
  for (const float wet : {0.0f, 0.25f, 0.9f, 1.0f}) {
    CAPTURE(wet);
    Audio rig(sine_and_hiss());
    rig.door.set(Parameter::kDryWet, wet);
    rig.door.set(Parameter::kOutputGain, -6.0f);
    rig.door.set(Parameter::kInputGain, 15.0f);  // for the ear alone
    rig.door.reset();
    const std::vector<float> mixed = rig.play(kSettled + 0.2);
    rig.door.set(Parameter::kDryWet, 1.0f);
    rig.door.set(Parameter::kOutputGain, 0.0f);
    rig.door.reset();
    const std::vector<float> input = rig.in, instrument = process(rig.door, input);
    REQUIRE(peak(end_of(instrument)) > 0.1);
    double largest = 0.0;
    for (std::size_t i = 0; i < mixed.size(); ++i)
      largest = std::max(largest, std::abs(mixed[i] - from_db(-6.0) * ((1.0 - wet) * input[i] + wet * instrument[i])));
    CHECK(largest < 1e-5);
  }
}

TEST_CASE("The control door has no input to mix in: dry and wet leave its level alone") {
  CHECK(distance(sound<Control>(sine_and_hiss(), Parameter::kDryWet, 0.3f), plain<Control>(sine_and_hiss()), 1.0) <
        1e-6);
}

COVERS(kReverb, {coverage::audio, coverage::control});
TEST_CASE_TEMPLATE("Reverb: 0 is exactly dry, 2 twice the room, and the dry sound stays as it is", Rig, Audio,
                   Control) {
  Recipe room = sine_and_hiss();
  constexpr std::size_t late = 640;  // samples: 40 ms
  room.room.assign(700, 0.0f);
  room.room[late] = 0.5f;
  const std::vector<float> dry = plain<Rig>(sine_and_hiss());
  CHECK(sound<Rig>(room, Parameter::kReverb, 0.0f) == dry);
  for (const float amount : {0.3f, 1.0f, 2.0f}) {
    CAPTURE(amount);
    const std::vector<float> wet = sound<Rig>(room, Parameter::kReverb, amount);
    double largest = 0.0;
    for (std::size_t i = 0; i < wet.size(); ++i)
      largest = std::max(largest, std::abs(wet[i] - dry[i] - (i < late ? 0.0 : amount * 0.5 * dry[i - late])));
    CHECK(largest < 1e-5);
  }
}

COVERS(kInputGain, {coverage::audio});
TEST_CASE("Input gain is heard as so many dB of loudness, and not heard in the sound") {
  const auto heard = [](float gain) {
    Audio rig(sine());
    rig.door.set(Parameter::kInputGain, gain);
    rig.play(kSettled, {.level = 0.1});
    return static_cast<double>(rig.door.features().loudness);
  };
  const double plainly = heard(0.0f);
  for (const float gain : {-40.0f, -7.0f, 12.0f, 40.0f}) {
    CAPTURE(gain);
    CHECK(std::abs(heard(gain) - plainly - gain) < 0.1);
  }
}

TEST_CASE("Input gain moves smoothly") {
  Audio rig(sine());
  rig.play(kSettled, {.level = 0.1});
  rig.door.set(Parameter::kInputGain, 20.0f);
  const double before = rig.door.features().loudness;
  int frames = 0;
  for (; frames < 60; ++frames) {
    rig.play(0.004, {.level = 0.1});
    if (rig.door.features().loudness > before + 19.0) break;
  }
  CHECK(frames >= 6);  // a step would be through the meter's window in 4
  CHECK(frames <= 18);
}

TEST_CASE("Input that is turned down is heard, frame by frame, as input that fades as the other gains do") {
  Audio turned(sine()), fading(sine()), hearing(sine());
  fading.door.set(Parameter::kDryWet, 0.0f);
  fading.door.reset();
  turned.play(kSettled);
  hearing.play(kSettled);
  fading.play(kSettled);
  turned.door.set(Parameter::kInputGain, -30.0f);
  fading.door.set(Parameter::kOutputGain, -30.0f);
  double furthest = 0.0;
  for (int frame = 0; frame < 100; ++frame) {
    turned.play(1.0 / 250);
    process(hearing.door, fading.play(1.0 / 250));
    furthest = std::max(
        furthest, std::abs(static_cast<double>(turned.door.features().loudness) - hearing.door.features().loudness));
  }
  CHECK(furthest < 0.02);  // dB
}

TEST_CASE_TEMPLATE("No gain steps: harmonic, noise and output gain, and the room's amount", Rig, Audio, Control) {
  const double at = kSettled, seconds = at + 0.3;
  const auto course = [&](const Recipe& recipe, Parameter parameter, float value, Sound less = {}) {
    std::vector<float> changed = sound<Rig>(recipe, parameter, value, seconds, at),
                       unchanged = plain<Rig>(recipe, seconds);
    for (std::size_t i = 0; i < less.size(); ++i) changed[i] -= less[i], unchanged[i] -= less[i];
    return gains(Sound(changed).subspan(samples(at)), Sound(unchanged).subspan(samples(at)));
  };
  for (const float value : {-60.0f, 9.0f}) {
    CAPTURE(value);
    check_smooth(course(sine(), Parameter::kHarmonicGain, value), kRate);
    check_smooth(course(sine(), Parameter::kOutputGain, value), kRate);
  }
  Recipe room = sine();
  room.room.assign(60, 0.0f);
  room.room[50] = 0.5f;
  const std::vector<float> dry = plain<Rig>(sine(), seconds);
  check_smooth(course(room, Parameter::kReverb, 0.0f, dry), kRate);
  check_smooth(course(room, Parameter::kReverb, 2.0f, dry), kRate);

  // Segments of noise overlap, so the gain is that of the power, frame by frame.
  const std::vector<float> hushed = sound<Rig>(hiss(), Parameter::kNoiseGain, -60.0f, seconds, at),
                           noise = plain<Rig>(hiss(), seconds);
  const std::size_t frame = kRate / 250;
  std::vector<double> power;
  for (std::size_t i = samples(at); i + 1 < noise.size(); ++i)
    power.push_back(measure::rms(Sound(hushed).subspan(i - frame, frame)) /
                    measure::rms(Sound(noise).subspan(i - frame, frame)));
  check_smooth(power, kRate);
}

TEST_CASE("The mixture of dry and wet does not step either") {
  const double at = kSettled, seconds = at + 0.3;
  Recipe silent = sine();
  silent.amplitude = 0.0f;  // so that the input alone is heard
  Audio changed(silent);
  changed.door.set(Parameter::kDryWet, 0.0f);
  changed.door.reset();
  changed.play(at);
  changed.door.set(Parameter::kDryWet, 1.0f);
  const std::vector<float> input_fades = changed.play(seconds - at);
  check_smooth(gains(input_fades, changed.in), kRate);

  const std::vector<float> dry_now = sound<Audio>(sine(), Parameter::kDryWet, 0.0f, seconds, at),
                           wet = plain<Audio>(sine(), seconds);
  Audio input(sine());
  input.play(seconds);
  std::vector<double> instrument_fades;  // out = (1 - w) in + w wet, solved for w
  for (std::size_t i = samples(at); i < wet.size(); ++i) {
    const double span = static_cast<double>(wet[i]) - input.in[i];
    instrument_fades.push_back(std::abs(span) > 0.1       ? (dry_now[i] - input.in[i]) / span
                               : instrument_fades.empty() ? 1.0
                                                          : instrument_fades.back());
  }
  check_smooth(instrument_fades, kRate);
}

TEST_CASE_TEMPLATE("After a reset every gain stands where it was set, without a ramp", Rig, Audio, Control) {
  Rig rig(sine());
  rig.door.set(Parameter::kBreath, -60.0f);  // an attack is noise until its pitch is heard
  rig.play(kSettled);
  for (const Parameter gain : {Parameter::kHarmonicGain, Parameter::kOutputGain}) {
    rig.door.set(gain, -40.0f);
    rig.door.reset();
    const std::vector<float> quiet = rig.play(kSettled + 0.1);
    CHECK(peak(quiet) < 1.02 * peak(end_of(quiet)));
    rig.door.set(gain, 0.0f);
  }
}
