// A dense layer: y = W x + b, with weights packed for one pass through memory.
#include "ddsp_rt/network/dense.h"

namespace ddsp_rt {
namespace {

/// Calls store(place, row * columns + column) for each weight, in the order the kernels read them.
template <typename Store>
void for_each_packed(std::size_t rows, std::size_t columns, Store store) {
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t panel = row / kPanel * kPanel;
    for (std::size_t column = 0; column < columns; ++column)
      store(panel * columns + column * kPanel + (row - panel), row * columns + column);
  }
}

}  // namespace

Dense::Dense(const Safetensors& file, const std::string& weight, const std::string& bias, std::size_t inputs,
             std::size_t outputs)
    : inputs_(inputs), outputs_(outputs) {
  const Tensor& w = file.get(weight, {outputs, inputs});
  const Tensor& b = file.get(bias, {outputs});
  const std::size_t padded = (outputs + kPanel - 1) / kPanel * kPanel;
  if (w.type == Tensor::Type::kF16 && kernels().dense_f16) {
    halves_.resize(padded * inputs);
    for_each_packed(outputs, inputs, [&](std::size_t to, std::size_t from) { halves_[to] = w.half(from); });
  } else {
    weights_.resize(padded * inputs);
    for_each_packed(outputs, inputs, [&](std::size_t to, std::size_t from) { weights_[to] = w[from]; });
  }
  bias_.resize(padded);
  for (std::size_t row = 0; row < outputs; ++row) bias_[row] = b[row];
}

std::size_t Dense::bytes() const noexcept {
  return halves_.size() * sizeof(std::uint16_t) + (weights_.size() + bias_.size()) * sizeof(float);
}

void Dense::shift_bias(std::size_t first, float by) noexcept {
  for (std::size_t row = first; row < outputs_; ++row) bias_[row] += by;
}

void Dense::apply(std::span<const Pass> passes, int part, int parts) const noexcept {
  if (passes.empty()) return;
  const auto panels_before = [&](int number) {
    return bias_.size() / kPanel * static_cast<std::size_t>(number) / static_cast<std::size_t>(parts);
  };
  const std::size_t row = kPanel * panels_before(part), rows = kPanel * panels_before(part + 1) - row;
  std::array<Pass, kMostAtOnce> these;
  for (std::size_t p = 0; p < passes.size(); ++p) these[p] = {passes[p].x, passes[p].y + row};
  const Kernels& kernel = kernels();
  if (halves_.empty()) {
    kernel.dense_f32(these.data(), passes.size(), weights_.data() + row * inputs_, bias_.data() + row, rows, inputs_);
  } else {
    kernel.dense_f16(these.data(), passes.size(), halves_.data() + row * inputs_, bias_.data() + row, rows, inputs_);
  }
}

}  // namespace ddsp_rt
