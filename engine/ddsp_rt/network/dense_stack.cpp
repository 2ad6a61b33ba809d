// Several times dense, layer norm, leaky ReLU.
#include "ddsp_rt/network/dense_stack.h"

#include <utility>

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

void DenseStack::apply(const float* x, float* scratch, float* y) const noexcept {
  float* to = layers_.size() % 2 ? y : scratch;  // so that the last layer writes y
  float* other = layers_.size() % 2 ? scratch : y;
  for (const Layer& layer : layers_) {
    layer.dense.apply(x, to);
    layer.norm.apply(to);
    x = to;
    std::swap(to, other);
  }
}

}  // namespace ddsp_rt
