// Reads the safetensors container from memory, trusting nothing in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace ddsp_rt {

/// What is wrong with a file, in words that fit on one line; does not name the file.
class FileFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A view of one tensor's bytes; valid as long as the bytes it was parsed from.
struct Tensor {
  enum class Type { kF16, kF32 };
  Type type = Type::kF32;
  std::vector<std::size_t> shape;
  std::span<const std::byte> bytes;

  std::size_t size() const noexcept;                     // number of elements
  std::uint16_t half(std::size_t index) const noexcept;  // the element's bits; for f16 only
  float operator[](std::size_t index) const noexcept;
};

struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;

  /// The tensor called `name`. Throws FileFault if it is missing, has another shape, or holds a value that is
  /// no number or beyond half precision's range.
  const Tensor& get(const std::string& name, const std::vector<std::size_t>& shape) const;
};

inline constexpr std::size_t kMaxHeader = std::size_t{1} << 20;  // bytes
inline constexpr std::size_t kMaxFile = std::size_t{512} << 20;  // bytes

/// Throws FileFault unless the header is sound and the tensors fill the rest of the file without gap or overlap.
/// Allocates no more than in proportion to the header. https://huggingface.co/docs/safetensors
Safetensors parse_safetensors(std::span<const std::byte> file);

/// `text` as it may stand in a message: one line, printable ASCII, not too long.
std::string printable(const std::string& text);

/// IEEE 754 binary16 to binary32, exact.
float half_to_float(std::uint16_t half) noexcept;

}  // namespace ddsp_rt
