// What sounds on after the end of a performance.
#pragma once

#include <functional>
#include <vector>

namespace ddsp_rt {

/// Plays on until nothing is heard any more, and gives that up to the last sample above -80 dBFS, 20 seconds at most.
/// `rest(out, n)` plays the next `n` samples, at `rate` Hz, of a door into which nothing comes. Not real-time.
std::vector<float> tail(int rate, const std::function<void(float* out, int n)>& rest);

}  // namespace ddsp_rt
