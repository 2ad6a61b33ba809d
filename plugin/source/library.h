// Every instrument that can be chosen, for a window's list.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "instrument_files.h"

namespace ddsp_rt::plugin {

struct LibraryEntry {
  NamedInstrument instrument;
  InstrumentFacts facts;
  bool users = false;   // lies in a folder of the user's, not in the plugin
  std::string problem;  // why it cannot be played; empty: it can
};

/// One for all plugins of a process. The folders are looked at about once a second as long as somebody asks.
class Library {
 public:
  /// What is known at this moment, by name; `revision` counts how often the list has changed. Any thread.
  std::vector<LibraryEntry> entries();
  int revision() const noexcept { return revision_.load(); }

  /// The housekeeping's turn: looks at the folders if it is time to.
  void look();

  /// Copies a file into the user's folder, under a name that is free there, unless that content lies there already.
  /// Throws InstrumentError when it is no instrument or cannot be copied. Any thread.
  NamedInstrument add(const std::filesystem::path& file);

 private:
  using Clock = std::chrono::steady_clock;

  struct Seen {
    std::filesystem::path path;
    std::uintmax_t size;
    std::filesystem::file_time_type written;
    bool operator==(const Seen&) const = default;
  };
  static std::vector<Seen> files();

  std::mutex mutex_;
  std::vector<LibraryEntry> entries_;
  std::atomic<int> revision_{0};
  Clock::time_point asked_{};  // guarded, as entries_ is

  std::mutex looking_;  // guards what follows
  std::vector<Seen> seen_;
  Clock::time_point looked_{};
};

}  // namespace ddsp_rt::plugin
