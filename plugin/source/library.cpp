// Looking at folders.
#include "library.h"

#include <algorithm>
#include <exception>
#include <set>
#include <system_error>

#include "ddsp_rt/instrument/search_path.h"

namespace ddsp_rt::plugin {
namespace fs = std::filesystem;
namespace {

constexpr auto kLookEvery = std::chrono::seconds(1);
constexpr auto kInterest = std::chrono::seconds(5);  // that a question shows

LibraryEntry describe(const fs::path& path, const fs::path& shipped) {
  LibraryEntry entry{.instrument = {path.stem().string(), path.string(), content_hash(path)},
                     .facts = {},
                     .users = path.parent_path() != shipped,
                     .problem = {}};
  try {
    entry.facts = facts_of(*Instrument::load(path));
  } catch (const std::exception& error) {
    entry.problem = error.what();
  }
  return entry;
}

}  // namespace

std::vector<Library::Seen> Library::files() {
  std::vector<Seen> found;
  std::set<fs::path> names;  // the first of a name counts, as everywhere
  for (const fs::path& folder : instrument_folders(shipped_instruments())) {
    std::error_code error;
    std::vector<Seen> here;
    for (fs::directory_iterator entry(folder, error), last; !error && entry != last; entry.increment(error)) {
      std::error_code gone;
      const fs::path& path = entry->path();
      if (path.extension() != ".ddsp" || path.filename().string().front() == '.') continue;
      const Seen seen{path, fs::file_size(path, gone), fs::last_write_time(path, gone)};
      if (!gone && names.insert(path.stem()).second) here.push_back(seen);
    }
    found.insert(found.end(), here.begin(), here.end());
  }
  std::sort(found.begin(), found.end(),
            [](const Seen& one, const Seen& other) { return one.path.stem() < other.path.stem(); });
  return found;
}

std::vector<LibraryEntry> Library::entries() {
  const std::lock_guard lock(mutex_);
  asked_ = Clock::now();
  return entries_;
}

void Library::look() {
  const std::lock_guard looking(looking_);
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (asked_ == Clock::time_point{} || now - asked_ > kInterest) return;
  }
  if (looked_ != Clock::time_point{} && now - looked_ < kLookEvery) return;
  looked_ = now;
  std::vector<Seen> found = files();
  if (found == seen_ && revision_ > 0) return;
  const fs::path shipped = shipped_instruments();
  std::vector<LibraryEntry> list;
  for (const Seen& file : found) list.push_back(describe(file.path, shipped));
  seen_ = std::move(found);
  const std::lock_guard lock(mutex_);
  entries_ = std::move(list);
  ++revision_;
}

NamedInstrument Library::add(const fs::path& file) {
  static_cast<void>(Instrument::load(file));  // or say why not
  const std::string hash = content_hash(file);
  const fs::path folder = user_instruments();
  if (folder.empty()) throw InstrumentError(file.string() + ": there is no folder to copy it to");
  std::error_code error;
  fs::create_directories(folder, error);
  fs::path target = folder / file.filename();
  for (int number = 2; fs::exists(target, error); ++number) {
    if (content_hash(target) == hash) return {target.stem().string(), target.string(), hash};
    target = folder / (file.stem().string() + "-" + std::to_string(number) + ".ddsp");
  }
  const fs::path part = folder / ("." + target.filename().string() + ".part");
  error.clear();
  fs::copy_file(file, part, fs::copy_options::overwrite_existing, error);
  if (!error) fs::rename(part, target, error);
  if (error) {
    std::error_code ignored;
    fs::remove(part, ignored);
    throw InstrumentError(file.string() + ": it cannot be copied to " + folder.string() + ": " + error.message());
  }
  const std::lock_guard lock(looking_);
  looked_ = {};  // look at once
  return {target.stem().string(), target.string(), hash};
}

}  // namespace ddsp_rt::plugin
