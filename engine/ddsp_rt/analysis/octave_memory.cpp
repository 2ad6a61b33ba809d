// One step of the Viterbi recursion.
#include "ddsp_rt/analysis/octave_memory.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {

bool is_multiple(float octaves, float tolerance) noexcept {
  if (octaves < 0.5f) return false;
  const float ratio = std::exp2(octaves), whole = std::round(ratio);
  return whole >= 2.0f && whole <= 8.0f && std::fabs(std::log2(ratio / whole)) < tolerance;
}

int OctaveMemory::choose(const Candidate* candidates, int count) noexcept {
  std::array<float, kCapacity> octaves{}, costs{};
  const float long_from = std::log2(settings_.long_from);
  int best = 0;
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::size_t>(i);
    const Candidate& c = candidates[i];
    octaves[n] = std::log2(c.lag);
    float path = count_ > 0 ? 1e9f : 0.0f;
    for (std::size_t m = 0; m < static_cast<std::size_t>(count_); ++m) {
      const float distance = std::fabs(octaves[n] - octaves_[m]);
      float step = settings_.jump * std::min(1.0f, distance / settings_.tolerance);
      if (is_multiple(distance, settings_.tolerance)) step += settings_.multiple_jump;
      path = std::min(path, settings_.fading * costs_[m] + step);
    }
    costs[n] = path + std::log(std::max(0.0f, 1.0f - c.height) + settings_.height_offset) +
               settings_.short_lag * std::min(octaves[n], long_from) +
               settings_.long_lag * std::max(octaves[n] - long_from, 0.0f) -
               settings_.harmonics * std::log(settings_.harmonic_offset + c.harmonic_sum);
    if (costs[n] < costs[static_cast<std::size_t>(best)]) best = i;
  }
  const float least = costs[static_cast<std::size_t>(best)];
  for (std::size_t n = 0; n < static_cast<std::size_t>(count); ++n) costs_[n] = costs[n] - least;
  octaves_ = octaves;
  count_ = count;
  return best;
}

}  // namespace ddsp_rt
