// Taking instrument files apart, spoiling them and putting them together again.
#include "instrument_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

namespace ddsp_rt::fuzz {
namespace {

constexpr std::size_t kLargest = 1 << 16;  // bytes of one tensor; more would only be slow

std::size_t pick(std::mt19937& dice, std::size_t count) { return count ? dice() % count : 0; }

template <typename T, std::size_t N>
const T& pick(std::mt19937& dice, const std::array<T, N>& choices) {
  return choices[pick(dice, N)];
}

std::uint64_t whole_or_zero(const Json& value) {
  return value.is_number_integer() ? value.get<std::uint64_t>() : 0;  // what is negative wraps
}

std::uint64_t byte_count(const Json& tensor) {
  std::uint64_t size = tensor.value("dtype", Json()) == "F16" ? 2 : 4;
  if (const auto shape = tensor.find("shape"); shape != tensor.end())
    for (const Json& dimension : *shape) size *= whole_or_zero(dimension);
  return size;
}

std::uint64_t offset(const Json& tensor, std::size_t which) {
  const auto offsets = tensor.find("data_offsets");
  const bool pair = offsets != tensor.end() && offsets->is_array() && offsets->size() == 2;
  return pair ? whole_or_zero((*offsets)[which]) : 0;
}

/// A value inside `root`, at any depth; one time in `stop` a list or an object rather than what is in it.
Json& anywhere(Json& root, std::mt19937& dice, std::size_t stop = 4) {
  Json* at = &root;
  while (at->is_structured() && !at->empty() && (at == &root || pick(dice, stop))) {
    auto child = at->begin();
    std::advance(child, static_cast<std::ptrdiff_t>(pick(dice, at->size())));
    at = &*child;
  }
  return *at;
}

Json nested(std::size_t depth) {
  Json value = Json::array();
  for (std::size_t i = 1; i < depth; ++i) value = Json::array({std::move(value)});
  return value;
}

Json strange_value(std::mt19937& dice) {
  static const std::array<Json, 24> values{
      Json(0),       Json(1),    Json(-1),      Json(2),       Json(-9223372036854775807LL),
      Json(7),       Json(31),   Json(65),      Json(2048),    Json(1 << 28),
      Json(1 << 29), Json(0.5),  Json(-0.0),    Json(1e300),   Json(18446744073709551615ULL),
      Json(),        Json(true), Json(""),      Json("F32"),   Json("F16"),
      Json("BF16"),  Json("z"),  Json::array(), Json::object()};
  return pick(dice, 8) ? pick(dice, values) : nested(20 + pick(dice, 60));
}

void spoil(Json& root, std::mt19937& dice) {
  Json& value = anywhere(root, dice);
  switch (pick(dice, 6)) {
    case 0:
      if (value.is_number_integer()) {
        value = static_cast<std::int64_t>(value.get<std::uint64_t>() + pick(dice, 7) - 3);  // wraps
        break;
      }
      [[fallthrough]];
    case 1: value = strange_value(dice); break;
    case 2: {
      Json other = anywhere(root, dice);
      value = std::move(other);
      break;
    }
    case 3:
      if (value.is_array()) {
        value.push_back(value.empty() ? strange_value(dice) : Json(value.back()));
      } else if (value.is_object() && !value.empty()) {
        auto child = value.begin();
        std::advance(child, static_cast<std::ptrdiff_t>(pick(dice, value.size())));
        value.erase(child);
      } else {
        value = Json::array({value, value});
      }
      break;
    case 4:
      if (value.is_array() && !value.empty()) {
        value.erase(value.size() - 1);
        break;
      }
      [[fallthrough]];
    default: value = strange_value(dice); break;
  }
}

void add_unknown(Json& root, std::mt19937& dice) {
  Json& value = pick(dice, 2) ? root : anywhere(root, dice);
  if (value.is_object()) value["colour"] = strange_value(dice);  // a reader ignores it
}

void spoil_weight(std::string& data, std::mt19937& dice) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  static constexpr std::array<float, 8> floats{
      infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), 3e38f, -3e38f, 1e-42f, 65504.0f, 0.0f};
  static constexpr std::array<std::uint16_t, 7> halves{0x7c00, 0xfc00, 0x7e00, 0x7bff, 0xfbff, 0x0001, 0x0000};
  if (data.size() < 4) return;
  const std::size_t values = data.size() / 4, first = pick(dice, values);
  const std::size_t count = pick(dice, 3) ? 1 : std::min(values - first, std::size_t{1} << pick(dice, 16));
  const std::uint16_t half = pick(dice, halves), halves_of_both[] = {half, half};
  const float single = pick(dice, floats);
  const void* value = pick(dice, 2) ? static_cast<const void*>(&single) : halves_of_both;
  for (std::size_t i = first; i < first + count; ++i) std::memcpy(data.data() + 4 * i, value, 4);
}

