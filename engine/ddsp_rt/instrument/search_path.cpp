// Where instruments are looked for: one rule for every front end.
#include "ddsp_rt/instrument/search_path.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include "ddsp_rt/instrument/instrument.h"

namespace ddsp_rt {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".ddsp";

#if defined(_WIN32)
constexpr wchar_t kSeparator = L';';
fs::path::string_type environment(const wchar_t* name) {
  const wchar_t* value = _wgetenv(name);
  return value ? value : L"";
}
#define DDSP_RT_ENVIRONMENT(name) environment(L##name)
#else
constexpr char kSeparator = ':';
fs::path::string_type environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
#define DDSP_RT_ENVIRONMENT(name) environment(name)
#endif

fs::path user_data_folder() {
#if defined(_WIN32)
  const fs::path base = DDSP_RT_ENVIRONMENT("APPDATA");
#else
  const fs::path home = DDSP_RT_ENVIRONMENT("HOME");
#if defined(__APPLE__)
  const fs::path base = home.empty() ? home : home / "Library" / "Application Support";
#else
  fs::path base = DDSP_RT_ENVIRONMENT("XDG_DATA_HOME");
  if (!base.is_absolute()) base = home.empty() ? home : home / ".local" / "share";  // the XDG rule for relative ones
#endif
#endif
  return base.empty() ? base : base / "ddsp-rt" / "instruments";
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

std::vector<fs::path> instrument_folders(const fs::path& shipped) {
  std::vector<fs::path> folders;
  const fs::path::string_type entries = DDSP_RT_ENVIRONMENT("DDSP_RT_PATH");
  for (std::size_t begin = 0; begin < entries.size();) {
    const std::size_t end = std::min(entries.find(kSeparator, begin), entries.size());
    if (end > begin) folders.emplace_back(entries.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const fs::path& folder : {user_data_folder(), shipped})
    if (!folder.empty()) folders.push_back(folder);
  return folders;
}

std::vector<fs::path> list_instruments(const fs::path& shipped) {
  std::vector<fs::path> found;
  for (const fs::path& folder : instrument_folders(shipped)) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), last; !error && entry != last; entry.increment(error)) {
      const fs::path& path = entry->path();
      const auto same_name = [&](const fs::path& other) { return other.stem() == path.stem(); };
      if (path.extension() == kExtension && is_file(path) && std::none_of(found.begin(), found.end(), same_name))
        found.push_back(path);
    }
  }
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) { return a.stem() < b.stem(); });
  return found;
}

fs::path find_instrument(const std::string& name_or_path, const fs::path& shipped) {
  const fs::path path(name_or_path);
  if (is_file(path)) return path;
  if (path.has_parent_path() || path.extension() == kExtension)
    throw InstrumentError(name_or_path + ": no such instrument file");
  if (!path.empty())
    for (const fs::path& folder : instrument_folders(shipped))
      if (is_file(folder / (name_or_path + kExtension))) return folder / (name_or_path + kExtension);
  std::string names;
  for (const fs::path& other : list_instruments(shipped)) names += (names.empty() ? "" : ", ") + other.stem().string();
  throw InstrumentError("no instrument '" + printable(name_or_path) + "'; there " +
                        (names.empty()                   ? "are none"
                         : names.find(',') == names.npos ? "is " + names
                                                         : "are " + names));
}

}  // namespace ddsp_rt
