// What the fuzzers of the playing share: the bytes are a programme of what happens, at some rate.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "ddsp_rt/instrument/instrument.h"
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

inline const std::shared_ptr<const Instrument>& any_instrument(FuzzedDataProvider& bytes) {
  return instruments()[bytes.ConsumeBool() ? 1 : 0];
}

inline int any_rate(FuzzedDataProvider& bytes) {
  return bytes.ConsumeIntegralInRange(0, 7) ? bytes.PickValueInArray(kUsualRates)
                                            : bytes.ConsumeIntegralInRange(8000, 192000);
}

/// Keeps the rooms at the usual rates, which would otherwise be made anew for every programme.
inline void keep_rooms() {
  static std::vector<std::shared_ptr<const ReverbResponse>> rooms;
  for (const auto& instrument : instruments())
    for (const int rate : kUsualRates) rooms.push_back(instrument->room(rate));
}

}  // namespace ddsp_rt::fuzz
