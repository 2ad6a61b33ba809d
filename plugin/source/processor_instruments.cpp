// The instruments of both plugins: their slots, and how they come to play.
#include <algorithm>
#include <utility>

#include "ddsp_rt/instrument/search_path.h"
#include "processor.h"

namespace ddsp_rt::plugin {
namespace {

constexpr int kLookEvery = 30;  // ms between two looks of the housekeeping

}  // namespace

// What a new plugin starts with: every instrument there is, the violin first.
std::array<NamedInstrument, kPrograms> Processor::first_slots() {
  std::array<NamedInstrument, kPrograms> slots;
  std::vector<std::filesystem::path> files = list_instruments(shipped_instruments());
  std::stable_partition(files.begin(), files.end(), [](const auto& file) { return file.stem() == "violin"; });
  for (std::size_t i = 0; i < std::min(files.size(), slots.size()); ++i)
    slots[i] = {files[i].stem().string(), files[i].string(), {}};
  return slots;
}

NamedInstrument Processor::slot(int index) {
  const std::lock_guard lock(control_);
  return slots_[static_cast<std::size_t>(std::clamp(index, 0, kPrograms - 1))];
}

std::array<NamedInstrument, kPrograms> Processor::slots() {
  const std::lock_guard lock(control_);
  return slots_;
}

void Processor::set_slot(int index, NamedInstrument instrument) {
  const std::lock_guard lock(control_);
  slots_[static_cast<std::size_t>(std::clamp(index, 0, kPrograms - 1))] = std::move(instrument);
}

void Processor::choose(const NamedInstrument& instrument) {
  int index = getCurrentProgram();
  {
    const std::lock_guard lock(control_);
    const auto same = [&](const NamedInstrument& other) {
      return other.name == instrument.name && other.path == instrument.path;
    };
    auto at = std::find_if(slots_.begin(), slots_.end(), same);
    if (at == slots_.end())
      at = std::find_if(slots_.begin(), slots_.end(), [](const auto& other) { return other.empty(); });
    if (at != slots_.end()) index = static_cast<int>(at - slots_.begin());
    slots_[static_cast<std::size_t>(index)] = instrument;
  }
  instrument_->change(static_cast<float>(index));
}

NamedInstrument Processor::second() {
  const std::lock_guard lock(control_);
  return second_slot_;
}

void Processor::choose_second(NamedInstrument instrument) {
  set_second(std::move(instrument));
  updateHostDisplay(ChangeDetails().withParameterInfoChanged(false).withNonParameterStateChanged(true));
}

void Processor::set_second(NamedInstrument instrument) {
  const std::lock_guard lock(control_);
  second_slot_ = std::move(instrument);
  morph_->set_useful(!second_slot_.empty());
}

std::string Processor::add_instrument(const std::filesystem::path& file) {
  try {
    choose(library_->add(file));
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

// ---- housekeeping ---------------------------------------------------------------------------------------------------

int Processor::useTimeSlice() {
  settle();
  library_->look();
  return kLookEvery;
}

// Everything that the audio thread leaves to others. When the host renders offline it is done in its own thread, and
// the instrument waited for.
void Processor::settle() {
  const std::lock_guard lock(control_);
  if (isNonRealtime()) {
    load_what_is_wanted();
  } else {
    take_outcomes();
    request_instruments();
  }
  collect();
  if (latency() != reported_delay_) triggerAsyncUpdate();
}

void Processor::handleAsyncUpdate() {
  const std::lock_guard lock(control_);
  report_delay();
}

int Processor::latency() const { return first_.facts() ? wanted_latency(first_.facts()->delay_ms()) : 0; }

void Processor::report_delay() {
  reported_delay_ = latency();
  setLatencySamples(reported_delay_);
}

// Asks the loader for what the slots hold, unless it has been asked for that already; what is asked for next waits
// until it is known how that ended.
void Processor::request_instruments() {
  if (loader_.busy()) return;
  if (const auto file = first_.look(slots_[static_cast<std::size_t>(getCurrentProgram())])) loader_.load(*file);
  if (const auto file = second_.look(second_slot_)) {
    loader_.load_second(*file);
  } else if (second_.facts() && (second_slot_.empty() || second_.missing())) {
    loader_.load_second({});  // rather than one that nobody has asked for
    second_.forget();
  }
}

void Processor::take_outcomes() {
  if (loader_.busy()) return;
  Loader::Outcome all;
  while (const auto outcome = loader_.take_outcome()) {
    if (outcome->loaded) all.loaded = outcome->loaded;
    if (outcome->second) all.second = outcome->second;
    if (!outcome->error.empty()) all.error += (all.error.empty() ? "" : "; ") + outcome->error;
  }
  first_.take(all.loaded, all.error, slots_[static_cast<std::size_t>(getCurrentProgram())]);
  second_.take(all.second, all.error, second_slot_);
  if (all.loaded) adopt_manner(all.loaded->notes);
  const auto room = [](const WantedInstrument& one) { return one.facts() ? one.facts()->tail_seconds : 0.0; };
  if (first_.facts()) tail_seconds_ = std::max(room(first_), room(second_)) + release_seconds();
}

void Processor::load_what_is_wanted() {
  loader_.finish();
  take_outcomes();
  request_instruments();
  loader_.finish();
  take_outcomes();
}

// What was left alone shows what the new instrument has of its own.
void Processor::adopt_manner(const NoteManner& manner) {
  const std::pair<const char*, const std::optional<float>&> own[] = {{"attack", manner.attack},
                                                                     {"vibrato_rate", manner.vibrato_rate},
                                                                     {"vibrato_depth", manner.vibrato_depth},
                                                                     {"vibrato_delay", manner.vibrato_delay}};
  for (const auto& [name, value] : own) {
    HostParameter* const parameter = host_parameter(name);
    if (!parameter) continue;
    parameter->set_own(value);
    if (parameter->left_alone()) parameter->tell();
  }
}

}  // namespace ddsp_rt::plugin
