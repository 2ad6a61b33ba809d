// Fuzzes what plays: the bytes are a programme of blocks, signals, parameters and new instruments at some rate.
// Whatever it says, the output is finite, does not depend on how the blocks are cut, and silence follows silence.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "ddsp_rt/live/live.h"
#include "ddsp_rt/playing/control_voice.h"
#include "ddsp_rt/playing/transfer.h"
#include "programme.h"

namespace {

using namespace ddsp_rt;
using namespace ddsp_rt::fuzz;

constexpr int kBlocks = 12;         // of one programme
constexpr int kLongestBlock = 500;  // samples

/// `n` samples of some kind of signal, ordinary or not.
std::vector<float> signal(FuzzedDataProvider& bytes, int n, float scale) {
  using Limits = std::numeric_limits<float>;
  const int kind = bytes.ConsumeIntegralInRange(0, 12);
  const float level = bytes.ConsumeBool() ? scale : scale * bytes.ConsumeFloatingPointInRange(0.0f, 4.0f);
  const auto period = static_cast<std::size_t>(bytes.ConsumeIntegralInRange(2, 400));
  std::mt19937 dice(bytes.ConsumeIntegral<std::uint16_t>());
  std::vector<float> samples(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const float turn = static_cast<float>(i % period) / static_cast<float>(period);
    const float noise = static_cast<float>(dice()) / 2147483648.0f - 1.0f;
    switch (kind) {
      case 0: samples[i] = 0.0f; break;
      case 1: samples[i] = level; break;
      case 2: samples[i] = level * std::sin(6.2831853f * turn); break;
      case 3: samples[i] = turn < 0.5f ? level : -level; break;
      case 4: samples[i] = level * (2.0f * turn - 1.0f); break;
      case 5: samples[i] = i % period == 0 ? level : 0.0f; break;
      case 6: samples[i] = level * noise; break;
      case 7: samples[i] = i % period == 0 ? Limits::quiet_NaN() : level * noise; break;
      case 8: samples[i] = i % 2 ? Limits::infinity() : -Limits::infinity(); break;
      case 9: samples[i] = 1e-41f * noise; break;
      case 10: samples[i] = Limits::max() * (i % 2 ? 1.0f : -1.0f); break;
      case 11: samples[i] = Limits::max(); break;
      default: samples[i] = std::bit_cast<float>(static_cast<std::uint32_t>(dice())); break;
    }
  }
  return samples;
}

std::optional<PitchRange> any_range(FuzzedDataProvider& bytes) {
  if (bytes.ConsumeBool()) return std::nullopt;
  const float low = bytes.ConsumeFloatingPointInRange(20.0f, 1000.0f);
  return PitchRange{low, std::min(PitchRange::kHighest, low * bytes.ConsumeFloatingPointInRange(2.0f, 8.0f))};
}

Fitting any_fitting(FuzzedDataProvider& bytes) {
  Fitting fitting;
  fitting.octave = bytes.ConsumeIntegral<std::int8_t>();
  fitting.loudness = {any_float(bytes), any_float(bytes), any_float(bytes)};
  fitting.gate_db = any_float(bytes);
  return fitting;
}

/// What a programme plays on. `change` does one thing a front end could ask for between two blocks.
struct Audio {
  FuzzedDataProvider& bytes;
  std::vector<float> in;

  void read(int n) { in = signal(bytes, n, 1.0f); }
  void rest(int n) { in.assign(static_cast<std::size_t>(n), 0.0f); }
};

struct AudioToInstrument : Audio {
  static constexpr bool kCuttable = true;
  Transfer transfer;

  AudioToInstrument(FuzzedDataProvider& from, int rate)
      : Audio{from, {}}, transfer(any_instruments(from), rate, any_range(from)) {}
  void change() {
    switch (bytes.ConsumeIntegralInRange(0, 4)) {
      case 0: transfer.learn(); break;
      case 1: transfer.set_fitting(any_fitting(bytes)); break;
      case 2: transfer.reset(); break;
      default: {
        const Parameter parameter = any_parameter(bytes);
        transfer.set(parameter, any_value(bytes, parameter));
      }
    }
  }
  void play(int first, float* out, int n) { transfer.process(in.data() + first, out, n); }
  void quieten() { transfer.set_fitting({}); }
};

struct AudioToLive : Audio {
  static constexpr bool kCuttable = false;  // a new instrument is taken where a block begins
  Live<Transfer> live;

