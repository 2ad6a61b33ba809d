// Fuzzes the loader: any bytes are either refused in one line or become an instrument that keeps every promise of
// docs/instrument-file.md and plays.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "ddsp_rt/files/safetensors.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/playing/transfer.h"
#include "ddsp_rt/playing/voice.h"
#include "instrument_file.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace ddsp_rt;

constexpr int kRate = 16000;
constexpr int kMaxNesting = 32;

void require(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "PROMISE BROKEN: %s\n", promise);
  std::abort();
}

void check_message(const std::string& message) {
  const bool printable = std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c <= '~'; });
  require(printable && message.size() < 400, "a refusal is one short line");
}

int nesting(const std::string& json) {
  int depth = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (quoted && json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (json[i] == '[' || json[i] == '{')) {
      deepest = std::max(deepest, ++depth);
    } else if (!quoted && (json[i] == ']' || json[i] == '}')) {
      --depth;
    }
  }
  return deepest;
}

void check_container(std::span<const std::byte> bytes, const Safetensors& file) {
  std::uint64_t length;
  std::memcpy(&length, bytes.data(), sizeof length);
  const std::string header(reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length));
  require(nesting(header) <= kMaxNesting + 1, "the header is nested at most 32 deep");
  const nlohmann::json fields = nlohmann::json::parse(header);
  std::size_t total = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const nlohmann::json& type = fields.at(name).at("dtype");
    require(type == "F16" || type == "F32", "tensors are F16 or F32");
    long double size = type == "F16" ? 2.0L : 4.0L;
    for (const std::size_t dimension : tensor.shape) size *= static_cast<long double>(dimension);
    require(size == static_cast<long double>(tensor.bytes.size()), "a tensor is as long as its shape says");
    require(tensor.bytes.data() >= bytes.data() + 8 + length &&
                tensor.bytes.data() + tensor.bytes.size() <= bytes.data() + bytes.size(),
            "a tensor lies inside the file");
    total += tensor.bytes.size();
  }
  require(8 + length + total == bytes.size(), "the tensors fill the file");
}

void check_instrument(const Instrument& instrument) {
  const auto rises = [](const QuantileArray& values) {
    return std::is_sorted(values.begin(), values.end()) &&
           std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
  };
  require(nesting(instrument.metadata) <= kMaxNesting + 1, "the metadata are nested at most 32 deep");
  require(rises(instrument.quantiles.pitch_midi) && rises(instrument.quantiles.loudness_db), "quantiles do not fall");
  const nlohmann::json fields = nlohmann::json::parse(instrument.metadata);
  require(fields.at("format_version") == 1, "format versions from the future are refused");
  require(!fields.contains("requires") || fields["requires"].empty(), "unknown requirements are refused");
  const auto& room = instrument.impulse_response;
  require(std::all_of(room.begin(), room.end(), [](float x) { return std::abs(x) <= 65504.0f; }),
          "no value is beyond 65504");
  require(instrument.model_rate >= 8000 && instrument.model_rate <= 192000, "model_rate is in range");
}

// A few notes and rests. The analyser reads nothing of the file but a range of pitch: it comes along now and then.
void play(const std::shared_ptr<const Instrument>& instrument, bool from_audio) {
  const auto finite = [](const std::vector<float>& out) {
    require(std::all_of(out.begin(), out.end(), [](float x) { return std::isfinite(x); }), "what is played is finite");
  };
  Voice voice(instrument, kRate);
  std::vector<float> out(static_cast<std::size_t>(max_frame_length(kRate)));
  FrameClock clock(kRate);
  Features features;
  features.mfcc.fill(-3.0f);
  for (int frame = 0; frame < 12; ++frame) {
    features.f0 = 110.0f * static_cast<float>(1 + frame);
    features.periodicity = 0.1f * static_cast<float>(frame % 10);
    features.loudness = frame % 4 == 3 ? kSilenceDb : -10.0f;
    voice.render(features, {}, clock.next(), out.data());
    finite(out);
  }
  if (!from_audio) return;
  std::vector<float> in(800);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = 0.5f * std::sin(0.17f * static_cast<float>(i));
  Transfer transfer(instrument, kRate);
  transfer.process(in.data(), in.data(), static_cast<int>(in.size()));
  finite(in);
}

// Inputs that loaded: the best places to spoil something.
std::vector<std::string>& sound_files() {
  static std::vector<std::string> files;
  return files;
}

void remember(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kKept = 64;
  static std::size_t next = 0;
  if (sound_files().size() < kKept) sound_files().emplace_back();
  sound_files()[next++ % kKept].assign(reinterpret_cast<const char*>(data), size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data),
                                     reinterpret_cast<const std::byte*>(data) + size);
  try {
    check_container(bytes, parse_safetensors(bytes));
  } catch (const FileFault& fault) {
    check_message(fault.what());
  }
  try {
    const std::shared_ptr<const Instrument> instrument = Instrument::parse(bytes, "it");
    check_instrument(*instrument);
    play(instrument, size % 8 == 0);
    remember(data, size);
  } catch (const InstrumentError& error) {
    check_message(error.what());
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  std::mt19937 dice(seed);
  if (!sound_files().empty() && dice() % 2) {
    const std::string& start = sound_files()[dice() % sound_files().size()];
    if (start.size() <= max_size) size = start.copy(reinterpret_cast<char*>(data), start.size());
  }
  if (dice() % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  if (dice() % 16 == 0 && size >= 8) {  // a header that lies about its length
    std::uint64_t length;
    std::memcpy(&length, data, sizeof length);
    const std::uint64_t lies[] = {
        length + 1, length - 1, size - 8, size - 7, std::uint64_t{1} << 20, 0 - std::uint64_t{dice() % 16}};
    std::memcpy(data, &lies[dice() % std::size(lies)], sizeof length);
    return dice() % 2 ? size : dice() % size;
  }
  auto file = fuzz::InstrumentFile::read(data, size);
  if (!file) return LLVMFuzzerMutate(data, size, max_size);
  try {
    for (unsigned changes = dice() % 4 ? 1 : 2; changes > 0; --changes) fuzz::mutate(*file, dice);
    const std::string bytes = file->bytes();
    if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
    std::memcpy(data, bytes.data(), bytes.size());
    return bytes.size();
  } catch (const nlohmann::json::exception&) {  // a part is no longer what the mutation took it for
    return LLVMFuzzerMutate(data, size, max_size);
  }
}
