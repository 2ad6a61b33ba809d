// A dense layer: y = W x + b, with weights packed for one pass through memory.
#include "ddsp_rt/network/dense.h"

#include <algorithm>

#include "ddsp_rt/kernels/kernels.h"

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
  if (w.type == Tensor::Type::kF16 && kernels().multiply_add_f16) {
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

void Dense::apply(const float* x, float* y) const noexcept {
  std::copy(bias_.begin(), bias_.end(), y);
  multiply_add(x, y, 0, bias_.size());
}

void Dense::apply(std::span<const Pass> passes) const noexcept {
  for (const Pass& pass : passes) std::copy(bias_.begin(), bias_.end(), pass.y);
  const std::size_t together = passes.size() == 1 ? bias_.size() : kPanel;  // rows; one voice streams them all
  for (std::size_t row = 0; row < bias_.size(); row += together)
    for (const Pass& pass : passes) multiply_add(pass.x, pass.y, row, together);
}

void Dense::multiply_add(const float* x, float* y, std::size_t row, std::size_t rows) const noexcept {
  const Kernels& kernel = kernels();
  if (halves_.empty()) {
    kernel.multiply_add_f32(y + row, weights_.data() + row * inputs_, x, rows, inputs_);
  } else {
    kernel.multiply_add_f16(y + row, halves_.data() + row * inputs_, x, rows, inputs_);
  }
}

}  // namespace ddsp_rt
