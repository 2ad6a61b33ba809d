// One step after the other, several sequences at once: a block of columns of all three gates is multiplied, and what
// depends on it is computed while it is in registers and in the first cache.
#include "gru_steps.h"

#include <algorithm>
#include <cstring>

// The compiler's vectors, in a version for each instruction set; the loader takes the best that the machine has.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define DDSP_RT_EVERY_TARGET __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define DDSP_RT_EVERY_TARGET
#endif
#define DDSP_RT_INLINE static inline __attribute__((always_inline))

namespace ddsp_rt::training {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kMostRows = 8;  // sequences that are multiplied at once
typedef float Vector __attribute__((vector_size(64), aligned(4), may_alias));
typedef int Integers __attribute__((vector_size(64)));

DDSP_RT_INLINE const Vector& at(const float* p) { return *reinterpret_cast<const Vector*>(p); }
DDSP_RT_INLINE Vector& at(float* p) { return *reinterpret_cast<Vector*>(p); }

// Relative error under 2e-7 (the polynomial is that of the Cephes library's expf).
DDSP_RT_INLINE void exponential(Vector& x) {
  x = x < -87.0f ? x * 0.0f - 87.0f : x;
  x = x > 87.0f ? x * 0.0f + 87.0f : x;
  const Vector whole = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
  const Vector r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  Vector p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const Integers bits = (__builtin_convertvector(whole, Integers) + 127) << 23;
  Vector scale;
  std::memcpy(&scale, &bits, sizeof scale);
  x = p * scale;
}

DDSP_RT_INLINE void sigmoid(Vector& x) {
  x = -x;
  exponential(x);
  x = 1.0f / (1.0f + x);
}

DDSP_RT_INLINE void hyperbolic_tangent(Vector& x) {
  x = 2.0f * x;
  exponential(x);
  x = 1.0f - 2.0f / (1.0f + x);
}

// out[row][kColumns] = x[row] times one column block; rows of x lie `stride` apart.
template <int Rows>
DDSP_RT_INLINE void multiply(const float* x, std::size_t stride, const float* block, std::size_t length,
                             float (*out)[kColumns]) {
  constexpr int kWide = Rows > 4 ? 2 : 4;  // vectors of columns at once: as many sums as there are registers for
  for (std::size_t column = 0; column < kColumns; column += kWide * kLanes) {
    Vector sum[Rows][kWide];
    for (int row = 0; row < Rows; ++row)
      for (int wide = 0; wide < kWide; ++wide) sum[row][wide] = Vector{};
    for (std::size_t k = 0; k < length; ++k) {
      const float* weights = block + k * kColumns + column;
      for (int row = 0; row < Rows; ++row)
        for (int wide = 0; wide < kWide; ++wide) sum[row][wide] += x[row * stride + k] * at(weights + wide * kLanes);
    }
    for (int row = 0; row < Rows; ++row)
      for (int wide = 0; wide < kWide; ++wide) at(out[row] + column + wide * kLanes) = sum[row][wide];
  }
}

DDSP_RT_INLINE void multiply_rows(std::size_t rows, const float* x, std::size_t stride, const float* block,
                                  std::size_t length, float (*out)[kColumns]) {
  switch (rows) {
    case 8: return multiply<8>(x, stride, block, length, out);
    case 7: return multiply<7>(x, stride, block, length, out);
    case 6: return multiply<6>(x, stride, block, length, out);
    case 5: return multiply<5>(x, stride, block, length, out);
    case 4: return multiply<4>(x, stride, block, length, out);
    case 3: return multiply<3>(x, stride, block, length, out);
    case 2: return multiply<2>(x, stride, block, length, out);
    default: return multiply<1>(x, stride, block, length, out);
  }
}

}  // namespace

std::vector<float> in_column_blocks(const float* matrix, std::size_t rows, std::size_t columns) {
  std::vector<float> blocks(rows * columns);
  float* to = blocks.data();
  for (std::size_t block = 0; block < columns; block += kColumns)
    for (std::size_t row = 0; row < rows; ++row, to += kColumns)
      std::copy_n(matrix + row * columns + block, kColumns, to);
  return blocks;
}

