// Several times dense, layer norm, leaky ReLU.
#include "ddsp_rt/network/dense_stack.h"

#include <array>

namespace ddsp_rt {

DenseStack::DenseStack(const Safetensors& file, const std::string& name, std::size_t inputs, std::size_t width,
                       std::size_t layers) {
  constexpr float leak = 0.01f;
  layers_.reserve(layers);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const std::string prefix = name + "." + std::to_string(layer);
    layers_.push_back({Dense(file, prefix + ".dense.weight", prefix + ".dense.bias", layer ? width : inputs, width),
                       LayerNorm(file, prefix + ".norm", width, leak)});
  }
}

std::size_t DenseStack::bytes() const noexcept {
  std::size_t total = 0;
  for (const Layer& layer : layers_) total += layer.dense.bytes();
  return total;
}

void DenseStack::apply(std::span<const Pass> passes) const noexcept {
  std::array<Dense::Pass, kMostAtOnce> through;
  const std::span<Dense::Pass> these(through.data(), passes.size());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool into_y = (layers_.size() - i) % 2 == 1;  // so that the last layer writes y
    for (std::size_t p = 0; p < passes.size(); ++p) {
      const float* from = i == 0 ? passes[p].x : these[p].y;
      these[p] = {from, into_y ? passes[p].y : passes[p].scratch};
    }
    layers_[i].dense.apply(these);
    for (const Dense::Pass& pass : these) layers_[i].norm.apply(pass.y);
  }
}

}  // namespace ddsp_rt
