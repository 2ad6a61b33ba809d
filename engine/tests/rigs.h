// The engine's doors as the tests of parameters and behaviours play them: its classes are named here, and nowhere else
// in those tests.
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

#include "ddsp_rt/live/live.h"
#include "ddsp_rt/playing/control_voice.h"
#include "ddsp_rt/playing/transfer.h"
#include "made_instrument.h"

namespace rigs {

using ddsp_rt::Parameter;
using InstrumentPointer = std::shared_ptr<const ddsp_rt::Instrument>;

inline constexpr int kRate = 16000;  // the lowest at which nothing is missing, so that tests are quick
inline constexpr int kBlock = 64;

/// What is played into a door. A tone with eight harmonics into an audio door, of -12 dB at level 1; numbers into a
/// control door.
struct Note {
  double hertz = 300.0;
  double level = 1.0;
};

inline constexpr Note kRest{300.0, 0.0};

inline std::size_t samples(double seconds, int rate = kRate) {
  return static_cast<std::size_t>(std::lround(seconds * rate));
}

/// A tone whose phase goes on from call to call.
class Tone {
 public:
  explicit Tone(int rate) : rate_(rate) {}
  std::vector<float> next(double seconds, const Note& note) {
    std::vector<float> tone(samples(seconds, rate_));
    for (float& sample : tone) {
      phase_ += note.hertz / rate_;
      phase_ -= std::floor(phase_);
      double sum = 0.0;
      for (int h = 1; h <= 8; ++h)
        if (h * note.hertz < 0.45 * rate_) sum += 0.25 / h * std::sin(2 * std::numbers::pi * h * phase_);
      sample = static_cast<float>(note.level * sum);
    }
    return tone;
  }

 private:
  int rate_;
  double phase_ = 0.0;
};

template <typename Door>
std::vector<float> process(Door& door, const std::vector<float>& in, std::size_t block = kBlock) {
  std::vector<float> out(in.size());
  for (std::size_t i = 0; i < in.size(); i += block)
    door.process(in.data() + i, out.data() + i, static_cast<int>(std::min(block, in.size() - i)));
  return out;
}

/// A door that hears.
template <typename Door>
struct Hearing {
  Door door;
  int rate;
  Tone tone{rate};
  std::vector<float> in{};  // of the last call

  std::vector<float> play(double seconds, const Note& note = {}, std::size_t block = kBlock) {
    in = tone.next(seconds, note);
    return process(door, in, block);
  }
};

/// A door that is told pitch and level.
template <typename Door>
struct Told {
  Door door;
  int rate;

  std::vector<float> play(double seconds, const Note& note = {}, std::size_t block = kBlock) {
    const std::size_t n = samples(seconds, rate);
    const std::vector<float> f0(n, static_cast<float>(note.hertz)), level(n, static_cast<float>(note.level));
    return play(f0, level, std::vector<float>(n), block);
  }
  std::vector<float> play(const std::vector<float>& f0, const std::vector<float>& level,
                          const std::vector<float>& modulator, std::size_t block = kBlock) {
    std::vector<float> out(f0.size());
    for (std::size_t i = 0; i < out.size(); i += block)
      door.process({f0.data() + i, level.data() + i, modulator.data() + i}, out.data() + i,
                   static_cast<int>(std::min(block, out.size() - i)));
    return out;
  }
};

/// One instrument for good, or two.
struct Audio : Hearing<ddsp_rt::Transfer> {
  static constexpr bool kHears = true;
  explicit Audio(const Recipe& recipe, int at = kRate) : Hearing{{make(recipe), at}, at} {}
  Audio(const Recipe& first, const Recipe& second, int at = kRate)
      : Hearing{{ddsp_rt::Instruments(make(first), make(second)), at}, at} {}
};
struct Control : Told<ddsp_rt::ControlVoice> {
  static constexpr bool kHears = false;
  explicit Control(const Recipe& recipe, int at = kRate) : Told{{make(recipe), at}, at} {}
  Control(const Recipe& first, const Recipe& second, int at = kRate)
      : Told{{ddsp_rt::Instruments(make(first), make(second)), at}, at} {}
};

/// Instruments that change while they play.
struct LiveAudio : Hearing<ddsp_rt::Live<ddsp_rt::Transfer>> {
  static constexpr bool kHears = true;
  explicit LiveAudio(const Recipe& recipe, int at = kRate) : Hearing{ddsp_rt::Live<ddsp_rt::Transfer>(at), at} {
    load(recipe);
  }
  void load(const Recipe& recipe) { door.load(make(recipe)); }
};
struct LiveControl : Told<ddsp_rt::Live<ddsp_rt::ControlVoice>> {
  static constexpr bool kHears = false;
  explicit LiveControl(const Recipe& recipe, int at = kRate) : Told{ddsp_rt::Live<ddsp_rt::ControlVoice>(at), at} {
    load(recipe);
  }
  void load(const Recipe& recipe) { door.load(make(recipe)); }
};

/// What a door plays with a parameter's value from a reset on, once it stands.
template <typename Rig>
std::vector<float> settled(Rig& rig, ddsp_rt::Parameter parameter, float value, double seconds, double hertz) {
  rig.door.set(parameter, value);
  rig.door.reset();
  rig.play(0.4, {.hertz = hertz});
  return rig.play(seconds, {.hertz = hertz});
}

}  // namespace rigs
