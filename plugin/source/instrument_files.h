// The plugins' instruments as files: where they lie, what they are, and whether one is still the same.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ddsp_rt/instrument/instrument.h"

namespace ddsp_rt::plugin {

/// The folder of instruments inside the plugin's bundle or beside the program; empty when there is none.
std::filesystem::path shipped_instruments();

/// SHA-256 of a file's bytes, in hex; empty when it cannot be read. A file that has not changed is not read again. Any
/// thread; not real-time.
std::string content_hash(const std::filesystem::path& file);

/// An instrument as a saved session knows it.
struct NamedInstrument {
  std::string name;
  std::string path;
  std::string hash;  // of its content; empty: not known

  bool empty() const noexcept { return name.empty() && path.empty(); }
  bool operator==(const NamedInstrument&) const = default;
};

/// Where `wanted` is found: its own path and content, that content under its name elsewhere, else what has its path or
/// its name now. `notice` says in one line when it is another content, or when there is none at all.
std::optional<std::filesystem::path> locate(const NamedInstrument& wanted, std::string& notice);

inline constexpr double kUsualDelay = 6.0;  // ms, of an instrument whose file does not say

/// What a player wants to know of an instrument.
struct InstrumentFacts {
  std::string name, author, licence;              // author: one line for each source
  float lowest_hz = 0.0f, highest_hz = 0.0f;      // of 98 % of what it learnt
  int model_rate = 0;                             // Hz
  double tail_seconds = 0.0;                      // of its room
  std::optional<double> onset_ms = std::nullopt;  // from an onset going in to its sound, where it was measured

  double delay_ms() const noexcept { return onset_ms.value_or(kUsualDelay); }
  bool operator==(const InstrumentFacts&) const = default;
};
InstrumentFacts facts_of(const Instrument& instrument);

}  // namespace ddsp_rt::plugin
