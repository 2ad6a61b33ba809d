// A door that was reset plays as a new one with the same settings: nothing of what it played lives on.
#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <vector>

#include "ddsp_rt/playing/notes.h"
#include "rigs.h"

using namespace rigs;
using ddsp_rt::Instruments;
using ddsp_rt::NoteEvent;
using ddsp_rt::Notes;

namespace {

using Sound = std::vector<float>;

/// An instrument with all that has a memory: an encoder, noise, life, a room.
Recipe remembering(float amplitude) {
  Recipe recipe{.amplitude = amplitude, .harmonics = {0.6f, 0.3f, 0.1f}, .noise = {0.01f, 0.02f, 0.01f}};
  recipe.room.assign(4000, 0.01f);
  recipe.gate_db = -90.0f;
  recipe.follows_z = 1.0f;
  recipe.life = {.hertz = {200.0f, 2000.0f}, .depth = {0.3f, 0.3f}, .fast = {}};
  return recipe;
}

Sound hiss(double seconds, float level) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> even(-level, level);
  Sound sound(samples(seconds));
  for (float& sample : sound) sample = even(random);
  return sound;
}

Sound tone(double hertz) { return Tone(kRate).next(0.3, {.hertz = hertz}); }

/// Each of `parts` sounds as from a new door after each of `before` and a reset, which comes in mid-frame.
template <typename Door, typename Part>
void forgets(const std::function<Door()>& made, const std::vector<Part>& before, const std::vector<Part>& parts,
             const std::function<Sound(Door&, const Part&)>& play) {
  for (std::size_t part = 0; part < parts.size(); ++part) {
    Door fresh = made();
    const Sound wanted = play(fresh, parts[part]);
    for (std::size_t earlier = 0; earlier < before.size(); ++earlier) {
      CAPTURE(part);
      CAPTURE(earlier);
      Door door = made();
      play(door, before[earlier]);
      door.reset();
      CHECK(play(door, parts[part]) == wanted);
    }
  }
}

}  // namespace

TEST_CASE("A reset audio door plays as a new one: pitch, glide, gates, voicing, both networks, life and rooms") {
  constexpr float kSoft = 0.01f;
  ddsp_rt::Transfer meter(make({}), kRate);
  process(meter, hiss(0.3, kSoft));
  const float loudness = meter.features().loudness;
  const auto made = [&] {
    ddsp_rt::Transfer door(Instruments(make(remembering(0.2f)), make(remembering(0.4f))), kRate);
    door.set(Parameter::kMorph, 40.0f);
    door.set(Parameter::kGlide, 300.0f);
    ddsp_rt::Fitting fitting;
    fitting.gate_db = loudness - 3.0f;  // between where the gate for noise closes and where it opens
    door.set_fitting(fitting);
    door.reset();
    return door;
  };
  const Sound loud_hiss = hiss(0.3, 20.0f * kSoft);
  const std::vector<Sound> before{tone(500.0), loud_hiss};
  const std::vector<Sound> parts{tone(300.0), hiss(0.3, kSoft), loud_hiss, Sound(samples(0.3))};
  forgets<ddsp_rt::Transfer, Sound>(made, before, parts,
                                    [](auto& door, const Sound& in) { return process(door, in, 100); });
}

TEST_CASE("A reset control door plays as a new one, one that begins with a rest too") {
  struct Part {
    double hertz, level;
    float ratio;
  };
  const auto made = [] {
    Control rig(remembering(0.2f), remembering(0.4f));
    rig.door.set(Parameter::kMorph, 40.0f);
    rig.door.set(Parameter::kGlide, 300.0f);
    rig.door.reset();
    return rig;
  };
  const auto play = [](Told<ddsp_rt::ControlVoice>& rig, const std::vector<Part>& parts) {
    Sound all;
    for (const auto& [hertz, level, ratio] : parts) {
      const std::size_t n = samples(0.1);
      const Sound part =
          rig.play(Sound(n, static_cast<float>(hertz)), Sound(n, static_cast<float>(level)), Sound(n, ratio), 100);
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  };
  const std::vector<std::vector<Part>> before{{{500.0, 1.0, 0.3f}}, {{500.0, 1.0, 0.0f}, {0.0, 0.0, 0.0f}}};
  const std::vector<std::vector<Part>> parts{{{300.0, 1.0, 0.0f}}, {{0.0, 0.0, 0.0f}, {300.0, 1.0, 0.0f}}};
  for (const auto& part : parts) {
    Control fresh = made();
    const Sound wanted = play(fresh, part);
    for (const auto& earlier : before) {
      Control rig = made();
      play(rig, earlier);
      rig.door.reset();
      CHECK(play(rig, part) == wanted);
    }
  }
}

TEST_CASE("A reset note door plays as a new one: keys, pedals, controllers, glide and what was queued") {
  using Kind = NoteEvent::Kind;
  using Events = std::vector<NoteEvent>;
  const auto made = [] {
    Notes door(Instruments(make(remembering(0.2f)), make(remembering(0.4f))), kRate);
    door.set(Parameter::kMorph, 40.0f);
    door.set(Parameter::kGlide, 300.0f);
    door.set(Parameter::kVibratoDepth, 50.0f);
    door.reset();
    return door;
  };
  const auto play = [](Notes& door, const Events& events) {
    Sound out(samples(0.3) + 10);  // into a frame, with an event that waits for the next one
    const int n = static_cast<int>(out.size());
    door.process({events, n}, out.data(), n);
    return out;
  };
  const auto on = [](int key, int at = 0) { return NoteEvent{at, Kind::kNoteOn, 0, key, 0.8f}; };
  const auto said = [](Kind kind, float value) { return NoteEvent{0, kind, 0, 0, value}; };
  const std::vector<Events> before{{on(72), on(76), {1000, Kind::kNoteOff, 0, 72, 0.0f}},
                                   {said(Kind::kSustain, 1.0f), on(72), {1000, Kind::kNoteOff, 0, 72, 0.0f}},
                                   {said(Kind::kBend, 2.0f), said(Kind::kPressure, 1.0f), said(Kind::kTimbre, 1.0f),
                                    said(Kind::kLegato, 1.0f), said(Kind::kExpression, 0.5f), on(72)},
                                   {on(72, static_cast<int>(samples(0.3)) + 5)}};
  const std::vector<Events> parts{{}, {on(60)}, {on(60, 333), on(72, 2000)}};
  forgets<Notes, Events>(made, before, parts, play);
}
