// Writing states down and reading them with care.
#include "saved_state.h"

#include <nlohmann/json.hpp>

#include "ddsp_rt/files/checked_json.h"
#include "ddsp_rt/playing/fitting_json.h"

namespace ddsp_rt::plugin {
namespace {

constexpr const char* kMark = "ddsp_rt_plugin";
constexpr std::size_t kLongestPath = 4096;
constexpr std::int64_t kLongestSide = 16384;  // of a window

std::string text(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  std::string value = found->get<std::string>();
  return value.size() <= kLongestPath ? value : std::string{};
}

NamedInstrument read_instrument(const nlohmann::json& entry) {
  if (!entry.is_object()) return {};
  return {text(entry, "name"), text(entry, "path"), text(entry, "sha256")};
}

nlohmann::json written(const NamedInstrument& instrument) {
  return {{"name", instrument.name}, {"path", instrument.path}, {"sha256", instrument.hash}};
}

void read_slots(const nlohmann::json& list, SavedState& state) {
  for (const auto& entry : list) {
    if (!entry.is_object()) continue;
    const auto slot = entry.find("slot");
    if (slot == entry.end() || !slot->is_number_integer()) continue;
    const auto index = slot->get<std::int64_t>();
    NamedInstrument instrument = read_instrument(entry);
    if (index >= 0 && index < kPrograms && !instrument.empty())
      state.slots[static_cast<int>(index)] = std::move(instrument);
  }
}

std::optional<WindowSize> read_window(const nlohmann::json& window) {
  const auto side = [&](const char* key) {
    const auto found = window.find(key);
    return found != window.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  };
  const auto usable = [](std::int64_t pixels) { return pixels > 0 && pixels <= kLongestSide; };
  if (!window.is_object() || !usable(side("width")) || !usable(side("height"))) return std::nullopt;
  return WindowSize{static_cast<int>(side("width")), static_cast<int>(side("height"))};
}

}  // namespace

std::string to_json(const SavedState& state) {
  nlohmann::json document{{kMark, state.plugin}, {"version", state.version}};
  document["parameters"] = nlohmann::json::object();
  for (const auto& [name, value] : state.parameters) document["parameters"][name] = value;
  if (!state.left_alone.empty()) document["left_alone"] = state.left_alone;
  if (state.fitting) document["fit"] = nlohmann::json::parse(ddsp_rt::to_json(*state.fitting));
  document["instruments"] = nlohmann::json::array();
  for (const auto& [slot, instrument] : state.slots) {
    document["instruments"].push_back(written(instrument));
    document["instruments"].back()["slot"] = slot;
  }
  if (!state.second.empty()) document["second"] = written(state.second);
  if (state.window) document["window"] = {{"width", state.window->width}, {"height", state.window->height}};
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

SavedState parse_state(std::string_view json) {
  SavedState state;
  try {
    const nlohmann::json document = parse_json(json, "the saved state");
    if (!document.is_object() || !document.contains(kMark)) throw StateError("the saved state is not of this plugin");
    state.plugin = text(document, kMark);
    if (const auto version = document.find("version"); version != document.end() && version->is_number_integer())
      state.version = static_cast<int>(std::clamp<std::int64_t>(version->get<std::int64_t>(), 1, 1 << 30));
    if (const auto values = document.find("parameters"); values != document.end() && values->is_object())
      for (const auto& [name, value] : values->items())
        if (value.is_number()) state.parameters[name] = value.get<float>();
    if (const auto names = document.find("left_alone"); names != document.end() && names->is_array())
      for (const auto& name : *names)
        if (name.is_string()) state.left_alone.insert(name.get<std::string>());
    if (const auto fit = document.find("fit"); fit != document.end() && fit->is_object())
      state.fitting = parse_fitting(fit->dump());
    if (const auto list = document.find("instruments"); list != document.end() && list->is_array())
      read_slots(*list, state);
    if (const auto second = document.find("second"); second != document.end()) state.second = read_instrument(*second);
    if (const auto window = document.find("window"); window != document.end()) state.window = read_window(*window);
  } catch (const FileFault& fault) {
    throw StateError(fault.what());
  } catch (const FittingError& fault) {
    throw StateError(fault.what());
  }
  return state;
}

}  // namespace ddsp_rt::plugin