  AudioToLive(FuzzedDataProvider& from, int rate) : Audio{from, {}}, live(rate) {}
  void change() {
    switch (bytes.ConsumeIntegralInRange(0, 9)) {
      case 0: live.learn(); break;
      case 1: live.set_fitting(any_fitting(bytes)); break;
      case 2: live.reset(); break;
      case 3: live.bypass(bytes.ConsumeBool()); break;
      case 4: live.collect(); break;
      case 5:
      case 6:
      case 7: live.load(any_instruments(bytes), any_range(bytes)); break;
      default: {
        const Parameter parameter = any_parameter(bytes);
        live.set(parameter, any_value(bytes, parameter));
      }
    }
  }
  void play(int first, float* out, int n) { live.process(in.data() + first, out, n); }
  void quieten() { live.set_fitting({}); }
};

struct Control {
  FuzzedDataProvider& bytes;
  std::vector<float> f0, level, modulator;

  void read(int n) {
    f0 = signal(bytes, n, 300.0f);
    level = signal(bytes, n, 1.0f);
    modulator = signal(bytes, n, 1.0f);
  }
  void rest(int n) {
    for (auto* part : {&f0, &level, &modulator}) part->assign(static_cast<std::size_t>(n), 0.0f);
  }
  ControlSignals at(int first) const { return {f0.data() + first, level.data() + first, modulator.data() + first}; }

  template <typename Target>
  void change_sound(Target& target) {
    switch (bytes.ConsumeIntegralInRange(0, 5)) {
      case 0: target.reset(); break;
      case 1: target.set(Parameter::kRatio, any_float(bytes)); break;
      case 2: target.set(Parameter::kLevelInDb, bytes.ConsumeBool() ? 0.0f : 1.0f); break;
      default: {
        const Parameter parameter = any_parameter(bytes);
        target.set(parameter, any_value(bytes, parameter));
      }
    }
  }
};

struct ControlToVoice : Control {
  static constexpr bool kCuttable = true;
  ControlVoice voice;

  ControlToVoice(FuzzedDataProvider& from, int rate) : Control{from, {}, {}, {}}, voice(any_instruments(from), rate) {}
  void change() { change_sound(voice); }
  void play(int first, float* out, int n) { voice.process(at(first), out, n); }
  void quieten() {}
};

struct ControlToLive : Control {
  static constexpr bool kCuttable = false;
  Live<ControlVoice> live;

  ControlToLive(FuzzedDataProvider& from, int rate) : Control{from, {}, {}, {}}, live(rate) {}
  void change() {
    if (bytes.ConsumeBool()) {
      live.load(any_instruments(bytes));
    } else {
      change_sound(live);
    }
  }
  void play(int first, float* out, int n) { live.process(at(first), out, n); }
  void quieten() {}
};

/// Plays the whole programme; where `cut` is given, in pieces of random length.
template <typename Stage>
std::vector<float> run(const std::uint8_t* data, std::size_t size, bool rests, std::optional<std::uint32_t> cut) {
  FuzzedDataProvider bytes(data, size);
  bytes.ConsumeIntegral<std::uint8_t>();  // has chosen the stage and the check
  const int rate = any_rate(bytes);
  Stage stage(bytes, rate);
  Cutter cutter(cut);
  std::vector<float> all;
  const auto play = [&](int n) {
    play_on(all, n, cutter, [&](int done, float* out, int count) { stage.play(done, out, count); });
  };
  for (int block = 0; block < kBlocks && bytes.remaining_bytes() > 0; ++block) {
    for (int changes = bytes.ConsumeIntegralInRange(0, 3); changes > 0; --changes) stage.change();
    const int n = bytes.ConsumeIntegralInRange(0, kLongestBlock);
    stage.read(n);
    play(n);
  }
  if (rests) {  // everything has an end, and what follows is exact zero
    stage.quieten();
    const int part = rate / 16;
    stage.rest(part);
    for (int i = 0; i < 12; ++i) play(part);
    require(std::all_of(all.end() - part, all.end(), [](float x) { return x == 0.0f; }), "silence follows silence");
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  keep_rooms();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[size - 1];  // ConsumeIntegral reads from the end
  switch (choice % 4) {
    case 0: check(run<AudioToInstrument>, AudioToInstrument::kCuttable, data, size, choice / 4); break;
    case 1: check(run<ControlToVoice>, ControlToVoice::kCuttable, data, size, choice / 4); break;
    case 2: check(run<AudioToLive>, AudioToLive::kCuttable, data, size, choice / 4); break;
    default: check(run<ControlToLive>, ControlToLive::kCuttable, data, size, choice / 4); break;
  }
  return 0;
}
