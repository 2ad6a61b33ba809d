// The control side of both plugins.
#include "processor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ddsp_rt/instrument/search_path.h"
#include "window/window.h"

namespace ddsp_rt::plugin {
namespace {

constexpr int kLookEvery = 30;  // ms between two looks of the housekeeping

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
      loader_({.give = [this](const auto& instruments, const auto&) { give(instruments); },
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
  morph_ = host_parameter("morph");
  morph_->set_useful(false);
  instrument_->name_of = [this](int index) {
    // LV2 hosts know the names that were there when the plugin was built.
    const NamedInstrument named = wrapperType == wrapperType_LV2 ? NamedInstrument() : slot(index);
    return juce::String(index + 1) + (named.empty() ? "" : " " + juce::String::fromUTF8(named.name.c_str()));
  };
}

Processor::~Processor() { cancelPendingUpdate(); }

void Processor::start() { housekeeping_->addTimeSliceClient(this); }

void Processor::stop() {
  housekeeping_->removeTimeSliceClient(this);
  loader_.stop();
}

// ---- for the window -------------------------------------------------------------------------------------------------

HostParameter* Processor::host_parameter(std::string_view name) const noexcept {
  for (HostParameter* parameter : host_parameters_)
    if (parameter->info().name == name) return parameter;
  return nullptr;
}

Processor::Status Processor::status() {
  const std::lock_guard lock(control_);
  Status status{.playing = first_.facts(),
                .second = second_.facts(),
                .path = first_.path(),
                .second_path = second_.path(),
                .loading = loader_.busy(),
                .notices = {},
                .reported_delay = getLatencySamples()};
  for (const std::string& line : {first_.notice(), second_.notice(), other_notice_})
    if (!line.empty() && (status.notices.empty() || status.notices.back() != line)) status.notices.push_back(line);
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

std::optional<WindowSize> Processor::window_size() {
  const std::lock_guard lock(control_);
  return window_size_;
}

void Processor::set_window_size(WindowSize size) {
  const std::lock_guard lock(control_);
  window_size_ = size;
}

void Processor::notice(std::string line) {
  const std::lock_guard lock(control_);
  other_notice_ = std::move(line);
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

// ---- AudioProcessor -------------------------------------------------------------------------------------------------

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

// JUCE would make of more than one a parameter beside ours in VST3, which hosts restore after the state and so undo it,
// and a preset of each in LV2. The slots are programs of ours alone.
int Processor::getNumPrograms() { return 1; }

void Processor::setCurrentProgram(int) {}

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
  load_what_is_wanted();  // the first sample is the instrument's
  report_delay();
  silence();
}

// ---- states and presets ---------------------------------------------------------------------------------------------

SavedState Processor::captured() {
  SavedState state;
  state.plugin = id();
  state.fitting = fitting();
  for (const HostParameter* parameter : host_parameters_) {
    state.parameters[std::string(parameter->info().name)] = parameter->value();
    if (parameter->left_alone()) state.left_alone.emplace(parameter->info().name);
  }
  const std::lock_guard lock(control_);
  state.window = window_size_;
  state.second = second_slot_;
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (!slots_[i].empty()) state.slots[static_cast<int>(i)] = slots_[i];
  return state;
}

// A preset leaves alone what belongs to a session. What a state does not name is as it was in a new plugin.
void Processor::set_parameters(const SavedState& state, bool whole_session) {
  for (HostParameter* parameter : host_parameters_) {
    const std::string name(parameter->info().name);
    if (!whole_session && (name == "instrument" || name == "bypass" || name == "align" || name == "mpe")) continue;
    const auto found = state.parameters.find(name);
    if (found == state.parameters.end() || state.left_alone.contains(name)) {
      parameter->leave_alone();
      if (!parameter->is_instruments_own()) parameter->put(parameter->info().initial);
    } else {
      parameter->move(found->second);
    }
  }
  if (state.fitting) set_fitting(*state.fitting);
}

void Processor::show_parameters() {
  for (HostParameter* parameter : host_parameters_)
    parameter->sendValueChangedMessageToListeners(parameter->getValue());
}

void Processor::getStateInformation(juce::MemoryBlock& data) {
  const std::string text = to_json(captured());
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
  const bool is_open = getActiveEditor() != nullptr;  // a window that is open stays as it is
  {
    const std::lock_guard lock(control_);
    other_notice_ = state.version > SavedState::kVersion
                        ? "the session was saved by a newer version: what this one does not know is left out"
                        : "";
    slots_ = {};
    for (const auto& [index, instrument] : state.slots) slots_[static_cast<std::size_t>(index)] = instrument;
    set_second(state.second);
    if (!is_open) window_size_ = state.window;
  }
  set_parameters(state, true);
  {
    const std::lock_guard lock(control_);
    load_what_is_wanted();
  }
  show_parameters();  // once the instrument's own are known
}

std::string Processor::apply_preset(const Preset& preset) {
  try {
    const SavedState state = read_preset(id(), preset);
    set_parameters(state, false);
    show_parameters();
    if (!state.slots.empty()) {  // those that come with the plugins leave what plays alone
      choose(state.slots.begin()->second);
      set_second(state.second);
    }
    updateHostDisplay(ChangeDetails().withParameterInfoChanged(false).withNonParameterStateChanged(true));
  } catch (const StateError& error) {
    return error.what();
  }
  return {};
}

std::string Processor::save_preset(const std::string& name, bool replace) {
  SavedState state = captured();
  state.slots.clear();
  state.window.reset();
  if (NamedInstrument playing = slot(getCurrentProgram()); !playing.empty()) state.slots[0] = std::move(playing);
  try {
    write_preset(name, state, replace);
  } catch (const StateError& error) {
    return error.what();
  }
  return {};
}

std::string Processor::add_instrument(const std::filesystem::path& file) {
  try {
    choose(library_->add(file));
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

}  // namespace ddsp_rt::plugin
