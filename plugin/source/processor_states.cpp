// The states and presets of both plugins: taken down, and put back.
#include <algorithm>
#include <utility>

#include "processor.h"

namespace ddsp_rt::plugin {

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

}  // namespace ddsp_rt::plugin
