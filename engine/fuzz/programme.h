// What the fuzzers of the playing share: the bytes are a programme of what happens, at some rate.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "ddsp_rt/instrument/instruments.h"
#include "ddsp_rt/playing/parameters.h"

namespace ddsp_rt::fuzz {

inline constexpr int kUsualRates[] = {8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000};

inline void require(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "PROMISE BROKEN: %s\n", promise);
  std::abort();
}

/// Cuts blocks at random places, or leaves them whole.
class Cutter {
 public:
  explicit Cutter(std::optional<std::uint32_t> seed) : cut_(seed.has_value()), dice_(seed.value_or(0)) {}
  int next(int left) { return cut_ ? 1 + static_cast<int>(dice_() % static_cast<unsigned>(left)) : left; }

 private:
  bool cut_;
  std::mt19937 dice_;
};

/// Plays `n` samples more into `all`, in the cutter's pieces: `play(done, out, count)` plays one of them.
template <typename Play>
void play_on(std::vector<float>& all, int n, Cutter& cutter, Play play) {
  const std::size_t before = all.size();
  all.resize(before + static_cast<std::size_t>(n));
  for (int done = 0; done < n;) {
    const int count = cutter.next(n - done);
    play(done, all.data() + before + static_cast<std::size_t>(done), count);
    done += count;
  }
  const auto finite = [](float x) { return std::isfinite(x); };
  require(std::all_of(all.begin() + static_cast<std::ptrdiff_t>(before), all.end(), finite), "the output is finite");
}

inline bool same_bits(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }

inline float any_float(FuzzedDataProvider& bytes) {
  return std::bit_cast<float>(bytes.ConsumeIntegral<std::uint32_t>());
}

inline Parameter any_parameter(FuzzedDataProvider& bytes) {
  return static_cast<Parameter>(bytes.ConsumeIntegralInRange<std::size_t>(0, kParameters.size() - 1));
}

inline float any_value(FuzzedDataProvider& bytes, Parameter parameter) {
  return bytes.ConsumeBool() ? any_float(bytes)
                             : bytes.ConsumeFloatingPointInRange(info(parameter).minimum, info(parameter).maximum);
}

inline const std::array<std::shared_ptr<const Instrument>, 2>& instruments() {
  static const std::array loaded{Instrument::load(DDSP_RT_FUZZ_CORPUS "/loader/full.ddsp"),
                                 Instrument::load(DDSP_RT_FUZZ_CORPUS "/loader/plain.ddsp")};
  return loaded;
}

/// One instrument or two, of any.
inline Instruments any_instruments(FuzzedDataProvider& bytes) {
  const auto& any = instruments();
  const int choice = bytes.ConsumeIntegralInRange(0, 5);
  return {any[static_cast<std::size_t>(choice % 2)],
          choice < 2 ? nullptr : any[static_cast<std::size_t>(choice / 2 % 2)]};
}

inline int any_rate(FuzzedDataProvider& bytes) {
  return bytes.ConsumeIntegralInRange(0, 7) ? bytes.PickValueInArray(kUsualRates)
                                            : bytes.ConsumeIntegralInRange(8000, 192000);
}

/// Plays a programme, where `cut` is given in pieces, and where it `ends` looks at how; returns the samples.
using Run = std::vector<float>(const std::uint8_t* data, std::size_t size, bool ends, std::optional<std::uint32_t> cut);

/// Runs a programme and by `choice` checks one thing besides, since time is for many programmes: its end, or, where it
/// may be cut, what it gives in pieces.
inline void check(Run& run, bool cuttable, const std::uint8_t* data, std::size_t size, unsigned choice) {
  const std::vector<float> whole = run(data, size, choice % 3 == 0, std::nullopt);
  if (!cuttable || choice % 3 != 1) return;
  const std::vector<float> cut = run(data, size, false, choice);
  require(std::equal(whole.begin(), whole.end(), cut.begin(), cut.end(), same_bits),
          "any chopping gives the same samples");
}

/// Keeps the rooms at the usual rates, which would otherwise be made anew for every programme.
inline void keep_rooms() {
  static std::vector<std::shared_ptr<const ReverbResponse>> rooms;
  for (const auto& instrument : instruments())
    for (const int rate : kUsualRates) rooms.push_back(instrument->room(rate));
}

}  // namespace ddsp_rt::fuzz
