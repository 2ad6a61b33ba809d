// An instrument file taken apart, so that a fuzzer can spoil one part and keep the rest in order.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace ddsp_rt::fuzz {

using Json = nlohmann::ordered_json;  // keeps the file's order, so that a mutation moves nothing else

struct InstrumentFile {
  Json header;    // without "__metadata__"/"ddsp_rt"
  Json metadata;  // what that text holds
  std::string data;

  /// Nothing if the bytes are too far from an instrument file to be taken apart.
  static std::optional<InstrumentFile> read(const std::uint8_t* bytes, std::size_t size);
  std::string bytes() const;

  /// Lays the tensors out one after the other, each as long as its shape says to someone who computes in 64 bits and
  /// does not look for overflow.
  void lay_out();

  /// Gives every tensor the architecture needs the shape it should have, then lays out.
  void fit_to_architecture();
};

/// One change that keeps the container sound most of the time, so that the checks behind it are reached.
void mutate(InstrumentFile& file, std::mt19937& dice);

}  // namespace ddsp_rt::fuzz
