// Looking parameters up and keeping their values in range.
#include "ddsp_rt/playing/parameters.h"

#include <algorithm>
#include <cmath>

namespace ddsp_rt {

std::optional<Parameter> find_parameter(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kParameters.size(); ++i)
    if (kParameters[i].name == name) return static_cast<Parameter>(i);
  return std::nullopt;
}

std::vector<Parameter> parameters_of(Doors door) {
  std::vector<Parameter> found;
  for (std::size_t i = 0; i < kParameters.size(); ++i)
    if (concerns(kParameters[i].doors, door)) found.push_back(static_cast<Parameter>(i));
  return found;
}

ParameterValues::ParameterValues() noexcept {
  for (std::size_t i = 0; i < kParameters.size(); ++i) values_[i] = kParameters[i].initial;
}

void ParameterValues::set(Parameter parameter, float value) noexcept {
  const ParameterInfo& limits = info(parameter);
  values_[static_cast<std::size_t>(parameter)] =
      std::isnan(value) ? limits.initial : std::clamp(value, limits.minimum, limits.maximum);
}

float ParameterValues::gain(Parameter parameter) const noexcept {
  const float value = (*this)[parameter];
  return value <= info(parameter).minimum && info(parameter).minimum <= -60.0f ? 0.0f : std::pow(10.0f, value / 20.0f);
}

}  // namespace ddsp_rt