void spoil_tensor(InstrumentFile& file, std::mt19937& dice) {
  if (!file.header.is_object() || file.header.empty()) return;
  auto entry = file.header.begin();
  std::advance(entry, static_cast<std::ptrdiff_t>(pick(dice, file.header.size())));
  if (!entry->is_object()) return;
  Json& tensor = *entry;
  constexpr std::array<std::uint64_t, 8> sizes{0, 1, 3, 4, 1 << 16, 1 << 28, 1 << 29, 1 << 29};
  constexpr std::array<const char*, 6> types{"F32", "F16", "F64", "BF16", "I32", "U8"};
  switch (pick(dice, 4)) {
    case 0: {
      Json shape = Json::array();
      for (std::size_t i = pick(dice, 6); i > 0; --i) shape.push_back(pick(dice, sizes));
      tensor["shape"] = std::move(shape);
      break;
    }
    case 1: tensor["dtype"] = pick(dice, types); break;
    case 2:
      if (tensor.contains("shape")) spoil(tensor["shape"], dice);
      break;
    default:  // its offsets, and those alone
      if (tensor.contains("data_offsets")) spoil(tensor["data_offsets"], dice);
      return;
  }
  if (pick(dice, 4)) file.lay_out();
}

void spoil_architecture(InstrumentFile& file, std::mt19937& dice) {
  if (!file.metadata.is_object() || !file.metadata.contains("architecture")) return;
  Json& value = anywhere(file.metadata["architecture"], dice, 16);
  constexpr std::array<int, 8> sizes{1, 2, 3, 5, 8, 15, 16, 33};
  if (value.is_number() || !pick(dice, 4)) value = pick(dice, sizes);
  if (pick(dice, 8)) file.fit_to_architecture();
}

}  // namespace

std::optional<InstrumentFile> InstrumentFile::read(const std::uint8_t* bytes, std::size_t size) {
  std::uint64_t length = 0;
  if (size < 8) return std::nullopt;
  std::memcpy(&length, bytes, sizeof length);
  length = std::min<std::uint64_t>(length, size - 8);
  InstrumentFile file;
  file.header = Json::parse(bytes + 8, bytes + 8 + length, nullptr, false);
  if (!file.header.is_object()) return std::nullopt;
  if (const auto outer = file.header.find("__metadata__"); outer != file.header.end()) {
    if (outer->is_object() && outer->contains("ddsp_rt") && (*outer)["ddsp_rt"].is_string())
      file.metadata = Json::parse((*outer)["ddsp_rt"].get_ref<const std::string&>(), nullptr, false);
    file.header.erase(outer);
  }
  if (file.metadata.is_discarded()) file.metadata = nullptr;
  file.data.assign(reinterpret_cast<const char*>(bytes) + 8 + length, size - 8 - length);
  return file;
}

std::string InstrumentFile::bytes() const {
  Json whole = header;
  constexpr auto replace = Json::error_handler_t::replace;  // texts that are no UTF-8
  if (whole.is_object()) whole["__metadata__"] = Json{{"ddsp_rt", metadata.dump(-1, ' ', false, replace)}};
  const std::string text = whole.dump(-1, ' ', false, replace);
  const std::uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + text + data;
}

