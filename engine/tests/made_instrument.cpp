// Instruments made to measure.
#include "made_instrument.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

using ddsp_rt::Instrument;

namespace {

struct Array {
  std::vector<std::size_t> shape;
  std::vector<float> values;
};
using Arrays = std::map<std::string, Array>;

Array filled(std::vector<std::size_t> shape, float value = 0.0f) {
  std::size_t size = 1;
  for (const std::size_t side : shape) size *= side;
  return {std::move(shape), std::vector<float>(size, value)};
}

// What the network's output must be for a control of `value`: the inverse of 2 sigmoid(x)^ln 10 + 1e-7.
float logit(float value) {
  const double share = std::pow(std::max(0.5 * (static_cast<double>(value) - 1e-7), 1e-30), 1.0 / std::log(10.0));
  return static_cast<float>(std::log(share / (1.0 - share)));
}

void add_dense(Arrays& arrays, const std::string& name, std::size_t inputs, std::size_t outputs) {
  arrays[name + ".weight"] = filled({outputs, inputs});
  arrays[name + ".bias"] = filled({outputs});
}

// Layers of two units, of which the first follows: under a layer norm whose epsilon outweighs them, a small difference
// of the two passes almost in proportion.
constexpr float kSmall = 1e-3f;  // 0.158 times the input comes out of the norm as +- values

void add_layer(Arrays& arrays, const std::string& name, std::size_t inputs) {
  add_dense(arrays, name + ".dense", inputs, 2);
  arrays[name + ".norm.weight"] = filled({2}, 1.0f);
  arrays[name + ".norm.bias"] = filled({2}, 2.0f);  // clear of the leaky side
}

void add_gru(Arrays& arrays, const std::string& name, std::size_t inputs) {
  arrays[name + ".weight_ih_l0"] = filled({3, inputs});
  arrays[name + ".weight_hh_l0"] = filled({3, 1});
  arrays[name + ".bias_ih_l0"] = filled({3});
  arrays[name + ".bias_hh_l0"] = filled({3});
}

Arrays arrays_of(const Recipe& recipe, const std::vector<std::string>& features) {
  Arrays arrays;
  for (const std::string& feature : features) add_layer(arrays, "decoder.inputs." + feature + ".0", 1);
  const std::size_t joined = 2 * features.size();
  add_gru(arrays, "decoder.gru", joined);
  add_layer(arrays, "decoder.out.0", 1 + joined);
  const std::size_t harmonics = recipe.harmonics.size(), bands = recipe.noise.size();
  add_dense(arrays, "decoder.head", 2, 1 + harmonics + bands);

  std::vector<float>& bias = arrays["decoder.head.bias"].values;
  bias[0] = logit(recipe.amplitude);
  for (std::size_t h = 0; h < harmonics; ++h) bias[1 + h] = logit(recipe.harmonics[h]);
  for (std::size_t b = 0; b < bands; ++b) bias[1 + harmonics + b] = logit(recipe.noise[b]) + 5.0f;

  const auto follow = [&](const std::string& name, float slope) {
    if (slope == 0.0f) return;
    const auto feature = static_cast<std::size_t>(std::find(features.begin(), features.end(), name) - features.begin());
    arrays["decoder.inputs." + name + ".0.dense.weight"].values[0] = kSmall;
    std::vector<float>& gather = arrays["decoder.out.0.dense.weight"].values;
    gather[1 + 2 * feature] += kSmall;      // into the first unit, the difference of the two
    gather[1 + 2 * feature + 1] -= kSmall;  // so that nothing but that difference counts
    arrays["decoder.head.weight"].values[0] = slope / (0.158f * 0.316f);
  };
  follow("loudness", recipe.follows_loudness);
  follow("balance", recipe.follows_balance);
  if (recipe.follows_z != 0.0f) {
    follow("z", recipe.follows_z);
    arrays["encoder.norm.weight"] = filled({30}, 1.0f);
    arrays["encoder.norm.bias"] = filled({30});
    add_gru(arrays, "encoder.gru", 30);
    arrays["encoder.gru.weight_ih_l0"].values[2 * 30 + 1] = 3.0f;  // the second coefficient: the spectrum's tilt
    arrays["encoder.gru.bias_ih_l0"].values[1] = -10.0f;           // at once
    add_dense(arrays, "encoder.dense", 1, 1);
    arrays["encoder.dense.weight"].values[0] = 1.0f;
  }
  // The two units' biases leave at rest what does not follow.
  bias[0] -= arrays["decoder.head.weight"].values[0] * 2.0f;
  if (!recipe.room.empty()) arrays["reverb.impulse_response"] = {{recipe.room.size()}, recipe.room};
  return arrays;
}

}  // namespace

