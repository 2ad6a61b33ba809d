// What every part of the native module does in the same way.
#pragma once

#include <nanobind/nanobind.h>

#include <string>

#include "ddsp_rt/playing/parameters.h"

namespace ddsp_rt {

/// Throws one of the package's own exceptions.
[[noreturn]] inline void raise(const char* exception, const std::string& message) {
  PyErr_SetString(nanobind::module_::import_("ddsp_rt.errors").attr(exception).ptr(), message.c_str());
  throw nanobind::python_error();
}

/// The parameter of a door, by its name; UsageError where the door has none of that name.
inline Parameter named_parameter(const std::string& name, Doors door) {
  const auto parameter = find_parameter(name);
  if (parameter && concerns(info(*parameter).doors, door)) return *parameter;
  std::string names;
  for (const Parameter p : parameters_of(door)) names += (names.empty() ? "" : ", ") + std::string(info(p).name);
  raise("UsageError", "no parameter '" + name + "'; there are " + names);
}

/// Adds the note door to the module.
void bind_notes(nanobind::module_& m);

/// Adds the live session of a sound card.
void bind_session(nanobind::module_& m);

}  // namespace ddsp_rt
