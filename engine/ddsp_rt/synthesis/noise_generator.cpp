// White noise from a small integer generator.
#include "ddsp_rt/synthesis/noise_generator.h"

namespace ddsp_rt {

void NoiseGenerator::reset(std::uint32_t seed) noexcept {
  std::uint64_t counter = seed;
  for (auto& lane : state_) {  // states far apart: a Weyl sequence, well mixed
    counter += 0x9e3779b97f4a7c15u;
    std::uint64_t mixed = (counter ^ counter >> 31) * 0xbf58476d1ce4e5b9u;
    mixed ^= mixed >> 29;
    lane = static_cast<std::uint32_t>(mixed >> 16) | 1u;  // never the fixed point zero
  }
}

void NoiseGenerator::fill(float* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; i += kWidth) {
    for (std::size_t j = 0; j < kWidth; ++j) {
      std::uint32_t x = state_[j];
      x ^= x << 13;
      x ^= x >> 17;
      x ^= x << 5;
      state_[j] = x;
      out[i + j] = static_cast<float>(static_cast<std::int32_t>(x) >> 8) * 0x1p-23f;
    }
  }
}

}  // namespace ddsp_rt
