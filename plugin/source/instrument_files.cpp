// Finding instruments and telling them apart.
#include "instrument_files.h"

#include <juce_cryptography/juce_cryptography.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "ddsp_rt/instrument/search_path.h"

namespace ddsp_rt::plugin {
namespace fs = std::filesystem;
namespace {

struct Hashed {
  std::uintmax_t size;
  fs::file_time_type written;
  std::string hash;
};

bool is_file(const fs::path& path) {
  std::error_code error;
  return !path.empty() && fs::is_regular_file(path, error);
}

}  // namespace

fs::path shipped_instruments() {
  const juce::File binary = juce::File::getSpecialLocation(juce::File::currentExecutableFile);
  juce::File folder = binary.getParentDirectory();
  for (int up = 0; up < 3; ++up, folder = folder.getParentDirectory())
    for (const char* inside : {"instruments", "Resources/instruments"})
      if (const juce::File found = folder.getChildFile(inside); found.isDirectory())
        return fs::path(found.getFullPathName().toStdString());
  return {};
}

std::string content_hash(const fs::path& file) {
  static std::mutex mutex;
  static std::map<fs::path, Hashed> known;
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) return {};
  const fs::file_time_type written = fs::last_write_time(file, error);
  {
    const std::lock_guard lock(mutex);
    if (const auto found = known.find(file);
        found != known.end() && found->second.size == size && found->second.written == written)
      return found->second.hash;
  }
  juce::FileInputStream stream(juce::File(juce::String::fromUTF8(file.string().c_str())));
  if (!stream.openedOk()) return {};
  std::string hash = juce::SHA256(stream).toHexString().toStdString();
  const std::lock_guard lock(mutex);
  known.insert_or_assign(file, Hashed{size, written, hash});
  return hash;
}

std::optional<fs::path> locate(const NamedInstrument& wanted, std::string& notice) {
  notice.clear();
  const fs::path at(wanted.path);
  const bool there = is_file(at);
  if (there && (wanted.hash.empty() || content_hash(at) == wanted.hash)) return at;
  std::optional<fs::path> same_name;
  for (const fs::path& folder : instrument_folders(shipped_instruments())) {
    const fs::path candidate = folder / (wanted.name + ".ddsp");
    if (!is_file(candidate)) continue;
    if (wanted.hash.empty() || content_hash(candidate) == wanted.hash) return candidate;
    if (!same_name) same_name = candidate;
  }
  const std::string name = wanted.name.empty() ? at.stem().string() : wanted.name;
  if (there || same_name) {
    notice = name + " is not the file that was saved with this session: it may sound different";
    return there ? at : *same_name;
  }
  notice = name + " is missing";
  if (!wanted.path.empty()) notice += ": it was " + wanted.path;
  return std::nullopt;
}

InstrumentFacts facts_of(const Instrument& instrument) {
  InstrumentFacts facts{.name = instrument.name,
                        .author = {},
                        .licence = {},
                        .lowest_hz = hz_from_midi(instrument.quantiles.pitch_midi.front()),
                        .highest_hz = hz_from_midi(instrument.quantiles.pitch_midi.back()),
                        .model_rate = instrument.model_rate,
                        .tail_seconds = static_cast<double>(instrument.impulse_response.size()) / instrument.model_rate,
                        .onset_ms = {}};
  const nlohmann::json document = nlohmann::json::parse(instrument.metadata, nullptr, false);
  if (!document.is_object()) return facts;
  if (const auto licence = document.find("licence"); licence != document.end() && licence->is_string())
    facts.licence = licence->get<std::string>();
  if (const auto lines = document.find("attribution"); lines != document.end() && lines->is_array())
    for (const auto& line : *lines)
      if (line.is_string()) facts.author += line.get<std::string>() + "\n";
  if (const auto scores = document.find("scores"); scores != document.end() && scores->is_object())
    if (const auto onset = scores->find("onset_ms"); onset != scores->end() && onset->is_number())
      if (const double delay = onset->get<double>(); delay >= 0.0 && delay <= 100.0) facts.onset_ms = delay;
  return facts;
}

}  // namespace ddsp_rt::plugin
