// The control side of both plugins.
#include "processor.h"

#include <algorithm>
#include <cmath>

#include "ddsp_rt/instrument/search_path.h"
#include "window/window.h"

namespace ddsp_rt::plugin {
namespace {

constexpr int kLookEvery = 30;        // ms between two looks of the housekeeping
constexpr int kLooksUntilRetry = 33;  // before a missing instrument is looked for again: about a second

/// What a new plugin starts with: every instrument there is, the violin first.
std::array<NamedInstrument, kPrograms> first_slots() {
  std::array<NamedInstrument, kPrograms> slots;
  std::vector<std::filesystem::path> files = list_instruments(shipped_instruments());
  std::stable_partition(files.begin(), files.end(), [](const auto& file) { return file.stem() == "violin"; });
  for (std::size_t i = 0; i < std::min(files.size(), slots.size()); ++i)
    slots[i] = {files[i].stem().string(), files[i].string(), {}};
  return slots;
}

}  // namespace

Processor::Processor(Doors door, const BusesProperties& buses)
    : AudioProcessor(buses),
      loader_({.give = [this](const auto& instrument, const auto&) { give(instrument); },
               .collect = [this] { collect(); }}),
      door_(door),
      slots_(first_slots()) {
  const auto add = [this](const ParameterInfo& info) {
    auto parameter = std::make_unique<HostParameter>(info);
    host_parameters_.push_back(parameter.get());
    addParameter(parameter.release());
  };
  for (const ParameterInfo& info : kOwnParameters)
    if (concerns(info.doors, door)) add(info);
  for (const Parameter parameter : parameters_of(door)) add(info(parameter));
  instrument_ = host_parameter("instrument");
  bypass_ = host_parameter("bypass");
  instrument_->name_of = [this](int index) {
    const NamedInstrument named = slot(index);
    return juce::String(index + 1) + (named.empty() ? "" : " " + juce::String::fromUTF8(named.name.c_str()));
  };
}

Processor::~Processor() { cancelPendingUpdate(); }

void Processor::start() { housekeeping_->addTimeSliceClient(this); }

void Processor::stop() {
  housekeeping_->removeTimeSliceClient(this);
  loader_.stop();
}

// ---- for the window
// --------------------------------------------------------------------------------------------------

HostParameter* Processor::host_parameter(std::string_view name) const noexcept {
  for (HostParameter* parameter : host_parameters_)
    if (parameter->info().name == name) return parameter;
  return nullptr;
}

Processor::Status Processor::status() {
  const std::lock_guard lock(control_);
  Status status{.playing = facts_,
                .path = path_,
                .loading = loader_.busy(),
                .notices = {},
                .reported_delay = getLatencySamples(),
                .measured_delay_ms = delay_ms_.load()};
  for (const std::string* line : {&instrument_notice_, &other_notice_})
    if (!line->empty()) status.notices.push_back(*line);
  return status;
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
  told_program_ = index;
}

void Processor::notice(std::string line) {
  const std::lock_guard lock(control_);
  other_notice_ = std::move(line);
}

// ---- housekeeping
// ----------------------------------------------------------------------------------------------------

int Processor::useTimeSlice() {
  settle();
  return kLookEvery;
}

// Everything that the audio thread leaves to others. When the host renders offline it is done in its own thread, and
// the instrument waited for.
void Processor::settle() {
  const int program = getCurrentProgram();
  if (told_program_.exchange(program) != program) instrument_->change(static_cast<float>(program));
  const std::lock_guard lock(control_);
  request_instrument();
  if (isNonRealtime()) loader_.finish();
  take_outcome();
  collect();
  if (wanted_latency() != reported_delay_) triggerAsyncUpdate();
}

void Processor::handleAsyncUpdate() {
  const std::lock_guard lock(control_);
  report_delay();
}

void Processor::report_delay() {
  reported_delay_ = wanted_latency();
  setLatencySamples(reported_delay_);
}

// Asks the loader for what the slot holds, unless it has been asked for that already.
void Processor::request_instrument() {
  const NamedInstrument wanted = slots_[static_cast<std::size_t>(getCurrentProgram())];
  if (requested_ == wanted && !(missing_ && looks_until_retry_-- <= 0)) return;
  requested_ = wanted;
  looks_until_retry_ = kLooksUntilRetry;
  missing_ = false;
  if (wanted.empty()) return;  // what played goes on
  const auto file = locate(wanted, instrument_notice_);
  missing_ = !file;
  if (!file) return;
  path_ = file->string();
  loader_.load(path_);
}

void Processor::take_outcome() {
  const auto outcome = loader_.take_outcome();
  if (!outcome) return;
  if (!outcome->loaded) {
    instrument_notice_ = outcome->error;
    missing_ = true;  // it may be mended
    return;
  }
  facts_ = facts_of(*outcome->loaded);
  delay_ms_ = facts_->delay_ms;
  tail_seconds_ = facts_->tail_seconds + release_seconds();
  NamedInstrument& named = slots_[static_cast<std::size_t>(getCurrentProgram())];
  if (requested_ == named && named.hash.empty()) named.hash = content_hash(path_);
  requested_ = named;
}

// ---- AudioProcessor
// --------------------------------------------------------------------------------------------------

const juce::String Processor::getName() const {
  return door_ == Doors::kTransfer ? "DDSP-RT Transfer" : "DDSP-RT Instrument";
}

bool Processor::isBusesLayoutSupported(const BusesLayout& layouts) const {
  const auto fits = [](const juce::AudioChannelSet& set) {
    return set == juce::AudioChannelSet::mono() || set == juce::AudioChannelSet::stereo();
  };
  const bool takes_audio = door_ == Doors::kTransfer;
  return fits(layouts.getMainOutputChannelSet()) &&
         (takes_audio ? fits(layouts.getMainInputChannelSet()) : layouts.getMainInputChannelSet().isDisabled());
}

// VST3 has no other way to hear of a program change; LV2 would make a preset of each slot.
int Processor::getNumPrograms() { return door_ == Doors::kNotes && wrapperType == wrapperType_VST3 ? kPrograms : 1; }

void Processor::setCurrentProgram(int index) {
  if (getNumPrograms() > 1 && index != getCurrentProgram())
    instrument_->change(static_cast<float>(std::clamp(index, 0, kPrograms - 1)));
}

const juce::String Processor::getProgramName(int index) { return instrument_->text_of(static_cast<float>(index)); }

juce::AudioProcessorEditor* Processor::createEditor() { return make_window(*this).release(); }

void Processor::prepareToPlay(double rate, int) {
  const std::lock_guard lock(control_);
  if (rate != rate_) {
    loader_.finish();
    other_notice_.clear();
    playable_ = remake(static_cast<int>(std::lround(rate)));
    rate_ = rate;
    if (playable_) loader_.give_again();
  }
  request_instrument();
  loader_.finish();  // the first sample is the instrument's
  take_outcome();
  report_delay();
  silence();
}

void Processor::getStateInformation(juce::MemoryBlock& data) {
  SavedState state{
      .version = SavedState::kVersion, .plugin = id(), .parameters = {}, .fitting = fitting(), .slots = {}};
  for (const HostParameter* parameter : host_parameters_)
    state.parameters[std::string(parameter->info().name)] = parameter->value();
  {
    const std::lock_guard lock(control_);
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (!slots_[i].empty()) state.slots[static_cast<int>(i)] = slots_[i];
  }
  const std::string text = to_json(state);
  data.replaceAll(text.data(), text.size());
}

void Processor::setStateInformation(const void* data, int size) {
  SavedState state;
  try {
    state = parse_state({static_cast<const char*>(data), static_cast<std::size_t>(std::max(size, 0))});
    if (state.plugin != id()) throw StateError("the saved state is that of DDSP-RT " + state.plugin);
  } catch (const StateError& error) {
    notice(std::string(error.what()) + "; nothing was changed");
    return;
  }
  {
    const std::lock_guard lock(control_);
    other_notice_ = state.version > SavedState::kVersion
                        ? "the session was saved by a newer version: what this one does not know is left out"
                        : "";
    slots_ = {};
    for (auto& [index, instrument] : state.slots) slots_[static_cast<std::size_t>(index)] = std::move(instrument);
  }
  for (HostParameter* parameter : host_parameters_) {
    const auto found = state.parameters.find(std::string(parameter->info().name));
    const float value = found == state.parameters.end() ? parameter->info().initial : found->second;
    parameter->put(value);
    parameter->sendValueChangedMessageToListeners(parameter->getValue());
  }
  told_program_ = getCurrentProgram();
  if (state.fitting) set_fitting(*state.fitting);
  const std::lock_guard lock(control_);
  request_instrument();
  loader_.finish();
  take_outcome();
}

}  // namespace ddsp_rt::plugin
