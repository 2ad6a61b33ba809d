// An instrument: everything its file says, ready to be played by any number of voices.
#include "ddsp_rt/instrument/instrument.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "ddsp_rt/files/checked_json.h"
#include "ddsp_rt/frame_clock.h"

namespace ddsp_rt {
namespace {

constexpr int kFormatVersion = 1;
constexpr int kMaxWidth = 2048, kMaxLayers = 16, kMaxHarmonics = 1024, kMaxNoiseBands = 1025, kMaxZDims = 256;
constexpr int kMaxReverb = 10;  // seconds
constexpr double kFastestWave = 64.0;
constexpr double kFarthestUsual = 1000.0, kSteepestUsual = 10.0;  // dB, dB/dB

std::size_t size(const JsonObject& object, const char* key, int low, int high) {
  return static_cast<std::size_t>(object.whole(key, low, high));
}

std::vector<Feature> read_features(const JsonObject& decoder) {
  std::vector<Feature> features;
  for (const std::string& name : decoder.texts("features")) {
    constexpr Feature known[] = {Feature::kF0,           Feature::kLoudness, Feature::kPeriodicity,
                                 Feature::kFastLoudness, Feature::kBalance,  Feature::kZ};
    const auto same_name = [&](Feature feature) { return name == feature_name(feature); };
    const auto found = std::find_if(std::begin(known), std::end(known), same_name);
    if (found == std::end(known))
      throw FileFault(decoder.path("features") + " has '" + printable(name) + "', which this version does not know");
    if (std::find(features.begin(), features.end(), *found) != features.end())
      throw FileFault(decoder.path("features") + " names one twice");
    features.push_back(*found);
  }
  if (features.empty()) throw FileFault(decoder.path("features") + " must be a list of different names");
  return features;
}

void read_waves(const JsonObject& decoder, DecoderSpec& spec) {
  if (!decoder.has("waves")) return;
  const JsonObject waves = decoder.object("waves");
  for (const Feature feature : spec.features)
    if (feature != Feature::kZ && waves.has(feature_name(feature)))
      spec.waves[static_cast<std::size_t>(feature)] = waves.rising(feature_name(feature), 0.0, kFastestWave);
}

DecoderSpec read_decoder_spec(const JsonObject& decoder) {
  DecoderSpec spec;
  spec.features = read_features(decoder);
  spec.hidden = size(decoder, "hidden", 1, kMaxWidth);
  spec.layers = size(decoder, "layers", 1, kMaxLayers);
  spec.gru = size(decoder, "gru", 1, kMaxWidth);
  spec.out_hidden = size(decoder, "out_hidden", 1, kMaxWidth);
  spec.out_layers = size(decoder, "out_layers", 1, kMaxLayers);
  spec.harmonics = size(decoder, "harmonics", 1, kMaxHarmonics);
  spec.noise_bands = size(decoder, "noise_bands", 2, kMaxNoiseBands);
  spec.z_dims = decoder.has("z_dims") ? size(decoder, "z_dims", 0, kMaxZDims) : 0;
  read_waves(decoder, spec);
  if (spec.reads(Feature::kZ) != (spec.z_dims > 0))
    throw FileFault(decoder.path("z_dims") + " must be above 0 exactly where features has 'z'");
  return spec;
}

std::optional<Encoder> read_encoder(const JsonObject& architecture, const DecoderSpec& decoder,
                                    const Safetensors& file) {
  if (!architecture.has("encoder")) {
    if (decoder.z_dims) throw FileFault("architecture.encoder is missing, but the decoder reads z");
    return std::nullopt;
  }
  const JsonObject encoder = architecture.object("encoder");
  const EncoderSpec spec{size(encoder, "gru", 1, kMaxWidth), size(encoder, "z_dims", 1, kMaxZDims)};
  if (spec.z_dims != decoder.z_dims) throw FileFault("architecture.encoder.z_dims differs from the decoder's");
  return Encoder(file, spec);
}

std::vector<float> read_impulse_response(const JsonObject& architecture, int model_rate, const Safetensors& file) {
  if (!architecture.has("reverb")) return {};
  const std::size_t length = size(architecture.object("reverb"), "length", 1, kMaxReverb * model_rate);
  const Tensor& tensor = file.get("reverb.impulse_response", {length});
  std::vector<float> response(length);
  for (std::size_t i = 0; i < length; ++i) response[i] = tensor[i];
  return response;
}

/// The quantile function given at `probabilities`, read at the probabilities that fitting uses.
QuantileArray at_fitting_probabilities(const std::vector<float>& probabilities, const std::vector<float>& values) {
  QuantileArray result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    const float p = kQuantileProbabilities[i];
    const auto above = static_cast<std::size_t>(std::lower_bound(probabilities.begin(), probabilities.end(), p) -
                                                probabilities.begin());
    if (above == 0) {
      result[i] = values.front();
    } else if (above == values.size()) {
      result[i] = values.back();
    } else {
      const float below = probabilities[above - 1];
      const float share = (p - below) / (probabilities[above] - below);
      result[i] = values[above - 1] + share * (values[above] - values[above - 1]);
    }
  }
  return result;
}

TargetQuantiles read_quantiles(const JsonObject& quantiles) {
  const std::vector<float> probabilities = quantiles.rising("probabilities", 0.0, 1.0);
  const std::vector<float> pitch = quantiles.rising("pitch_midi", -50.0, 200.0);
  const std::vector<float> loudness = quantiles.rising("loudness_db", -200.0, 100.0);
  if (pitch.size() != probabilities.size() || loudness.size() != probabilities.size())
    throw FileFault("quantiles.pitch_midi and quantiles.loudness_db must be as long as quantiles.probabilities");
  return {at_fitting_probabilities(probabilities, pitch), at_fitting_probabilities(probabilities, loudness)};
}

NoteManner read_notes(const JsonObject& metadata) {
  if (!metadata.has("notes")) return {};
  const JsonObject notes = metadata.object("notes");
  const auto read = [&](const char* key, double low, double high) -> std::optional<float> {
    if (!notes.has(key)) return std::nullopt;
    return static_cast<float>(notes.number(key, low, high));
  };
  return {.attack = read("attack", 0.0, 2000.0),
          .vibrato_rate = read("vibrato_rate", 0.1, 12.0),
          .vibrato_depth = read("vibrato_depth", 0.0, 200.0),
          .vibrato_delay = read("vibrato_delay", 0.0, 2000.0)};
}

LifeDepth read_life(const JsonObject& metadata) {
  if (!metadata.has("life")) return {};
  const JsonObject life = metadata.object("life");
  LifeDepth depth;
  depth.hertz = life.rising("hertz", 1.0, 1e5);
  depth.depth = life.numbers("depth", depth.hertz.size(), 0.0, 3.0);
  if (life.has("fast")) depth.fast = life.numbers("fast", depth.hertz.size(), 0.0, 3.0);
  if (std::adjacent_find(depth.hertz.begin(), depth.hertz.end()) != depth.hertz.end())
    throw FileFault("life.hertz must rise");
  return depth;
}

AnalyserSettings read_analyser(const JsonObject& analyser, bool mfcc) {
  AnalyserSettings settings;
  settings.mfcc = mfcc;
  settings.version = analyser.whole("version", 1, 1 << 30);
  if (settings.version != kAnalyserVersion)
    throw FileFault("analyser.version is " + std::to_string(settings.version) + ", which this version does not have");
  constexpr float kLow = PitchRange::kLowest, kHigh = PitchRange::kHighest;
  settings.range.low = static_cast<float>(analyser.number("f0_low", kLow, 0.5f * kHigh));
  settings.range.high = static_cast<float>(analyser.number("f0_high", 2.0f * kLow, kHigh));
  if (!settings.range.usable()) throw FileFault("analyser.f0_high must be an octave or more above analyser.f0_low");
  return settings;
}

Usual read_usual(const JsonObject& metadata, const DecoderSpec& spec, Feature feature) {
  if (!spec.reads(feature)) return {};
  if (!metadata.has("usual"))
    throw FileFault("usual is missing, but the decoder reads " + std::string(feature_name(feature)));
  const JsonObject line = metadata.object("usual").object(feature_name(feature));
  return {static_cast<float>(line.number("offset", -kFarthestUsual, kFarthestUsual)),
          static_cast<float>(line.number("slope", -kSteepestUsual, kSteepestUsual))};
}

void check_version(const JsonObject& metadata) {
  const int version = metadata.whole("format_version", 1, 1 << 30);
  if (version > kFormatVersion)
    throw FileFault("format_version is " + std::to_string(version) + ", of a newer ddsp-rt; this one reads up to " +
                    std::to_string(kFormatVersion) + ": update it");
  for (const std::string& name : metadata.texts("requires"))
    throw FileFault("it requires '" + printable(name) + "', which this version does not have");
  if (metadata.whole("frame_rate", 1, 10000) != kFrameRate)
    throw FileFault("frame_rate must be " + std::to_string(kFrameRate));
}

std::shared_ptr<const Instrument> read(const Safetensors& file) {
  const auto text = file.metadata.find("ddsp_rt");
  if (text == file.metadata.end()) throw FileFault("no 'ddsp_rt' metadata: not an instrument file");
  const nlohmann::json document = parse_json(text->second, "metadata");
  const JsonObject metadata(document, "");
  check_version(metadata);
  const JsonObject architecture = metadata.object("architecture");
  const DecoderSpec decoder = read_decoder_spec(architecture.object("decoder"));
  const JsonObject quantiles = metadata.object("quantiles");
  const int model_rate = metadata.whole("model_rate", 8000, 192000);
  const Usual balance = read_usual(metadata, decoder, Feature::kBalance);
  TargetQuantiles target = read_quantiles(quantiles);
  if (decoder.reads(Feature::kBalance)) target.balance_db = balance.at(target.loudness_db[kMedian]);
  return std::make_shared<const Instrument>(
      Instrument{metadata.text("name", 400), model_rate, read_analyser(metadata.object("analyser"), decoder.z_dims > 0),
                 Decoder(file, decoder), read_encoder(architecture, decoder, file),
                 read_impulse_response(architecture, model_rate, file), target,
                 static_cast<float>(quantiles.number("periodicity_median", 0.0, 1.0)),
                 read_usual(metadata, decoder, Feature::kFastLoudness), balance,
                 static_cast<float>(metadata.number("gate_db", -200.0, 100.0)),
                 metadata.has("z_mean") ? metadata.numbers("z_mean", decoder.z_dims, -1e6, 1e6)
                                        : std::vector<float>(decoder.z_dims),
                 read_notes(metadata), read_life(metadata), text->second, std::make_shared<SharedResponses>()});
}

std::string reason(int error) { return std::generic_category().message(error ? error : EIO); }

}  // namespace