std::shared_ptr<const Instrument> make(const Recipe& recipe) {
  std::vector<std::string> features{"f0", "loudness", "periodicity"};
  const bool z = recipe.follows_z != 0.0f, balance = recipe.follows_balance != 0.0f;
  if (balance) features.emplace_back("balance");
  if (z) features.emplace_back("z");
  using Json = nlohmann::json;
  Json decoder = {{"features", features},
                  {"hidden", 2},
                  {"layers", 1},
                  {"gru", 1},
                  {"out_hidden", 2},
                  {"out_layers", 1},
                  {"harmonics", recipe.harmonics.size()},
                  {"noise_bands", recipe.noise.size()},
                  {"z_dims", z ? 1 : 0}};
  Json metadata = {{"format_version", 1},
                   {"requires", Json::array()},
                   {"name", "made"},
                   {"model_rate", recipe.model_rate},
                   {"frame_rate", 250},
                   {"analyser", {{"version", ddsp_rt::kAnalyserVersion}, {"f0_low", 40}, {"f0_high", 3000}}},
                   {"quantiles",
                    {{"probabilities", {0, 1}},
                     {"pitch_midi", recipe.pitch_midi},
                     {"loudness_db", recipe.loudness_db},
                     {"periodicity_median", 0.9}}},
                   {"gate_db", recipe.gate_db},
                   {"architecture", {{"decoder", decoder}, {"encoder", nullptr}, {"reverb", nullptr}}}};
  const auto tell = [&](const char* name, const std::optional<float>& value) {
    if (value) metadata["notes"][name] = *value;
  };
  if (balance) metadata["usual"]["balance"] = {{"offset", recipe.balance_db}, {"slope", 0}};
  if (!recipe.life.hertz.empty()) metadata["life"] = {{"hertz", recipe.life.hertz}, {"depth", recipe.life.depth}};
  if (!recipe.life.fast.empty()) metadata["life"]["fast"] = recipe.life.fast;
  tell("attack", recipe.notes.attack);
  tell("vibrato_rate", recipe.notes.vibrato_rate);
  tell("vibrato_depth", recipe.notes.vibrato_depth);
  tell("vibrato_delay", recipe.notes.vibrato_delay);
  if (z) metadata["architecture"]["encoder"] = {{"gru", 1}, {"z_dims", 1}};
  if (!recipe.room.empty()) metadata["architecture"]["reverb"] = {{"length", recipe.room.size()}};

  Json header = {{"__metadata__", {{"ddsp_rt", metadata.dump()}}}};
  std::vector<float> data;
  for (const auto& [name, array] : arrays_of(recipe, features)) {
    const std::size_t begin = data.size() * sizeof(float);
    data.insert(data.end(), array.values.begin(), array.values.end());
    header[name] = {{"dtype", "F32"}, {"shape", array.shape}, {"data_offsets", {begin, data.size() * sizeof(float)}}};
  }
  const std::string text = header.dump();
  const std::uint64_t length = text.size();
  std::vector<std::byte> file(sizeof length + text.size() + data.size() * sizeof(float));
  std::memcpy(file.data(), &length, sizeof length);
  std::memcpy(file.data() + sizeof length, text.data(), text.size());
  std::memcpy(file.data() + sizeof length + text.size(), data.data(), data.size() * sizeof(float));
  return Instrument::parse(file, "made");
}
