// Sums the squares of two bands of a spectrum.
#include "ddsp_rt/analysis/balance.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/features.h"
#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {

namespace {

constexpr double kLowest = 60.0, kEdge = 3500.0, kHighest = 7000.0;  // Hz
// Power, of which a full-scale sine has 1: so far under all that has a loudness that a softer copy reads the same.
constexpr float kFloorBelow = 1e-13f, kFloorAbove = 1e-16f;
constexpr float kLeast = -60.0f, kMost = 20.0f;  // dB

float power(const float* magnitudes, int first, int end) noexcept {
  return kernels().dot(magnitudes + first, magnitudes + first, static_cast<std::size_t>(end - first));
}

}  // namespace

Balance::Balance(const Spectrum& spectrum) {
  const auto bin = [&](double hz) {
    return std::min(spectrum.bins(), static_cast<int>(std::lround(hz / spectrum.bin_hz())));
  };
  lowest_ = bin(kLowest);
  edge_ = bin(kEdge);
  end_ = bin(kHighest);
}

float Balance::operator()(const Spectrum& spectrum) const noexcept {
  const float* magnitudes = spectrum.magnitudes();
  const float above = power(magnitudes, edge_, end_) + kFloorAbove;
  const float below = power(magnitudes, lowest_, edge_) + kFloorBelow;
  return std::clamp(10.0f * std::log10(above / below), kLeast, kMost);
}

}  // namespace ddsp_rt
