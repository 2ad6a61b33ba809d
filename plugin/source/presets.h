// Settings under a name: some that come with the plugins, and the user's own, a file each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "saved_state.h"

namespace ddsp_rt::plugin {

struct Preset {
  std::string name;
  std::filesystem::path file;  // empty: it comes with the plugin
};

/// Where the user's presets for a plugin ("transfer", "instrument") lie; it need not exist. Empty without a home.
std::filesystem::path preset_folder(const std::string& plugin);

/// Those that come with the plugin, then the user's by name. Not real-time.
std::vector<Preset> list_presets(const std::string& plugin);

/// Parameters that a preset leaves out are at their initial values; the user's may hold a fit and, in slot 0, an
/// instrument. Throws StateError when its file cannot be read.
SavedState read_preset(const std::string& plugin, const Preset& preset);

/// Writes the file whole or not at all. Throws StateError: a name that no file can have, one that is taken unless
/// `replace`, a full disk.
Preset write_preset(const std::string& name, const SavedState& state, bool replace);

}  // namespace ddsp_rt::plugin
