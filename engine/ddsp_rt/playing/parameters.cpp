// Looking parameters up and keeping their values in range.
#include "ddsp_rt/playing/parameters.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ddsp_rt {
namespace {

// NaN stays.
float within(Parameter parameter, float value) noexcept {
  return std::clamp(value, info(parameter).minimum, info(parameter).maximum);
}

}  // namespace

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
  for (std::size_t i = 0; i < kParameters.size(); ++i) initial_[i] = kParameters[i].initial;
  asked_.fill(std::numeric_limits<float>::quiet_NaN());
}

void ParameterValues::set(Parameter parameter, float value) noexcept {
  asked_[static_cast<std::size_t>(parameter)] = within(parameter, value);
}

void ParameterValues::set_initial(Parameter parameter, float value) noexcept {
  initial_[static_cast<std::size_t>(parameter)] = within(parameter, value);
}

float ParameterValues::gain(Parameter parameter) const noexcept {
  const float value = (*this)[parameter];
  return value <= info(parameter).minimum && info(parameter).minimum <= -60.0f ? 0.0f : std::pow(10.0f, value / 20.0f);
}

}  // namespace ddsp_rt
