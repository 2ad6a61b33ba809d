// Presets: the list that comes with the plugins, and files.
#include "presets.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "ddsp_rt/instrument/search_path.h"

namespace ddsp_rt::plugin {
namespace fs = std::filesystem;
namespace {

constexpr const char* kEnding = ".ddsppreset";
constexpr std::uintmax_t kLongest = 1 << 20;  // bytes

struct Factory {
  const char* plugin;
  const char* name;
  std::vector<std::pair<const char*, float>> values;
};

const std::vector<Factory>& factory() {
  static const std::vector<Factory> list{
      {"transfer", "As it is", {}},
      {"transfer", "Follow my voice", {{"auto_fit", 1}}},
      {"transfer", "Follow, an octave up", {{"auto_fit", 1}, {"transpose", 12}}},
      {"transfer", "Follow, an octave down", {{"auto_fit", 1}, {"transpose", -12}}},
      {"transfer", "Dry, for a room of my own", {{"reverb", 0}}},
      {"transfer", "Far away", {{"reverb", 1.8f}, {"brightness", -2}, {"output_gain", -3}}},
      {"transfer", "Breath and air", {{"noise_gain", 8}, {"harmonic_gain", -4}, {"brightness", 1}}},
      {"transfer", "Bright and forward", {{"brightness", 2.5f}, {"reverb", 0.4f}}},
      {"transfer", "Soft and dark", {{"brightness", -3}, {"noise_gain", -6}}},
      {"transfer", "Sliding", {{"glide", 140}}},
      {"transfer", "Together with me", {{"dry_wet", 0.5f}}},
      {"transfer", "A fifth above me", {{"dry_wet", 0.5f}, {"transpose", 7}}},
      {"transfer", "Noisy room", {{"gate", 12}, {"noise_gain", -12}}},
      {"instrument", "As it is", {}},
      {"instrument", "Solo, legato", {{"legato", 1}, {"voices", 1}, {"glide", 45}, {"vibrato_depth", 18}}},
      {"instrument", "Solo, plain", {{"legato", 1}, {"voices", 1}, {"attack", 15}}},
      {"instrument", "Slow and wide", {{"attack", 600}, {"release", 1500}, {"vibrato_depth", 12}, {"reverb", 1.5f}}},
      {"instrument", "Short", {{"attack", 0}, {"decay", 180}, {"sustain", -40}, {"release", 120}}},
      {"instrument", "Struck, ringing", {{"attack", 0}, {"decay", 1800}, {"sustain", -30}, {"release", 900}}},
      {"instrument", "Portamento", {{"legato", 1}, {"voices", 1}, {"glide", 220}, {"vibrato_depth", 22}}},
      {"instrument", "Late vibrato", {{"vibrato_depth", 28}, {"vibrato_rate", 5.2f}, {"vibrato_delay", 700}}},
      {"instrument", "Dry, for a room of my own", {{"reverb", 0}}},
      {"instrument", "Breath and air", {{"noise_gain", 8}, {"harmonic_gain", -4}}},
      {"instrument", "Light touch", {{"velocity_curve", -0.5f}}},
  };
  return list;
}

}  // namespace

fs::path preset_folder(const std::string& plugin) {
  const fs::path instruments = user_instruments();
  return instruments.empty() ? instruments : instruments.parent_path() / "presets" / plugin;
}

std::vector<Preset> list_presets(const std::string& plugin) {
  std::vector<Preset> presets;
  for (const Factory& preset : factory())
    if (preset.plugin == plugin) presets.push_back({preset.name, {}});
  std::vector<Preset> own;
  std::error_code error;
  for (fs::directory_iterator entry(preset_folder(plugin), error), last; !error && entry != last;
       entry.increment(error))
    if (entry->path().extension() == kEnding && entry->path().filename().string().front() != '.')
      own.push_back({entry->path().stem().string(), entry->path()});
  std::sort(own.begin(), own.end(), [](const Preset& one, const Preset& other) { return one.name < other.name; });
  presets.insert(presets.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  return presets;
}

SavedState read_preset(const std::string& plugin, const Preset& preset) {
  if (preset.file.empty()) {
    for (const Factory& known : factory()) {
      if (known.plugin != plugin || known.name != preset.name) continue;
      SavedState state;
      state.plugin = plugin;
      for (const auto& [name, value] : known.values) state.parameters[name] = value;
      return state;
    }
    throw StateError("there is no preset '" + preset.name + "'");
  }
  std::error_code error;
  if (fs::file_size(preset.file, error) > kLongest || error)
    throw StateError(preset.file.string() + ": it cannot be read");
  std::ostringstream text;
  text << std::ifstream(preset.file, std::ios::binary).rdbuf();
  SavedState state = parse_state(text.str());
  if (state.plugin != plugin) throw StateError(preset.file.string() + ": it is a preset of DDSP-RT " + state.plugin);
  return state;
}

Preset write_preset(const std::string& name, const SavedState& state, bool replace) {
  const bool usable = !name.empty() && name.size() <= 100 && name.front() != '.' &&
                      name.find_first_of("/\\:*?\"<>|") == std::string::npos &&
                      std::none_of(name.begin(), name.end(), [](unsigned char letter) { return letter < 32; });
  if (!usable) throw StateError("'" + name + "' cannot be the name of a preset: it would be no name for a file");
  const fs::path folder = preset_folder(state.plugin);
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path file = folder / (name + kEnding), part = folder / ("." + name + ".part");
  if (!replace && fs::exists(file, error)) throw StateError("there is a preset '" + name + "' already");
  const std::string text = to_json(state);
  {
    std::ofstream stream(part, std::ios::binary);
    stream.write(text.data(), static_cast<std::streamsize>(text.size()));
    stream.close();
    if (!stream) throw StateError(file.string() + ": it cannot be written");
  }
  fs::rename(part, file, error);
  if (error) throw StateError(file.string() + ": it cannot be written: " + error.message());
  return {name, file};
}

}  // namespace ddsp_rt::plugin
