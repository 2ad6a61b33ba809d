// The rest of a sound after its input.
#include "ddsp_rt/playing/tail.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace ddsp_rt;

namespace {

/// What remains of a sound of `amplitude` that falls by 60 dB a second, and is silent from `silent` to `again` seconds.
std::vector<float> rest(int rate, double amplitude, double silent = 1e9, double again = 1e9) {
  long played = 0;
  return tail(rate, [&](float* out, int n) {
    for (int i = 0; i < n; ++i, ++played) {
      const double seconds = static_cast<double>(played) / rate;
      const double level = seconds < silent || seconds >= again ? amplitude * std::pow(10.0, -3.0 * seconds) : 0.0;
      out[i] = static_cast<float>(played % 2 ? level : -level);
    }
  });
}

}  // namespace

TEST_CASE("A tail lasts until its sound is below -80 dBFS, at every rate") {
  for (const int rate : {8000, 44100, 96000}) {
    CAPTURE(rate);
    CHECK(static_cast<double>(rest(rate, 1.0).size()) / rate == doctest::Approx(4.0 / 3.0).epsilon(0.001));
    CHECK(static_cast<double>(rest(rate, 0.1).size()) / rate == doctest::Approx(1.0).epsilon(0.001));
    CHECK(rest(rate, 0.9e-4).empty());
  }
}

TEST_CASE("A pause of less than half a second ends no tail, a longer one does") {
  CHECK(rest(16000, 1.0, 0.3, 0.7).size() > 16000);
  CHECK(static_cast<double>(rest(16000, 1.0, 0.3, 1.2).size()) / 16000 == doctest::Approx(0.3).epsilon(0.001));
}

TEST_CASE("A tail that never ends is cut after 20 s") {
  const std::vector<float> endless = tail(8000, [](float* out, int n) { std::fill_n(out, n, 0.1f); });
  CHECK(endless.size() == 20 * 8000);
}
