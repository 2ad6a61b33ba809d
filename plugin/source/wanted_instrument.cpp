// Looking for an instrument, and for one that is missing again.
#include "wanted_instrument.h"

#include <utility>

namespace ddsp_rt::plugin {
namespace {

constexpr int kLooksUntilRetry = 33;  // of the housekeeping: about a second

}  // namespace

std::optional<std::string> WantedInstrument::look(const NamedInstrument& wanted) {
  if (requested_ == wanted && !(missing_ && looks_until_retry_-- <= 0)) return std::nullopt;
  requested_ = wanted;
  looks_until_retry_ = kLooksUntilRetry;
  missing_ = false;
  notice_.clear();
  if (wanted.empty()) return std::nullopt;
  const auto file = locate(wanted, notice_);
  missing_ = !file;
  if (!file) return std::nullopt;
  path_ = file->string();
  awaited_ = true;
  return path_;
}

void WantedInstrument::take(const std::shared_ptr<const Instrument>& loaded, const std::string& error,
                            NamedInstrument& wanted) {
  if (!std::exchange(awaited_, false)) return;
  if (!loaded) {
    notice_ = error;
    missing_ = true;  // it may be mended
    return;
  }
  facts_ = facts_of(*loaded);
  if (requested_ != wanted) return;
  if (wanted.hash.empty()) wanted.hash = content_hash(path_);
  requested_ = wanted;
}

void WantedInstrument::forget() {
  facts_.reset();
  path_.clear();
}

}  // namespace ddsp_rt::plugin