std::shared_ptr<const Instrument> Instrument::parse(std::span<const std::byte> file, std::string_view label) {
  try {
    return read(parse_safetensors(file));
  } catch (const FileFault& fault) {
    throw InstrumentError(std::string(label) + ": " + fault.what());
  }
}

void Instrument::complete(Features& features) const noexcept {
  const float within =
      std::clamp(features.loudness, quantiles.loudness_db.front(), quantiles.loudness_db.back());  // where it was seen
  features.balance = balance.at(within);
  features.fast_loudness =
      features.loudness > kSilenceDb ? features.loudness + (fast_loudness.at(within) - within) : kSilenceDb;
}

std::shared_ptr<const Instrument> Instrument::load(const std::filesystem::path& path) {
  const std::string label = path.string();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) throw InstrumentError(label + ": no such file");
  if (!std::filesystem::is_regular_file(status)) throw InstrumentError(label + ": not a file");
  const std::uintmax_t length = std::filesystem::file_size(path, error);
  if (error) throw InstrumentError(label + ": " + error.message());
  if (length > kMaxFile) throw InstrumentError(label + ": larger than " + std::to_string(kMaxFile >> 20) + " MiB");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  std::vector<std::byte> bytes(stream ? static_cast<std::size_t>(length) : 0);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream) throw InstrumentError(label + ": " + reason(errno));
  return parse(bytes, label);
}

}  // namespace ddsp_rt
