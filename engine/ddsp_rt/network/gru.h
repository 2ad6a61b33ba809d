// A gated recurrent unit, one frame at a time.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

#include "ddsp_rt/kernels/aligned_vector.h"
#include "ddsp_rt/network/dense.h"

namespace ddsp_rt {

/// h' = (1 - u) n + u h with r = sigmoid(Wr x + Rr h), u = sigmoid(Wu x + Ru h), n = tanh(Wn x + r (Rn h)), biases with
/// every product: the variant of Cho et al. (2014) that PyTorch and cuDNN compute. Immutable; each voice has a State.
class Gru {
 public:
  struct State {
    AlignedVector<float> hidden, next, from_input, from_hidden;
    int anticipated = 0;  // parts of from_hidden that are those of hidden
    void reset() noexcept;
  };

  /// Reads `name`.weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0. Throws FileFault.
  Gru(const Safetensors& file, const std::string& name, std::size_t inputs, std::size_t width);

  std::size_t width() const noexcept { return from_hidden_.inputs(); }
  std::size_t bytes() const noexcept { return from_input_.bytes() + from_hidden_.bytes(); }
  State make_state() const;

  /// Does the half of the next step that needs no input: for moments with time to spare. Real-time.
  void anticipate(State& state) const noexcept { anticipate(std::array{&state}); }
  void anticipate(std::span<State* const> states) const noexcept;

  /// Afterwards state.hidden holds the output, [width]. Real-time.
  void step(State& state, const float* x) const noexcept { step(std::array{Pass{&state, x}}); }

  /// Several states at once, kMostAtOnce at most, each as it would step alone. Real-time.
  struct Pass {
    State* state;
    const float* x;
  };
  void step(std::span<const Pass> passes) const noexcept;

  /// The same in parts, which change no output until turn() makes the answer, state.next, the new output: anticipate()
  /// from part 0 to kHiddenParts - 1, hear() from part 0 to kInputParts - 1, then answer(). What is anticipated already
  /// is left alone. Real-time.
  static constexpr int kHiddenParts = 2, kInputParts = 3;
  void anticipate(std::span<State* const> states, int part) const noexcept;
  void hear(std::span<const Pass> passes, int part) const noexcept;
  void answer(std::span<const Pass> passes) const noexcept;
  static void turn(State& state) noexcept;

 private:
  Dense from_input_, from_hidden_;
};

}  // namespace ddsp_rt
