// Reads the safetensors container from memory, trusting nothing in it.
#include "ddsp_rt/files/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>
#include <tuple>

#include "ddsp_rt/files/checked_json.h"

static_assert(std::endian::native == std::endian::little, "instrument files are little-endian");

namespace ddsp_rt {
namespace {

constexpr std::size_t kMaxDimensions = 8;
constexpr float kLargestValue = 65504.0f;  // half precision's; whatever is computed from such weights stays finite

std::size_t element_size(Tensor::Type type) noexcept { return type == Tensor::Type::kF16 ? 2 : 4; }

bool is_size(const nlohmann::json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= kMaxFile;
}

std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string text = "[";
  for (std::size_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

Tensor parse_tensor(const nlohmann::json& entry, const std::string& label, std::span<const std::byte> data) {
  if (!entry.is_object()) throw FileFault(label + " must be an object");
  const nlohmann::json missing;
  const auto field = [&](const char* key) -> const nlohmann::json& {
    const auto found = entry.find(key);
    return found == entry.end() ? missing : *found;
  };
  const nlohmann::json &type = field("dtype"), &shape = field("shape"), &offsets = field("data_offsets");
  Tensor tensor;
  if (type == "F16") {
    tensor.type = Tensor::Type::kF16;
  } else if (type != "F32") {
    throw FileFault(label + " has a dtype that is neither F16 nor F32");
  }
  if (!shape.is_array() || shape.size() > kMaxDimensions || !std::all_of(shape.begin(), shape.end(), is_size))
    throw FileFault(label + " has an impossible shape");
  std::size_t size = element_size(tensor.type);
  for (const nlohmann::json& dimension : shape) {
    tensor.shape.push_back(dimension.get<std::size_t>());
    if (size != 0 && tensor.shape.back() > kMaxFile / size) throw FileFault(label + " has an impossible shape");
    size *= tensor.shape.back();
  }
  if (!offsets.is_array() || offsets.size() != 2 || !is_size(offsets[0]) || !is_size(offsets[1]))
    throw FileFault(label + " has impossible data_offsets");
  const std::size_t begin = offsets[0].get<std::size_t>(), end = offsets[1].get<std::size_t>();
  if (begin > end || end > data.size()) throw FileFault(label + " lies outside the file: cut short?");
  if (end - begin != size) throw FileFault(label + " has data_offsets that do not fit its shape");
  tensor.bytes = data.subspan(begin, size);
  return tensor;
}

}  // namespace

std::string printable(const std::string& text) {
  std::string result = text.substr(0, 80);
  for (char& c : result)
    if (c < ' ' || c > '~') c = '?';
  return result;
}

float half_to_float(std::uint16_t half) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t magnitude = half & 0x7fffu;
  float value;  // no denormal on the way, so a caller's flush-to-zero mode changes nothing
  if (magnitude < 0x400u) {
    value = static_cast<float>(magnitude) * 0x1p-24f;
  } else if (magnitude < 0x7c00u) {
    value = std::bit_cast<float>((magnitude << 13) + (112u << 23));
  } else {
    value = std::bit_cast<float>(0x7f800000u | (magnitude & 0x3ffu) << 13);
  }
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
}

std::size_t Tensor::size() const noexcept { return bytes.size() / element_size(type); }

std::uint16_t Tensor::half(std::size_t index) const noexcept {
  std::uint16_t value;
  std::memcpy(&value, bytes.data() + 2 * index, sizeof value);
  return value;
}

float Tensor::operator[](std::size_t index) const noexcept {
  if (type == Type::kF16) return half_to_float(half(index));
  float value;
  std::memcpy(&value, bytes.data() + 4 * index, sizeof value);
  return value;
}

const Tensor& Safetensors::get(const std::string& name, const std::vector<std::size_t>& shape) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw FileFault("tensor " + name + " is missing");
  const Tensor& tensor = found->second;
  if (tensor.shape != shape)
    throw FileFault("tensor " + name + " has shape " + shape_text(tensor.shape) + ", the architecture says " +
                    shape_text(shape));
  for (std::size_t i = 0; i < tensor.size(); ++i)
    if (!(std::fabs(tensor[i]) <= kLargestValue))  // not so for NaN
      throw FileFault("tensor " + name + " holds a value that is no number or beyond 65504");
  return tensor;
}

Safetensors parse_safetensors(std::span<const std::byte> file) {
  if (file.size() < 8) throw FileFault("too short for an instrument file");
  std::uint64_t length;
  std::memcpy(&length, file.data(), sizeof length);
  if (length > kMaxHeader) throw FileFault("not an instrument file, or its header is too long");
  if (length > file.size() - 8) throw FileFault("the file is cut short inside its header");
  const auto text = file.subspan(8, static_cast<std::size_t>(length));
  const auto data = file.subspan(8 + text.size());
  const nlohmann::json header = parse_json({reinterpret_cast<const char*>(text.data()), text.size()}, "header");
  if (!header.is_object()) throw FileFault("header must be an object");

  Safetensors result;
  std::vector<std::tuple<std::size_t, std::size_t, std::string>> spans;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) throw FileFault("__metadata__ must be an object");
      for (const auto& [key, value] : entry.items())
        if (value.is_string()) result.metadata[key] = value.get<std::string>();
      continue;
    }
    const std::string label = "tensor " + printable(name);
    const Tensor tensor = parse_tensor(entry, label, data);
    const std::size_t begin = static_cast<std::size_t>(tensor.bytes.data() - data.data());
    spans.emplace_back(begin, begin + tensor.bytes.size(), label);
    result.tensors.emplace(name, tensor);
  }
  std::sort(spans.begin(), spans.end());
  std::size_t place = 0;
  for (const auto& [begin, end, label] : spans) {
    if (begin != place) throw FileFault(label + " overlaps another or leaves a gap");
    place = end;
  }
  if (place != data.size()) throw FileFault("bytes after the last tensor");
  return result;
}

}  // namespace ddsp_rt
