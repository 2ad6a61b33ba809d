// Where instruments are looked for: one rule for every front end.
#include "ddsp_rt/instrument/search_path.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <exception>
#include <map>
#include <system_error>

#include "ddsp_rt/instrument/instrument.h"

#if !defined(_WIN32)
#include <pwd.h>
#endif

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

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

/// The home that ~ or ~user stands for; empty where there is none.
fs::path home_of(const std::string& tilde) {
#if defined(_WIN32)
  if (tilde != "~") return {};
  const fs::path home = DDSP_RT_ENVIRONMENT("HOME");
  return home.empty() ? fs::path(DDSP_RT_ENVIRONMENT("USERPROFILE")) : home;
#else
  if (tilde == "~") return DDSP_RT_ENVIRONMENT("HOME");
  const passwd* user = getpwnam(tilde.c_str() + 1);
  return user ? fs::path(user->pw_dir) : fs::path();
#endif
}

/// A leading ~ means the user's home and ~name another's, as the shell would have it; empty where there is none.
fs::path expanded(const fs::path& entry) {
  if (entry.empty() || entry.native().front() != '~') return entry;
  const fs::path home = home_of(entry.begin()->string());
  return home.empty() ? home : home / entry.lexically_relative(*entry.begin());
}

/// Whether a file is an instrument by its name: hidden ones (and what macOS leaves beside copies, ._NAME) are none.
bool is_named_so(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return extension == kExtension && path.filename().string().front() != '.' && is_file(path);
}

bool can_be_played(const fs::path& path) {
  try {
    Instrument::load(path);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

/// The first that can be played, so that a damaged or foreign file does not hide a good one; else the first.
fs::path best(const std::vector<fs::path>& candidates) {
  if (candidates.size() > 1)
    for (const fs::path& path : candidates)
      if (can_be_played(path)) return path;
  return candidates.front();
}

/// Calls `take` with every instrument file, in the order of the search; within a folder by name.
template <typename Take>
void for_each_file(const fs::path& shipped, Take take) {
  for (const fs::path& folder : instrument_folders(shipped)) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), last; !error && entry != last; entry.increment(error))
      if (is_named_so(entry->path())) files.push_back(entry->path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) take(file);
  }
}

}  // namespace

fs::path user_instruments() {
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

std::vector<fs::path> instrument_folders(const fs::path& shipped) {
  std::vector<fs::path> folders;
  const fs::path::string_type entries = DDSP_RT_ENVIRONMENT("DDSP_RT_PATH");
  for (std::size_t begin = 0; begin < entries.size();) {
    const std::size_t end = std::min(entries.find(kSeparator, begin), entries.size());
    folders.push_back(expanded(entries.substr(begin, end - begin)));
    begin = end + 1;
  }
  folders.push_back(user_instruments());
  folders.push_back(shipped);
  std::erase_if(folders, [](const fs::path& folder) { return folder.empty(); });
  return folders;
}

std::vector<fs::path> list_instruments(const fs::path& shipped) {
  std::map<fs::path, std::vector<fs::path>> by_name;
  for_each_file(shipped, [&](const fs::path& file) { by_name[file.stem()].push_back(file); });
  std::vector<fs::path> found;
  for (const auto& [name, files] : by_name) found.push_back(best(files));
  return found;
}

fs::path find_instrument(const std::string& name_or_path, const fs::path& shipped) {
  const fs::path path(name_or_path);
  const bool is_file_name = path.extension() == kExtension;
  if (is_file(path) && (is_file_name || path.has_parent_path())) return path;
  if (path.has_parent_path()) throw InstrumentError(name_or_path + ": no such instrument file");
  std::vector<fs::path> candidates;
  if (is_file(path)) candidates.push_back(path);
  const fs::path name = is_file_name ? path.stem() : path;
  for_each_file(shipped, [&](const fs::path& file) {
    if (file.stem() == name) candidates.push_back(file);
  });
  if (!candidates.empty()) return best(candidates);
  if (is_file_name) throw InstrumentError(name_or_path + ": no such instrument file");
  std::string names;
  for (const fs::path& other : list_instruments(shipped)) names += (names.empty() ? "" : ", ") + other.stem().string();
  throw InstrumentError("no instrument '" + printable(name_or_path) + "'; there " +
                        (names.empty()                   ? "are none"
                         : names.find(',') == names.npos ? "is " + names
                                                         : "are " + names));
}

}  // namespace ddsp_rt
