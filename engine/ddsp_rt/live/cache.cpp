// Doors that play the same instrument share its weights.
#include "ddsp_rt/live/cache.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <system_error>

namespace ddsp_rt {
namespace {

struct Entry {
  std::weak_ptr<const Instrument> instrument;
  std::uintmax_t size;
  std::filesystem::file_time_type written;
};

}  // namespace

std::shared_ptr<const Instrument> load_shared(const std::filesystem::path& path) {
  static std::mutex mutex;
  static std::map<std::filesystem::path, Entry> entries;
  std::error_code error;
  const std::filesystem::path file = std::filesystem::weakly_canonical(path, error);
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  const std::filesystem::file_time_type written = std::filesystem::last_write_time(path, error);
  {
    const std::lock_guard lock(mutex);
    std::erase_if(entries, [](const auto& entry) { return entry.second.instrument.expired(); });
    const auto found = entries.find(file);
    if (!error && found != entries.end() && found->second.size == size && found->second.written == written)
      if (auto shared = found->second.instrument.lock()) return shared;
  }
  std::shared_ptr<const Instrument> loaded = Instrument::load(path);
  const std::lock_guard lock(mutex);
  entries.insert_or_assign(file, Entry{loaded, size, written});
  return loaded;
}

}  // namespace ddsp_rt
