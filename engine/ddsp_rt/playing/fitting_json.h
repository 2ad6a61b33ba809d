// A fitting as text, for a session, a preset or a plugin's state to keep.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "ddsp_rt/playing/fitting.h"

namespace ddsp_rt {

/// A text that holds no fitting; one line that names the field and what is wrong.
class FittingError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// JSON that parse_fitting reads again, to the same bits. Not real-time.
std::string to_json(const Fitting& fitting);

/// Reads what to_json wrote, or what a stranger did: every value is checked. Throws FittingError. Not real-time.
Fitting parse_fitting(std::string_view json);

}  // namespace ddsp_rt
