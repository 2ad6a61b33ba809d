// The note door: what is pressed sounds, in tune, in time and without a click, and nothing hangs.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <tuple>
#include <vector>

#include "ddsp_rt/playing/notes.h"
#include "made_instrument.h"
#include "realtime_guard.h"

namespace {

using namespace ddsp_rt;
using Kind = NoteEvent::Kind;

constexpr int kRate = 48000;
constexpr int kFrame = kRate / kFrameRate;

std::shared_ptr<const Instrument> golden() {
  static const auto instrument = Instrument::load(std::string(DDSP_RT_TEST_DATA) + "/golden.ddsp");
  return instrument;
}

/// A door that plays dry, so that what is measured is the voices'.
struct Player {
  explicit Player(int rate = kRate) : notes(golden(), rate) {
    set(Parameter::kReverb, 0.0f);
    set(Parameter::kNoiseGain, -60.0f);
  }
  void set(Parameter parameter, float value) {
    notes.set(parameter, value);
    notes.reset();
  }
  std::vector<float> play(std::vector<NoteEvent> events, int samples, int block = 0) {
    std::vector<float> out(static_cast<std::size_t>(samples));
    const NoteEvents all(events, samples);
    for (int done = 0; done < samples;) {
      const int count = block ? std::min(block, samples - done) : samples;
      notes.process(all + done, out.data() + done, count);
      done += count;
    }
    return out;
  }
  Notes notes;
};

NoteEvent on(int key, int offset = 0, float velocity = 0.8f, int channel = 0) {
  return {offset, Kind::kNoteOn, channel, key, velocity};
}
NoteEvent off(int key, int offset, int channel = 0) { return {offset, Kind::kNoteOff, channel, key, 0.0f}; }
NoteEvent said(Kind kind, float value, int offset = 0, int channel = 0) { return {offset, kind, channel, 0, value}; }

float loudest(const std::vector<float>& audio, int from = 0, int to = -1) {
  float most = 0.0f;
  for (int i = from; i < (to < 0 ? static_cast<int>(audio.size()) : to); ++i)
    most = std::max(most, std::fabs(audio[static_cast<std::size_t>(i)]));
  return most;
}

/// What the network hears of the notes that sound, frame by frame, after `events`.
std::vector<Features> heard(Player& player, const std::vector<NoteEvent>& events, int frames) {
  std::vector<Features> result;
  std::vector<float> out(kFrame);
  const NoteEvents all(events, frames * kFrame);
  for (int frame = 0; frame < frames; ++frame) {
    player.notes.process(all + frame * kFrame, out.data(), kFrame);
    Features last;
    player.notes.each_note([&](int, int, const Features& features) { last = features; });
    result.push_back(last);
  }
  return result;
}

float cents(float f0, double key) { return 100.0f * (midi_from_hz(f0) - static_cast<float>(key)); }

TEST_CASE("a note sounds one frame after its event, wherever in a frame that comes") {
  Player player;
  const auto first_sound = [&](int offset) {
    player.notes.reset();
    const auto out = player.play({on(60, offset)}, 4 * kFrame + kRate / 10);
    return static_cast<int>(std::find_if(out.begin(), out.end(), [](float x) { return x != 0.0f; }) - out.begin());
  };
  player.set(Parameter::kAttack, 0.0f);
  const int wanted = first_sound(0);
  CHECK(wanted <= 2 * kFrame);
  for (int offset : {1, 50, kFrame - 1, kFrame, kFrame + 100, 3 * kFrame + 7})
    CHECK(first_sound(offset) == wanted + offset);
}

TEST_CASE("cutting the stream changes no sample, at any rate") {
  for (int rate : {16000, 44100, 96000}) {
    std::vector<NoteEvent> events{on(60),
                                  on(64, 100),
                                  on(67, 5000, 0.3f, 1),
                                  said(Kind::kBend, 1.0f, 6000, 1),
                                  off(60, 7000),
                                  said(Kind::kSustain, 1.0f, 7500),
                                  off(64, 8000),
                                  on(72, 9000),
                                  off(72, 9001),
                                  said(Kind::kSustain, 0.0f, 11000)};
    Player whole(rate);
    const auto wanted = whole.play(events, 14000);
    REQUIRE(loudest(wanted) > 1e-3f);
    for (int block : {1, 64, 333}) {
      Player chopped(rate);
      CHECK(chopped.play(events, 14000, block) == wanted);
    }
  }
}

TEST_CASE("events at one sample count in their order, one that is dated back at its predecessor's sample") {
  Player player;
  const auto left = [&](const std::vector<NoteEvent>& events) {
    player.notes.reset();
    player.play(events, kRate);
    return player.notes.sounding();
  };
  CHECK(left({on(60, 300), off(60, 300)}) == 0);
  CHECK(left({off(60, 300), on(60, 300)}) == 1);
  CHECK(left({on(60, 300), off(60, 20)}) == 0);
  CHECK(left({on(60, kRate + 5), off(60, 0)}) == 0);
  CHECK(left({on(60, -5)}) == 1);
}

TEST_CASE("keys are in tune, bent and transposed as asked") {
  Player player;
  player.notes.set(Parameter::kTranspose, 2.0f);
  for (int key : {40, 60, 81}) {
    player.notes.reset();
    const auto frames = heard(player, {on(key), said(Kind::kBend, -0.5f)}, 30);
    CHECK(std::fabs(cents(frames.back().f0, key + 1.5)) < 0.1f);
  }
}

TEST_CASE("vibrato has its rate and depth, after its delay") {
  Player player;
  player.notes.set(Parameter::kVibratoRate, 6.0f);
  player.notes.set(Parameter::kVibratoDepth, 40.0f);
  player.notes.set(Parameter::kVibratoDelay, 400.0f);
  const auto frames = heard(player, {on(69)}, 1000);
  float before = 0.0f, after = 0.0f;
  int crossings = 0;
  for (std::size_t f = 2; f < frames.size(); ++f) {
    const float now = cents(frames[f].f0, 69);
    if (f < 100) before = std::max(before, std::fabs(now));
    if (f >= 160) {
      after = std::max(after, std::fabs(now));
      crossings += (cents(frames[f - 1].f0, 69) < 0.0f) != (now < 0.0f);
    }
  }
  CHECK(before < 0.01f);
  CHECK(after == doctest::Approx(40.0f).epsilon(0.02));
  CHECK(crossings / 2.0 / (840.0 / kFrameRate) == doctest::Approx(6.0).epsilon(0.02));
}

TEST_CASE("the envelope takes the time it is given in the loudness that the network hears") {
  Player player;
  player.notes.set(Parameter::kAttack, 100.0f);
  player.notes.set(Parameter::kDecay, 200.0f);
  player.notes.set(Parameter::kSustain, -12.0f);
  player.notes.set(Parameter::kRelease, 300.0f);
  const auto frames = heard(player, {on(60), off(60, 250 * kFrame)}, 400);
  float top = kSilenceDb;
  std::size_t peak = 0, settled = 0;
  for (std::size_t f = 0; f < 250; ++f)
    if (frames[f].loudness > top + 1e-3f) {
      top = frames[f].loudness;
      peak = f;
    }
  for (std::size_t f = peak; f < 250 && settled == 0; ++f)
    if (frames[f].loudness < top - 12.0f + 0.01f) settled = f;
  const auto start = static_cast<std::size_t>(
      std::find_if(frames.begin(), frames.end(), [](const Features& f) { return f.loudness > kSilenceDb; }) -
      frames.begin());
  constexpr double ms = 1000.0 / kFrameRate;
  CHECK(std::fabs(static_cast<double>(peak - start) * ms - 100.0) <= 5.0);
  CHECK(std::fabs(static_cast<double>(settled - peak) * ms - 200.0) <= 5.0);
  const float held = frames[249].loudness;
  CHECK(held == doctest::Approx(top - 12.0f));
  for (const double share : {1.0 / 3.0, 1.0}) {
    std::size_t fallen = 250;
    while (frames[fallen].loudness > held - static_cast<float>(60.0 * share)) ++fallen;
    CHECK(std::fabs(static_cast<double>(fallen - 250) * ms - 300.0 * share) <= 5.0);
  }
}

TEST_CASE("velocity spans the instrument's loudness evenly") {
  Player player;
  const auto level = [&](int velocity) {
    player.notes.reset();
    return heard(player, {on(60, 0, static_cast<float>(velocity) / 127.0f)}, 60).back().loudness;
  };
  const auto& range = golden()->quantiles.loudness_db;
  CHECK(level(1) == doctest::Approx(range[1]));
  CHECK(level(127) == doctest::Approx(range[7]));
  CHECK(level(64) == doctest::Approx(0.5f * (range[1] + range[7])));
  CHECK(level(96) - level(64) == doctest::Approx(level(64) - level(32)));
}

TEST_CASE("a glide is 95 % there in its time") {
  Player player;
  player.notes.set(Parameter::kLegato, 1.0f);
  player.notes.set(Parameter::kGlide, 100.0f);
  const auto frames = heard(player, {on(60), on(72, 50 * kFrame)}, 90);
  CHECK(cents(frames[51 + 24].f0, 72) == doctest::Approx(-60.0f).epsilon(0.05));
}

TEST_CASE("without legato a note glides from the key before") {
  Player player;
  player.notes.set(Parameter::kGlide, 100.0f);
  const auto frames = heard(player, {on(60), off(60, 40 * kFrame), on(72, 50 * kFrame)}, 90);
  CHECK(cents(frames[51].f0, 72) < -900.0f);
  CHECK(cents(frames[51 + 24].f0, 72) == doctest::Approx(-60.0f).epsilon(0.05));
}

TEST_CASE("a key that is struck again while it sounds attacks again, from 20 dB below") {
  Player player;
  player.notes.set(Parameter::kAttack, 200.0f);
  const auto frames = heard(player, {on(60), on(60, 100 * kFrame)}, 180);
  CHECK(frames[101].loudness == doctest::Approx(frames[99].loudness - 20.0f).epsilon(0.02));
  CHECK(frames[101 + 30].loudness == doctest::Approx(frames[99].loudness));
}

TEST_CASE("a key struck in the very frame in which all sound ends does not fall from farther than one struck again") {
  Player player;
  player.notes.set(Parameter::kAttack, 200.0f);
  const NoteEvent end{100 * kFrame, NoteEvent::Kind::kAllSoundOff, 0, 0, 0.0f};
  const auto frames = heard(player, {on(60), end, on(60, 100 * kFrame)}, 180);
  CHECK(frames[101].loudness == doctest::Approx(frames[99].loudness - 20.0f).epsilon(0.02));

  player.notes.reset();
  const auto later = heard(player, {on(60), end, on(60, 101 * kFrame)}, 180);
  CHECK(later[101].loudness == kSilenceDb);
  CHECK(later[102].loudness == doctest::Approx(frames[99].loudness - 40.0f).epsilon(0.02));
}

TEST_CASE("legato slurs to the next key and back; without it each key has a line") {
  Player player;
  player.notes.set(Parameter::kLegato, 1.0f);
  auto frames = heard(player, {on(60), on(64, 40 * kFrame), off(64, 80 * kFrame), off(60, 120 * kFrame)}, 160);
  CHECK(std::fabs(cents(frames[70].f0, 64)) < 0.1f);
  CHECK(std::fabs(cents(frames[110].f0, 60)) < 0.1f);
  for (std::size_t f = 30; f < 118; ++f) CHECK(frames[f].loudness == doctest::Approx(frames[29].loudness));
  CHECK(frames[159].loudness < frames[110].loudness - 20.0f);

  player.set(Parameter::kLegato, 0.0f);
  std::vector<float> out(static_cast<std::size_t>(10 * kFrame));
  player.notes.process({std::vector<NoteEvent>{on(60), on(64), on(67)}, 10 * kFrame}, out.data(), 10 * kFrame);
  CHECK(player.notes.sounding() == 3);
}

TEST_CASE("a channel's legato slurs its notes in one line, without a new attack, and leaves other channels alone") {
  Player player;
  player.notes.set(Parameter::kAttack, 400.0f);
  const auto frames = heard(
      player, {said(Kind::kLegato, 1.0f), on(60), on(64, 120 * kFrame), off(60, 120 * kFrame), off(64, 200 * kFrame)},
      240);
  CHECK(std::fabs(cents(frames[130].f0, 64)) < 0.1f);
  for (std::size_t f = 110; f < 199; ++f) CHECK(frames[f].loudness == doctest::Approx(frames[110].loudness));
  CHECK(frames[239].loudness < frames[199].loudness - 20.0f);

  const auto lines = [&](const std::vector<NoteEvent>& events) {
    player.play(events, 10 * kFrame);
    return player.notes.sounding();
  };
  player.notes.reset();
  CHECK(lines({said(Kind::kLegato, 1.0f, 0, 2), on(60, 0, 0.8f, 2), on(64, 0, 0.8f, 2), on(67, 0, 0.8f, 2)}) == 1);
  CHECK(lines({on(50), on(54)}) == 3);
  CHECK(lines({said(Kind::kLegato, 0.0f, 0, 2), on(70, 0, 0.8f, 2)}) == 4);
  player.notes.reset();
  CHECK(lines({said(Kind::kLegato, 1.0f, 0, 2), on(50), on(60, 0, 0.8f, 2)}) == 2);  // not from another channel's note
  player.notes.reset();
  CHECK(lines({on(60), on(64)}) == 2);  // from before the switch: each lifts for itself
  player.notes.set(Parameter::kRelease, 5.0f);
  CHECK(lines({said(Kind::kLegato, 1.0f), off(64, 0)}) == 1);
  CHECK(lines({off(60, 0)}) == 0);
}

TEST_CASE("a note on or off of a channel or a key that does not exist means nothing") {
  for (const bool legato : {false, true}) {
    Player player, other;
    for (Player* each : {&player, &other}) {
      each->notes.set(Parameter::kLegato, legato ? 1.0f : 0.0f);
      each->notes.set(Parameter::kRelease, 10.0f);
      each->play({said(Kind::kLegato, 1.0f, 0, kAllChannels), on(60)}, 20 * kFrame);
    }
    std::vector<NoteEvent> strange;
    for (const auto& [channel, key] : {std::pair{-1, 60}, {-2, 60}, {16, 60}, {100'000, 60}, {0, -1}, {0, 128}})
      strange.insert(strange.end(), {on(key, 0, 0.8f, channel), off(key, 0, channel), on(key, 0, 0.0f, channel)});
    CHECK(player.play(strange, 20 * kFrame) == other.play({}, 20 * kFrame));
    CHECK(player.notes.sounding() == 1);
    CHECK(player.play({off(60, 0)}, 100 * kFrame) == other.play({off(60, 0)}, 100 * kFrame));
    CHECK(player.notes.sounding() == 0);
  }
}

TEST_CASE("the pedal holds, and only its channel's notes") {
  Player player;
  player.notes.set(Parameter::kRelease, 10.0f);
  const std::vector<NoteEvent> events{said(Kind::kSustain, 1.0f), on(60), on(64, 0, 0.8f, 3), off(60, 20 * kFrame),
                                      off(64, 20 * kFrame, 3)};
  player.play(events, 100 * kFrame);
  CHECK(player.notes.sounding() == 1);
  player.play({said(Kind::kSustain, 0.0f)}, 100 * kFrame);
  CHECK(player.notes.sounding() == 0);
}

TEST_CASE("a pedal that comes up ends the notes of its channel, and no other's") {
  Player player;
  player.notes.set(Parameter::kRelease, 10.0f);
  player.play({said(Kind::kSustain, 1.0f), said(Kind::kSustain, 1.0f, 0, 3), on(60), on(64, 0, 0.8f, 3),
               off(60, 20 * kFrame), off(64, 20 * kFrame, 3)},
              100 * kFrame);
  CHECK(player.notes.sounding() == 2);
  player.play({said(Kind::kSustain, 0.0f, 0, 3)}, 100 * kFrame);
  CHECK(player.notes.sounding() == 1);
  player.play({said(Kind::kSustain, 0.0f, 0, kAllChannels)}, 100 * kFrame);
  CHECK(player.notes.sounding() == 0);
}

TEST_CASE("all notes off and all sound off leave silence") {
  for (Kind kind : {Kind::kAllNotesOff, Kind::kAllSoundOff}) {
    Player player;
    player.notes.set(Parameter::kRelease, 200.0f);
    player.play({said(Kind::kSustain, 1.0f), on(60), on(62), on(64)}, 50 * kFrame);
    NoteEvent end{0, kind, kAllChannels, 0, 0.0f};
    const auto out = player.play({end}, kRate);
    CHECK(player.notes.sounding() == 0);
    const int silent_from = kind == Kind::kAllSoundOff ? 10 * kFrame : kRate / 2;
    CHECK(loudest(out, silent_from) == 0.0f);
  }
}

/// The largest second difference of a passage: what a step or a corner in it shows as.
double roughness(const std::vector<float>& audio, int from, int to) {
  double most = 0.0;
  for (int i = from + 2; i < to; ++i) {
    const auto at = static_cast<std::size_t>(i);
    most = std::max(most, std::fabs(static_cast<double>(audio[at]) - 2.0 * audio[at - 1] + audio[at - 2]));
  }
  return most;
}

TEST_CASE("neither a stolen voice nor a note struck again clicks") {
  for (int key : {57, 69}) {
    Player player;
    player.notes.set(Parameter::kVoices, 1.0f);
    player.notes.set(Parameter::kAttack, 5.0f);
    for (int shift : {0, 50, 191}) {
      player.notes.reset();
      const int strike = 100 * kFrame + shift;
      const auto out = player.play({on(57, 7, 1.0f), on(key, strike, 1.0f)}, 200 * kFrame);
      const double steady =
          std::max(roughness(out, 60 * kFrame, 99 * kFrame), roughness(out, 150 * kFrame, 199 * kFrame));
      CHECK(roughness(out, strike - 10, strike + 12 * kFrame) < 1.5 * steady);
    }
  }
}

TEST_CASE("a sine that is struck again at another place in its frame has no corner") {
  Notes notes(make({}), kRate);
  notes.set(Parameter::kReverb, 0.0f);
  std::vector<float> out(static_cast<std::size_t>(60 * kFrame));
  for (const int shift : {20, 91, 150}) {
    notes.reset();
    const std::vector<NoteEvent> events{on(57), on(57, 30 * kFrame + shift)};
    notes.process({events, 60 * kFrame}, out.data(), 60 * kFrame);
    CHECK(roughness(out, 29 * kFrame, 35 * kFrame) < 5.0 * roughness(out, 20 * kFrame, 29 * kFrame));
  }
}

TEST_CASE("a bend of all channels bends each note") {
  Player player;
  const auto bent = heard(player, {said(Kind::kBend, 2.0f, 0, kAllChannels), on(60, 1)}, 20).back().f0;
  CHECK(bent == doctest::Approx(440.0 * std::exp2((62 - 69) / 12.0)).epsilon(1e-4));
}

TEST_CASE("a note ends without a step, however loud its instrument plays what is soft") {
  Notes notes(make({.gate_db = -90.0f}), kRate);
  notes.set(Parameter::kRelease, 1.0f);
  for (const int shift : {0, 77}) {
    notes.reset();
    const std::vector<NoteEvent> events{on(57), off(57, 30 * kFrame + shift)};
    std::vector<float> out(static_cast<std::size_t>(60 * kFrame));
    notes.process({events, 60 * kFrame}, out.data(), 60 * kFrame);
    CHECK(loudest(out, 50 * kFrame) == 0.0f);
    CHECK(roughness(out, 29 * kFrame, 60 * kFrame) < 1.5 * roughness(out, 20 * kFrame, 29 * kFrame));
  }
}

TEST_CASE("a voice that is stolen fades at its old pitch under the new one, and does not sweep from one to the other") {
  const double old_hertz = 440.0 * std::exp2((69 - 69) / 12.0), hertz = 440.0 * std::exp2((71 - 69) / 12.0);
  Notes notes(make({}), kRate);
  notes.set(Parameter::kVoices, 1.0f);
  notes.reset();
  const std::vector<NoteEvent> events{on(69), on(71, 30 * kFrame)};
  std::vector<float> out(static_cast<std::size_t>(40 * kFrame));
  notes.process({events, 40 * kFrame}, out.data(), 40 * kFrame);
  const float* frame = out.data() + 31 * kFrame;  // where the second note begins to sound
  const float level = loudest(out, 20 * kFrame, 30 * kFrame);
  double nearest = 1.0;
  for (int start = 0; start < 2000; ++start) {  // whatever the phase was
    const double phase = start / 2000.0;
    double off = 0.0;
    for (int i = 0; i < kFrame; ++i) {
      const double passed = double(i + 1) / kFrame, share = passed * passed * (3.0 - 2.0 * passed);
      const auto sine = [&](double at) { return std::sin(2 * std::numbers::pi * (phase + at * (i + 1) / kRate)); };
      off = std::max(off, std::abs(frame[i] / level - ((1.0 - share) * sine(old_hertz) + share * sine(hertz))));
    }
    nearest = std::min(nearest, off);
  }
  CHECK(nearest < 0.01);
}

TEST_CASE("a leap of pressure, expression or timbre takes some frames, but a note begins with what its channel says") {
  Player player;
  player.set(Parameter::kAttack, 0.0f);
  for (const auto& [kind, value, db] : {std::tuple{Kind::kPressure, 1.0f, 6.0f}, {Kind::kExpression, 0.1f, -40.0f}}) {
    player.notes.reset();
    const float plain = heard(player, {on(60)}, 20).back().loudness;
    const auto moved = heard(player, {said(kind, value)}, 40);
    for (std::size_t f = 1; f < moved.size(); ++f)
      CHECK(std::fabs(moved[f].loudness - moved[f - 1].loudness) < 0.3f * std::fabs(db));
    CHECK(moved.back().loudness == doctest::Approx(plain + db).epsilon(0.002));
    player.notes.reset();
    CHECK(heard(player, {said(kind, value), on(60)}, 2).back().loudness == doctest::Approx(plain + db).epsilon(0.002));
  }
}

TEST_CASE("equal events give equal samples, and two voices on one key are not one voice twice as loud") {
  Player first, second;
  const std::vector<NoteEvent> events{on(60), on(60, 10, 0.8f, 1)};
  CHECK(first.play(events, 20000) == second.play(events, 20000));
  Player noisy;
  noisy.set(Parameter::kNoiseGain, 0.0f);
  noisy.set(Parameter::kHarmonicGain, -60.0f);
  const auto one = noisy.play({on(60)}, 20000);
  noisy.notes.reset();
  const auto two = noisy.play({on(60), on(60, 0, 0.8f, 1)}, 20000);
  double energy_one = 0.0, energy_two = 0.0;
  for (std::size_t i = 10000; i < one.size(); ++i) {
    energy_one += static_cast<double>(one[i]) * one[i];
    energy_two += static_cast<double>(two[i]) * two[i];
  }
  REQUIRE(energy_one > 0.0);
  CHECK(energy_two / energy_one == doctest::Approx(2.0).epsilon(0.2));
}

TEST_CASE("ten thousand events of any kind leave no note hanging and nothing unbounded") {
  std::mt19937 random(7);
  const auto number = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  for (int rate : {8000, 48000}) {
    Player player(rate);
    int sent = 0;
    while (sent < 5000) {
      const int n = number(1, 2 * rate / 100);
      std::vector<NoteEvent> events(static_cast<std::size_t>(number(0, 12)));
      for (NoteEvent& event : events) {
        event = {number(-5, n + 5), static_cast<Kind>(number(0, 9)), number(-2, 17), number(-3, 130),
                 static_cast<float>(number(-2, 20)) / 10.0f};
        if (number(0, 200) == 0) event.value = std::nanf("");
      }
      sent += static_cast<int>(events.size());
      std::vector<float> out(static_cast<std::size_t>(n));
      if (number(0, 20) == 0)
        player.notes.set(static_cast<Parameter>(number(0, static_cast<int>(kParameters.size()) - 1)),
                         static_cast<float>(number(-100, 300)));
      player.notes.set(Parameter::kReverb, 0.0f);
      player.notes.process({events, n}, out.data(), n);
      for (float sample : out) REQUIRE(std::fabs(sample) < 2000.0f);  // eight voices at 2, both gains at +20 dB
    }
    player.notes.set(Parameter::kRelease, 50.0f);
    player.play({NoteEvent{0, Kind::kAllNotesOff, kAllChannels, 0, 0.0f}}, rate);
    CHECK(player.notes.sounding() == 0);
  }
}

TEST_CASE("playing notes is real-time") {
  Player player;
  std::vector<NoteEvent> events{on(60), on(64, 3), said(Kind::kSustain, 1.0f, 9), on(60, 40), off(64, 50)};
  for (int key = 40; key < 60; ++key) events.push_back(on(key, 60));
  events.push_back({500, Kind::kAllSoundOff, kAllChannels, 0, 0.0f});
  std::vector<float> out(4096);
  CHECK(run_guarded([] {},
                    [&] {
                      for (int block : {1, 64, 512, 4096}) player.notes.process({events, block}, out.data(), block);
                    }) == "ok");
}

}  // namespace
