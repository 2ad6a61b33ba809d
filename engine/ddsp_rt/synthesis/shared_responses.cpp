// An instrument's room, shared by its voices.
#include "ddsp_rt/synthesis/shared_responses.h"

namespace ddsp_rt {

std::shared_ptr<const ReverbResponse> SharedResponses::get(std::span<const float> impulse_response, int model_rate,
                                                           int rate) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<const ReverbResponse>& known = by_rate_[rate];
  if (auto response = known.lock()) return response;
  const auto response = std::make_shared<const ReverbResponse>(impulse_response, model_rate, rate);
  known = response;
  return response;
}

}  // namespace ddsp_rt
