// The recurrence of a gated recurrent unit and its gradient over whole sequences, for training.
#pragma once

#include <cstddef>
#include <vector>

namespace ddsp_rt::training {

/// Sizes of a sequence: arrays are [frames, batch, ...], row by row; `hidden` is a multiple of kColumns.
struct GruShape {
  std::size_t frames, batch, hidden;
};

inline constexpr std::size_t kColumns = 64;  // of a weight matrix, that are kept together

/// `matrix` [rows, columns] cut into blocks of kColumns columns, each of them [rows, kColumns].
std::vector<float> in_column_blocks(const float* matrix, std::size_t rows, std::size_t columns);

/// h' = n + z (h - n) with r, z = sigmoid(x + W h), n = tanh(x + r (W h + b)).
///
/// driven: x, [frames, batch, 3 hidden] of reset, update and new gate; weight: W transposed, [hidden, 3 hidden], in
/// column blocks; bias: [hidden]. Written: gates [frames, batch, 2 hidden] (r and z), inner (W h + b of the new gate),
/// fresh (n) and states, of which the first [batch, hidden] is given and frames more follow. Sequences `first` to
/// `last` of the batch only, so that threads can share the work.
void gru_forward(const GruShape& shape, std::size_t first, std::size_t last, const float* driven, const float* weight,
                 const float* bias, float* gates, float* inner, float* fresh, float* states);

/// The gradient of `gru_forward`. grad: of the states, [frames, batch, hidden]; weight: W, [3 hidden, hidden], in
/// column blocks. Written: recurrent and driven [frames, batch, 3 hidden], the gradients of W h and of x; carry [batch,
/// hidden], that of the first state.
void gru_backward(const GruShape& shape, std::size_t first, std::size_t last, const float* grad, const float* weight,
                  const float* gates, const float* inner, const float* fresh, const float* states, float* recurrent,
                  float* driven, float* carry);

}  // namespace ddsp_rt::training
