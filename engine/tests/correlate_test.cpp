// The correlation kernel against its definition, in both instruction sets.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "ddsp_rt/kernels/kernels.h"

using namespace ddsp_rt;

TEST_CASE("correlate sums the products it says, for every count") {
  std::vector<float> history(600);
  for (std::size_t i = 0; i < history.size(); ++i) history[i] = std::sin(0.11f * float(i * i % 997));
  const float* newest = history.data() + history.size();
  for (const int shortest : {1, 2, 7, 72, 180})
    for (const int lag : {0, 3, 120}) {
      CAPTURE(shortest);
      CAPTURE(lag);
      int counts[kLags];
      for (int j = 0; j < kLags; ++j) counts[j] = shortest + 3 * j / 2;
      for (const Kernels* set : {&kernels(), &portable_kernels()}) {
        float sums[kLags];
        set->correlate(sums, newest, lag, counts);
        for (int j = 0; j < kLags; ++j) {
          double expected = 0.0;
          for (int i = 1; i <= counts[j]; ++i) expected += double(newest[-i]) * double(newest[-i - lag - j]);
          CHECK(std::abs(sums[j] - expected) < 1e-4);
        }
      }
    }
}
