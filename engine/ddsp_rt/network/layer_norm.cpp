// Layer normalisation, with the leaky ReLU that follows it folded in.
#include "ddsp_rt/network/layer_norm.h"

#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {

LayerNorm::LayerNorm(const Safetensors& file, const std::string& name, std::size_t width, float leak) : leak_(leak) {
  const Tensor& gain = file.get(name + ".weight", {width});
  const Tensor& bias = file.get(name + ".bias", {width});
  gain_.resize(width);
  bias_.resize(width);
  for (std::size_t i = 0; i < width; ++i) {
    gain_[i] = gain[i];
    bias_[i] = bias[i];
  }
}

void LayerNorm::apply(float* x) const noexcept {
  constexpr float epsilon = 1e-5f;
  kernels().layer_norm(x, gain_.data(), bias_.data(), gain_.size(), epsilon, leak_);
}

}  // namespace ddsp_rt
