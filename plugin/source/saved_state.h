// What a host keeps of a plugin: read again by every later version.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "ddsp_rt/playing/fitting.h"
#include "host_parameter.h"
#include "instrument_files.h"

namespace ddsp_rt::plugin {

/// A text that holds no state of ours; one line that says why.
class StateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct WindowSize {
  int width, height;  // in the window's own units, before any scale of the host's
  bool operator==(const WindowSize&) const = default;
};

/// Version 2 added `left_alone` and `window`, version 3 `second`.
struct SavedState {
  static constexpr int kVersion = 3;

  int version = kVersion;
  std::string plugin;                       // "transfer" or "instrument"
  std::map<std::string, float> parameters;  // by name, in their units
  std::set<std::string> left_alone;         // of these the instrument's own values hold
  std::optional<Fitting> fitting;
  std::map<int, NamedInstrument> slots;  // by program, 0 to 127; those that are not empty
  NamedInstrument second;                // to which `morph` leads; empty: to none
  std::optional<WindowSize> window;      // once it has been open
};

/// JSON, in UTF-8. Not real-time.
std::string to_json(const SavedState& state);

/// Reads what any version wrote, or a stranger did: every value is checked, unknown names are passed over. A newer
/// version's is read as far as it is known. Throws StateError. Not real-time.
SavedState parse_state(std::string_view json);

}  // namespace ddsp_rt::plugin
