// An instrument on its way from a name to what plays.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "instrument_files.h"

namespace ddsp_rt::plugin {

/// What is wanted in one place, and how far that has come. The control side's; not real-time.
class WantedInstrument {
 public:
  /// The file to load now: `wanted` is another one than before, or was missing about a second ago. To be called at each
  /// look of the housekeeping.
  std::optional<std::string> look(const NamedInstrument& wanted);

  /// How the loading ended, if one was awaited: null and why. What is known of the file from now on is put down in
  /// `wanted`, unless that has become another one since.
  void take(const std::shared_ptr<const Instrument>& loaded, const std::string& error, NamedInstrument& wanted);

  /// Nothing plays here any more.
  void forget();

  bool missing() const noexcept { return missing_; }                               // or it cannot be read
  const std::string& notice() const noexcept { return notice_; }                   // what a player should know
  const std::string& path() const noexcept { return path_; }                       // of what was asked for last
  const std::optional<InstrumentFacts>& facts() const noexcept { return facts_; }  // of what plays

 private:
  std::optional<NamedInstrument> requested_;
  bool awaited_ = false, missing_ = false;
  int looks_until_retry_ = 0;
  std::string notice_, path_;
  std::optional<InstrumentFacts> facts_;
};

}  // namespace ddsp_rt::plugin