DDSP_RT_EVERY_TARGET
void gru_forward(const GruShape& shape, std::size_t first, std::size_t last, const float* driven, const float* weight,
                 const float* bias, float* gates, float* inner, float* fresh, float* states) {
  const std::size_t hidden = shape.hidden, blocks = hidden / kColumns;
  alignas(64) float reset[kMostRows][kColumns], update[kMostRows][kColumns], held[kMostRows][kColumns];
  for (std::size_t begin = first; begin < last; begin += kMostRows) {
    const std::size_t rows = std::min(kMostRows, last - begin);
    for (std::size_t frame = 0; frame < shape.frames; ++frame) {
      const std::size_t place = frame * shape.batch + begin;
      const float* before = states + place * hidden;
      for (std::size_t block = 0; block < blocks; ++block) {
        const float* weights = weight + block * hidden * kColumns;
        const std::size_t gate = blocks * hidden * kColumns;
        multiply_rows(rows, before, hidden, weights, hidden, reset);
        multiply_rows(rows, before, hidden, weights + gate, hidden, update);
        multiply_rows(rows, before, hidden, weights + 2 * gate, hidden, held);
        for (std::size_t row = 0; row < rows; ++row)
          for (std::size_t lane = 0; lane < kColumns; lane += kLanes) {
            const std::size_t column = block * kColumns + lane, one = (place + row) * hidden + column;
            const float* x = driven + (place + row) * 3 * hidden + column;
            Vector r = at(x) + at(reset[row] + lane), z = at(x + hidden) + at(update[row] + lane);
            sigmoid(r);
            sigmoid(z);
            const Vector product = at(held[row] + lane) + at(bias + column);
            Vector n = at(x + 2 * hidden) + r * product;
            hyperbolic_tangent(n);
            at(gates + (place + row) * 2 * hidden + column) = r;
            at(gates + (place + row) * 2 * hidden + hidden + column) = z;
            at(inner + one) = product;
            at(fresh + one) = n;
            at(states + one + shape.batch * hidden) = n + z * (at(states + one) - n);
          }
      }
    }
  }
}

DDSP_RT_EVERY_TARGET
void gru_backward(const GruShape& shape, std::size_t first, std::size_t last, const float* grad, const float* weight,
                  const float* gates, const float* inner, const float* fresh, const float* states, float* recurrent,
                  float* driven, float* carry) {
  const std::size_t hidden = shape.hidden;
  alignas(64) float product[kMostRows][kColumns];
  std::fill(carry + first * hidden, carry + last * hidden, 0.0f);
  for (std::size_t begin = first; begin < last; begin += kMostRows) {
    const std::size_t rows = std::min(kMostRows, last - begin);
    for (std::size_t frame = shape.frames; frame-- > 0;) {
      const std::size_t place = frame * shape.batch + begin;
      for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t column = 0; column < hidden; column += kLanes) {
          const std::size_t one = (place + row) * hidden + column, three = 3 * (place + row) * hidden + column;
          float* kept = carry + (begin + row) * hidden + column;
          const Vector r = at(gates + 2 * (place + row) * hidden + column);
          const Vector z = at(gates + 2 * (place + row) * hidden + hidden + column), n = at(fresh + one);
          const Vector total = at(grad + one) + at(kept);
          const Vector inward = total * (1.0f - z) * (1.0f - n * n);
          const Vector to_reset = inward * at(inner + one) * r * (1.0f - r);
          const Vector to_update = total * (at(states + one) - n) * z * (1.0f - z);
          at(recurrent + three) = at(driven + three) = to_reset;
          at(recurrent + three + hidden) = at(driven + three + hidden) = to_update;
          at(recurrent + three + 2 * hidden) = inward * r;
          at(driven + three + 2 * hidden) = inward;
          at(kept) = total * z;
        }
      for (std::size_t block = 0; block < hidden / kColumns; ++block) {
        multiply_rows(rows, recurrent + 3 * place * hidden, 3 * hidden, weight + block * 3 * hidden * kColumns,
                      3 * hidden, product);
        for (std::size_t row = 0; row < rows; ++row)
          for (std::size_t lane = 0; lane < kColumns; lane += kLanes)
            at(carry + (begin + row) * hidden + block * kColumns + lane) += at(product[row] + lane);
      }
    }
  }
}

}  // namespace ddsp_rt::training
