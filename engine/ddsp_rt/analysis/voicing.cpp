// The voicing decision.
#include "ddsp_rt/analysis/voicing.h"

#include <algorithm>

namespace ddsp_rt {

bool Voicing::decide(float height, float contrast, double remaining) noexcept {
  const float comb =
      std::clamp((contrast - settings_.no_comb) / (settings_.clear_comb - settings_.no_comb), 0.0f, 1.0f);
  needed_ = settings_.strict + comb * (settings_.lenient - settings_.strict);
  if (voiced_) needed_ -= settings_.hysteresis;
  const bool stopped = voiced_ && remaining < settings_.ending;
  voiced_ = height >= needed_ && !stopped;
  return voiced_;
}

}  // namespace ddsp_rt
