// Second-order Butterworth high-pass by the bilinear transform.
#include "ddsp_rt/analysis/high_pass.h"

#include <cmath>
#include <numbers>

namespace ddsp_rt {

namespace {
constexpr double kCorner = 50.0;  // Hz
}

HighPass::HighPass(double rate) {
  const double k = std::tan(std::numbers::pi * kCorner / rate);
  const double scale = 1.0 / (1.0 + std::numbers::sqrt2 * k + k * k);
  section_.b0 = scale;
  section_.b1 = -2.0 * scale;
  section_.b2 = scale;
  section_.a1 = 2.0 * (k * k - 1.0) * scale;
  section_.a2 = (1.0 - std::numbers::sqrt2 * k + k * k) * scale;
}

void HighPass::process(const float* in, int n, float* out) noexcept {
  Biquad section = section_;  // in registers while the loop runs
  for (int i = 0; i < n; ++i) out[i] = static_cast<float>(section.process(in[i]));
  section.flush();
  section_ = section;
}

}  // namespace ddsp_rt