void InstrumentFile::lay_out() {
  std::string laid_out;
  for (Json& tensor : header) {
    if (!tensor.is_object()) continue;
    const std::uint64_t size = byte_count(tensor), begin = offset(tensor, 0), end = offset(tensor, 1);
    std::string bytes;
    if (begin <= end && end <= data.size()) bytes = data.substr(begin, end - begin);
    // Filled up with its own bytes over again: numbers of the right order.
    const std::size_t had = bytes.size(), wanted = size <= kLargest ? static_cast<std::size_t>(size) : had;
    bytes.resize(wanted);
    for (std::size_t i = had; had > 0 && i < wanted; ++i) bytes[i] = bytes[i % had];
    tensor["data_offsets"] = {laid_out.size(), laid_out.size() + wanted};
    laid_out += bytes;
  }
  data = std::move(laid_out);
}

void InstrumentFile::fit_to_architecture() {
  if (!metadata.is_object() || !metadata.value("architecture", Json()).is_object()) return;
  const Json architecture = metadata["architecture"];
  const auto part = [&](const char* name) { return architecture.value(name, Json()); };
  const Json decoder = part("decoder"), encoder = part("encoder"), reverb = part("reverb");
  if (!decoder.is_object() || !decoder.value("features", Json()).is_array()) return;
  const auto number = [](const Json& object, const char* key) -> std::uint64_t {
    return std::min<std::uint64_t>(64, whole_or_zero(object.value(key, Json())));
  };
  using Shape = std::vector<std::uint64_t>;
  const auto tensor = [this](const std::string& name, const Shape& shape) {
    if (!header[name].is_object()) header[name] = Json{{"dtype", "F32"}};
    header[name]["shape"] = shape;
  };
  const auto dense = [&](const std::string& name, std::uint64_t in, std::uint64_t out) {
    tensor(name + ".weight", {out, in});
    tensor(name + ".bias", {out});
  };
  const auto stack = [&](const std::string& name, std::uint64_t in, std::uint64_t width, std::uint64_t layers) {
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(layers, 16); ++i) {
      const std::string layer = name + "." + std::to_string(i);
      dense(layer + ".dense", i ? width : in, width);
      tensor(layer + ".norm.weight", {width});
      tensor(layer + ".norm.bias", {width});
    }
  };
  const auto gru = [&](const std::string& name, std::uint64_t in, std::uint64_t width) {
    tensor(name + ".weight_ih_l0", {3 * width, in});
    tensor(name + ".bias_ih_l0", {3 * width});
    tensor(name + ".weight_hh_l0", {3 * width, width});
    tensor(name + ".bias_hh_l0", {3 * width});
  };
  const Json waves = decoder.value("waves", Json());
  const auto read = [&](const Json& feature) -> std::uint64_t {  // numbers
    const Json own = waves.is_object() ? waves.value(feature.get<std::string>(), Json()) : Json();
    return own.is_array() ? 1 + 2 * std::min<std::size_t>(64, own.size()) : 1;
  };
  const std::uint64_t hidden = number(decoder, "hidden"), width = number(decoder, "gru");
  const std::uint64_t joined = hidden * decoder["features"].size(), out = number(decoder, "out_hidden");
  for (const Json& feature : decoder["features"])
    if (feature.is_string())
      stack("decoder.inputs." + feature.get<std::string>(), feature == "z" ? number(decoder, "z_dims") : read(feature),
            hidden, number(decoder, "layers"));
  gru("decoder.gru", joined, width);
  stack("decoder.out", width + joined, out, number(decoder, "out_layers"));
  dense("decoder.head", out, 1 + number(decoder, "harmonics") + number(decoder, "noise_bands"));
  if (encoder.is_object()) {
    tensor("encoder.norm.weight", {30});
    tensor("encoder.norm.bias", {30});
    gru("encoder.gru", 30, number(encoder, "gru"));
    dense("encoder.dense", number(encoder, "gru"), number(encoder, "z_dims"));
  }
  if (reverb.is_object()) tensor("reverb.impulse_response", {whole_or_zero(reverb.value("length", Json()))});
  lay_out();
}

void mutate(InstrumentFile& file, std::mt19937& dice) {
  switch (pick(dice, 8)) {
    case 0: spoil(file.header, dice); break;
    case 1: spoil(file.metadata, dice); break;
    case 2: spoil_weight(file.data, dice); break;
    case 3:
    case 4: spoil_architecture(file, dice); break;
    case 5: add_unknown(pick(dice, 2) ? file.header : file.metadata, dice); break;
    default: spoil_tensor(file, dice); break;
  }
}

}  // namespace ddsp_rt::fuzz
