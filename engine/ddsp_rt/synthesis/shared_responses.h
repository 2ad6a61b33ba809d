// An instrument's room, made ready once for each host rate and shared by all voices that play at it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "ddsp_rt/synthesis/reverb.h"

namespace ddsp_rt {

/// A response is kept as long as a voice plays it: to make one takes longer than all else that a voice needs.
class SharedResponses {
 public:
  /// `impulse_response` at `model_rate`, which are the same at every call, for `rate` (Hz). Any thread; not real-time.
  std::shared_ptr<const ReverbResponse> get(std::span<const float> impulse_response, int model_rate, int rate);

 private:
  std::mutex mutex_;
  std::map<int, std::weak_ptr<const ReverbResponse>> by_rate_;
};

}  // namespace ddsp_rt
