// Listening for the end.
#include "ddsp_rt/playing/tail.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {
namespace {

constexpr float kFloor = 1e-4f;    // -80 dBFS: it has ended when the output stays below
constexpr double kQuiet = 0.5;     // seconds below the floor that count as "stays"
constexpr double kLongest = 20.0;  // seconds

bool loud(float sample) { return std::abs(sample) >= kFloor; }

}  // namespace

std::vector<float> tail(int rate, const std::function<void(float* out, int n)>& rest) {
  const int step = std::max(1, rate / 10);
  std::vector<float> played;
  for (double quiet = 0.0; quiet < kQuiet && static_cast<double>(played.size()) < kLongest * rate;) {
    played.resize(played.size() + static_cast<std::size_t>(step));
    const auto last = played.end() - step;
    rest(&*last, step);
    quiet = std::any_of(last, played.end(), loud) ? 0.0 : quiet + static_cast<double>(step) / rate;
  }
  played.erase(std::find_if(played.rbegin(), played.rend(), loud).base(), played.end());
  return played;
}

}  // namespace ddsp_rt
