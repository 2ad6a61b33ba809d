// Where instruments are looked for: one rule for every front end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ddsp_rt {

/// The user's data folder, which need not exist: ddsp-rt/instruments inside $XDG_DATA_HOME or ~/.local/share; on macOS
/// inside ~/Library/Application Support, on Windows inside %APPDATA%. Empty where the user has no home.
std::filesystem::path user_instruments();

/// Folders in the order they are searched: the entries of the environment variable DDSP_RT_PATH (separated by ':', on
/// Windows ';', a leading ~ is the user's home, ~name another user's), the user's data folder, and `shipped`, the front
/// end's own (may be empty). They need not exist.
std::vector<std::filesystem::path> instrument_folders(const std::filesystem::path& shipped = {});

/// All instruments (*.ddsp) in those folders, by name, hidden files left out. Where several have one name, the first
/// that can be played: a damaged or foreign file, or one of a newer version, does not hide a good one.
std::vector<std::filesystem::path> list_instruments(const std::filesystem::path& shipped = {});

/// The file that `name_or_path` means: a path is taken as it is. A name, with or without .ddsp, is a file here or the
/// instrument of that name, the first that can be played; where none can, the first, whose loading then says why.
/// Throws InstrumentError, which says which instruments there are.
std::filesystem::path find_instrument(const std::string& name_or_path, const std::filesystem::path& shipped = {});

}  // namespace ddsp_rt
