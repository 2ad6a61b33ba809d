// Hostile instrument files: each refused with one clear line, none able to crash the engine or make it allocate much.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <nlohmann/json.hpp>

#include "ddsp_rt/instrument/instrument.h"

namespace {

using namespace ddsp_rt;
using nlohmann::json;

const std::string kGolden = std::string(DDSP_RT_TEST_DATA) + "/golden.ddsp";

/// A file taken apart, so that one part can be spoilt.
struct Parts {
  json header, metadata;
  std::string data;

  Parts() {
    std::ifstream file(kGolden, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    std::uint64_t length;
    std::memcpy(&length, bytes.data(), sizeof length);
    header = json::parse(bytes.substr(8, length));
    metadata = json::parse(header["__metadata__"]["ddsp_rt"].get<std::string>());
    data = bytes.substr(8 + length);
  }

  std::string bytes() const {
    json whole = header;
    if (whole.contains("__metadata__") && whole["__metadata__"].is_object())
      whole["__metadata__"]["ddsp_rt"] = metadata.dump();
    return with_header(whole.dump(), data);
  }

  static std::string with_header(const std::string& text, const std::string& data = "") {
    const std::uint64_t length = text.size();
    return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data;
  }
};

/// The message, checked to be one short line; "" if the file is good.
std::string fault(const std::string& bytes) {
  try {
    Instrument::parse(std::as_bytes(std::span(bytes.data(), bytes.size())), "it.ddsp");
    return "";
  } catch (const InstrumentError& error) {
    const std::string message = error.what();
    CHECK(message.starts_with("it.ddsp: "));
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.size() < 250);
    return message;
  }
}

bool mentions(const std::string& message, const std::string& word) {
  INFO(message);
  return message.find(word) != std::string::npos;
}

template <typename Spoil>
std::string fault_after(Spoil spoil) {
  Parts parts;
  spoil(parts);
  return fault(parts.bytes());
}

TEST_CASE("the untouched file is good, and unknown keys and tensors are ignored") {
  CHECK(fault(Parts().bytes()).empty());
  CHECK(fault_after([](Parts& p) {
          p.metadata["colour"] = {{"red", 1}};
          const std::size_t end = p.data.size();
          p.header["future.tensor"] = {{"dtype", "F32"}, {"shape", {2}}, {"data_offsets", {end, end + 8}}};
          p.data += std::string(8, '\0');
        }).empty());
}

TEST_CASE("missing, folder, empty") {
  CHECK_THROWS_WITH_AS(Instrument::load("/nowhere/none.ddsp"), "/nowhere/none.ddsp: no such file", InstrumentError);
  CHECK_THROWS_AS(Instrument::load(DDSP_RT_TEST_DATA), InstrumentError);
  CHECK(mentions(fault(""), "too short"));
}

TEST_CASE("truncated at every length") {
  const std::string bytes = Parts().bytes();
  const std::size_t header_end = bytes.size() - Parts().data.size();
  for (std::size_t length = 0; length < bytes.size(); length += length < header_end + 64 ? 1 : 101)
    REQUIRE(!fault(bytes.substr(0, length)).empty());
  CHECK(!fault(bytes.substr(0, bytes.size() - 1)).empty());
}

TEST_CASE("random bytes and random damage") {
  std::mt19937 dice(11);
  for (int trial = 0; trial < 500; ++trial) {
    std::string noise(dice() % 400, '\0');
    for (char& c : noise) c = static_cast<char>(dice());
    REQUIRE(!fault(noise).empty());
  }
  const std::string bytes = Parts().bytes();
  for (int trial = 0; trial < 1500; ++trial) {
    std::string damaged = bytes;
    for (unsigned hits = 1 + dice() % 3; hits > 0; --hits) damaged[dice() % 6000] = static_cast<char>(dice());
    fault(damaged);  // good or refused, never worse
  }
}

TEST_CASE("headers that lie about their length or are no object") {
  std::string bytes = Parts().bytes();
  for (std::uint64_t length : {std::uint64_t{1} << 21, std::uint64_t{1} << 62, ~std::uint64_t{0}, std::uint64_t{0}}) {
    std::memcpy(bytes.data(), &length, sizeof length);
    CHECK(mentions(fault(bytes), "header"));
  }
  for (const char* text : {"[]", "{}", "null", "3", "\"x\"", "{\"__metadata__\":[]}",
                           "{\"__metadata__\":{\"ddsp_rt\":{}}}", "{\"a\":NaN}", "{\"\xff\":1}", "{\"a\":1e999}", "{"})
    CHECK(!fault(Parts::with_header(text)).empty());
  CHECK(!fault(Parts::with_header(std::string(900000, '['))).empty());
}

TEST_CASE("tensors that lie") {
  const char* name = "decoder.head.bias";
  const auto with = [&](const char* key, json value) {
    return fault_after([&](Parts& p) { p.header[name][key] = value; });
  };
  CHECK(mentions(with("dtype", "BF16"), "dtype"));
  CHECK(mentions(with("dtype", 3), "dtype"));
  CHECK(mentions(with("dtype", "F32"), "do not fit"));
  CHECK(mentions(with("shape", {std::uint64_t{1} << 62, 8}), "shape"));
  CHECK(mentions(with("shape", {1 << 28, 1 << 28, 1 << 28, 1 << 28}), "shape"));
  CHECK(mentions(with("shape", {0, 1 << 28, 1 << 28}), "do not fit"));
  CHECK(mentions(with("shape", {-22}), "shape"));
  CHECK(mentions(with("shape", {22.5}), "shape"));
  CHECK(mentions(with("shape", "22"), "shape"));
  CHECK(mentions(with("shape", {2, 11}), "architecture says [22]"));
  CHECK(mentions(with("shape", std::vector<int>(2000, 1)), "shape"));
  CHECK(mentions(with("data_offsets", {0, std::uint64_t{1} << 60}), "data_offsets"));
  CHECK(mentions(with("data_offsets", {-44, 0}), "data_offsets"));
  CHECK(mentions(with("data_offsets", {88, 44}), "outside"));
  CHECK(mentions(with("data_offsets", {0, 44}), "overlaps"));
  CHECK(mentions(with("data_offsets", {44}), "data_offsets"));
  CHECK(mentions(with("data_offsets", nullptr), "data_offsets"));
  CHECK(mentions(fault_after([&](Parts& p) { p.header[name] = 5; }), name));
  CHECK(mentions(fault_after([&](Parts& p) { p.data += "x"; }), "after the last"));
  CHECK(mentions(fault_after([&](Parts& p) {
                   p.header["other"] = p.header[name];
                   p.header.erase(name);
                 }),
                 "decoder.head.bias is missing"));
}

TEST_CASE("weights that are no numbers are refused") {
  for (const char* name :
       {"decoder.head.weight", "decoder.gru.bias_hh_l0", "encoder.norm.weight", "reverb.impulse_response"})
    for (std::uint16_t bits : {0x7e00, 0x7c00, 0xfc00})
      CHECK(mentions(fault_after([&](Parts& p) {
                       std::memcpy(p.data.data() + p.header[name]["data_offsets"][0].get<std::size_t>() + 4, &bits, 2);
                     }),
                     name));
}

TEST_CASE("weights beyond half precision's range are refused, in fp32 too") {
  const auto with = [](float value) {
    return fault_after([&](Parts& p) {  // the room, which lies last, as fp32
      json& room = p.header["reverb.impulse_response"];
      const auto begin = room["data_offsets"][0].get<std::size_t>();
      const std::vector<float> taps(room["shape"][0].get<std::size_t>(), value);
      REQUIRE(room["data_offsets"][1] == p.data.size());
      p.data.replace(begin, std::string::npos, reinterpret_cast<const char*>(taps.data()), taps.size() * sizeof(float));
      room["dtype"] = "F32";
      room["data_offsets"][1] = p.data.size();
    });
  };
  CHECK(with(65504.0f).empty());
  CHECK(mentions(with(-65505.0f), "reverb.impulse_response"));
  CHECK(mentions(with(3e38f), "beyond 65504"));
}

TEST_CASE("metadata that cannot be is named") {
  const auto with = [](const char* pointer, json value) {
    return fault_after([&](Parts& p) { p.metadata[json::json_pointer(pointer)] = value; });
  };
  CHECK(mentions(with("/format_version", 2), "format_version is 2"));
  CHECK(mentions(with("/format_version", "1"), "format_version"));
  CHECK(mentions(with("/format_version", nullptr), "format_version"));
  CHECK(mentions(with("/requires", {"time-travel"}), "'time-travel'"));
  CHECK(mentions(with("/requires", {"two\nlines"}), "two?lines"));
  CHECK(mentions(with("/requires", 7), "requires"));
  CHECK(mentions(with("/name", 7), "name"));
  CHECK(mentions(with("/name", std::string(1000, 'x')), "name"));
  CHECK(mentions(with("/model_rate", 1e9), "model_rate"));
  CHECK(mentions(with("/model_rate", 16000.5), "model_rate"));
  CHECK(mentions(with("/frame_rate", 50), "frame_rate"));
  CHECK(mentions(with("/analyser", json::array()), "analyser"));
  CHECK(mentions(with("/analyser/version", 1), "analyser.version"));
  CHECK(mentions(with("/analyser/f0_high", 30), "f0_high"));
  CHECK(mentions(with("/quantiles/pitch_midi", {1, 2}), "pitch_midi"));
  CHECK(mentions(with("/quantiles/loudness_db", {3, 2, 1, 0, 0, 0, 0, 0, 0}), "loudness_db"));
  CHECK(mentions(with("/quantiles/probabilities", {json::array(), 1}), "probabilities"));
  CHECK(mentions(with("/quantiles/periodicity_median", 2), "periodicity_median"));
  CHECK(mentions(with("/gate_db", "loud"), "gate_db"));
  CHECK(mentions(with("/notes", 30), "notes"));
  CHECK(mentions(with("/notes/attack", -1), "notes.attack"));
  CHECK(mentions(with("/notes/vibrato_depth", "deep"), "notes.vibrato_depth"));
  CHECK(mentions(with("/notes/vibrato_rate", 0), "notes.vibrato_rate"));
  CHECK(mentions(with("/notes/vibrato_delay", 1e9), "notes.vibrato_delay"));
  CHECK(mentions(with("/architecture", 3), "architecture"));
  CHECK(mentions(with("/architecture/decoder/gru", std::uint64_t{1} << 60), "decoder.gru"));
  CHECK(mentions(with("/architecture/decoder/gru", 23), "decoder.gru"));
  CHECK(mentions(with("/architecture/decoder/hidden", -1), "decoder.hidden"));
  CHECK(mentions(with("/architecture/decoder/layers", 1 << 30), "decoder.layers"));
  CHECK(mentions(with("/architecture/decoder/features", {"f0", "colour"}), "'colour'"));
  CHECK(mentions(with("/architecture/decoder/features", {"f0", "f0"}), "twice"));
  CHECK(mentions(with("/architecture/decoder/features", json::array()), "features"));
  CHECK(mentions(with("/architecture/decoder/waves", 3), "decoder.waves"));
  CHECK(mentions(with("/architecture/decoder/waves/f0", {1}), "waves.f0"));
  CHECK(mentions(with("/architecture/decoder/waves/f0", {1, 65}), "waves.f0"));
  CHECK(mentions(with("/architecture/decoder/waves/f0", {2, 1}), "waves.f0"));
  CHECK(mentions(with("/architecture/decoder/waves/f0", {1, 2}), "decoder.inputs.f0.0.dense.weight"));
  CHECK(with("/architecture/decoder/waves/colour", 7).empty());
  CHECK(mentions(with("/architecture/decoder/features", {"f0", "loudness", "balance", "z"}), "usual"));
  CHECK(mentions(with("/architecture/encoder", nullptr), "encoder"));
  CHECK(mentions(with("/architecture/encoder/z_dims", 4), "z_dims"));
  CHECK(mentions(with("/architecture/reverb/length", 2000000000), "reverb.length"));
  CHECK(mentions(with("/architecture/reverb/length", 160001), "reverb.length"));
  CHECK(mentions(with("/architecture/reverb/length", 401), "reverb.impulse_response"));
  Parts parts;
  parts.header["__metadata__"]["ddsp_rt"] = "{\"format_version\":";
  CHECK(mentions(fault(Parts::with_header(parts.header.dump(), parts.data)), "metadata is not JSON"));
}

}  // namespace
