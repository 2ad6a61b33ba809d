// The control network's kernel bodies, included like body.inl. Branches are selections, so that loops become vectors.

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

inline __m256 load_eight(const float* from) { return _mm256_loadu_ps(from); }
inline __m256 load_eight(const std::uint16_t* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

/// Rows from `first` to `last`, whole panels, for one product, as one stream through the weights: the processor then
/// fetches ahead by itself, which several streams side by side prevent. The rows of a panel are eight independent
/// chains, enough to hide the latency of the additions.
template <typename Weight>
inline void dense_alone(Product product, const Weight* weights, const float* bias, std::size_t first, std::size_t last,
                        std::size_t columns) {
  constexpr std::size_t chains = kPanel / 8;
  for (std::size_t row = first; row < last; row += kPanel) {
    __m256 sums[chains];
    for (std::size_t c = 0; c < chains; ++c) sums[c] = _mm256_loadu_ps(bias + row + 8 * c);
    for (std::size_t column = 0; column < columns; ++column, weights += kPanel) {
      const __m256 factor = _mm256_set1_ps(product.x[column]);
      for (std::size_t c = 0; c < chains; ++c) sums[c] = _mm256_fmadd_ps(load_eight(weights + 8 * c), factor, sums[c]);
    }
    for (std::size_t c = 0; c < chains; ++c) _mm256_storeu_ps(product.y + row + 8 * c, sums[c]);
  }
}

/// `Vectors` vectors of a panel's rows, from `row` on, for `Voices` products: each weight is read and widened once
/// for all of them. Twelve sums and three weights fill the registers; unless all is unrolled they lie in memory.
template <std::size_t Voices, std::size_t Vectors, typename Weight>
inline void dense_together(const Product* products, const Weight* weights, const float* bias, std::size_t row,
                           std::size_t columns) {
  constexpr std::size_t ahead = 8 * kPanel;  // in time for the next columns: rows in part are no stream
  __m256 sums[Voices][Vectors], weight[Vectors];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < Voices; ++v)
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Vectors; ++c) sums[v][c] = _mm256_loadu_ps(bias + row + 8 * c);
  for (std::size_t column = 0; column < columns; ++column, weights += kPanel) {
    _mm_prefetch(reinterpret_cast<const char*>(weights + ahead), _MM_HINT_T0);
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Vectors; ++c) weight[c] = load_eight(weights + 8 * c);
#pragma GCC unroll 8
    for (std::size_t v = 0; v < Voices; ++v) {
      const __m256 factor = _mm256_set1_ps(products[v].x[column]);
#pragma GCC unroll 8
      for (std::size_t c = 0; c < Vectors; ++c) sums[v][c] = _mm256_fmadd_ps(weight[c], factor, sums[v][c]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t v = 0; v < Voices; ++v)
#pragma GCC unroll 8
    for (std::size_t c = 0; c < Vectors; ++c) _mm256_storeu_ps(products[v].y + row + 8 * c, sums[v][c]);
}

template <typename Weight>
inline void dense(const Product* products, std::size_t count, const Weight* weights, const float* bias,
                  std::size_t rows, std::size_t columns) {
  if (count == 1) return dense_alone(*products, weights, bias, 0, rows, columns);
  for (std::size_t row = 0; row < rows; row += kPanel, weights += kPanel * columns) {
    std::size_t p = 0;
    for (; p + 4 <= count; p += 4) {
      dense_together<4, 3>(products + p, weights, bias, row, columns);
      dense_together<4, 3>(products + p, weights + 24, bias, row + 24, columns);
      dense_together<4, 2>(products + p, weights + 48, bias, row + 48, columns);
    }
    for (; p + 2 <= count; p += 2) {
      dense_together<2, 4>(products + p, weights, bias, row, columns);
      dense_together<2, 4>(products + p, weights + 32, bias, row + 32, columns);
    }
    if (p < count) dense_alone(products[p], weights, bias, row, row + kPanel, columns);
  }
}

inline void dense_f32(const Product* products, std::size_t count, const float* weights, const float* bias,
                      std::size_t rows, std::size_t columns) {
  dense(products, count, weights, bias, rows, columns);
}

inline void dense_f16(const Product* products, std::size_t count, const std::uint16_t* weights, const float* bias,
                      std::size_t rows, std::size_t columns) {
  dense(products, count, weights, bias, rows, columns);
}

#else

inline void dense_f32(const Product* products, std::size_t count, const float* weights, const float* bias,
                      std::size_t rows, std::size_t columns) {
  constexpr std::size_t part = 16;  // rows whose sums fit in registers
  for (std::size_t panel = 0; panel < rows; panel += kPanel)
    for (const Product* product = products; product < products + count; ++product)
      for (std::size_t row = panel; row < panel + kPanel; row += part) {
        const float* from = weights + panel * columns + row % kPanel;
        float sums[part] = {};
        for (std::size_t column = 0; column < columns; ++column, from += kPanel)
          for (std::size_t j = 0; j < part; ++j) sums[j] += from[j] * product->x[column];
        for (std::size_t j = 0; j < part; ++j) product->y[row + j] = bias[row + j] + sums[j];
      }
}

#endif

/// e^x within 2e-7 of its value; x is held within +-87. Range reduction by ln 2 in two parts, then a polynomial fitted
/// to e^r for |r| <= ln(2) / 2.
inline float exponential(float x) {
  x = x > 87.0f ? 87.0f : x;
  x = x < -87.0f ? -87.0f : x;
  const float shifted = x * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: rounds to the nearest whole number
  const float whole = shifted - 12582912.0f;
  const float r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * (r * r) + r + 1.0f;
  const std::uint32_t exponent = (std::bit_cast<std::uint32_t>(shifted) + 127u) << 23;
  return p * std::bit_cast<float>(exponent);
}

inline float sigmoid(float x) { return 1.0f / (1.0f + exponential(-x)); }

/// tanh within 2e-7 of its value, small arguments included: a fitted odd polynomial below 0.55,
/// exponentials above.
inline float hyperbolic_tangent(float x) {
  const float square = x * x;
  float p = -0.006282358610f;
  p = p * square + 0.021077673942f;
  p = p * square - 0.053853836534f;
  p = p * square + 0.133326014720f;
  p = p * square - 0.333333180391f;
  const float small = x + x * square * p;
  const float large = 1.0f - 2.0f / (1.0f + exponential(2.0f * x));
  return square < 0.3025f ? small : large;
}

/// ln(1 + u) for 0 <= u <= 1, within 1e-7: 2 atanh(s), s = u / (2 + u) <= 1/3.
inline float log_one_plus(float u) {
  const float s = u / (2.0f + u), square = s * s;
  float p = 1.0f / 13.0f;
  p = p * square + 1.0f / 11.0f;
  p = p * square + 1.0f / 9.0f;
  p = p * square + 1.0f / 7.0f;
  p = p * square + 1.0f / 5.0f;
  p = p * square + 1.0f / 3.0f;
  return 2.0f * s + 2.0f * s * square * p;
}

inline void gru_update(float* state, const float* from_input, const float* from_state, std::size_t n) {
  const float *input_reset = from_input, *input_update = from_input + n, *input_new = from_input + 2 * n;
  const float *state_reset = from_state, *state_update = from_state + n, *state_new = from_state + 2 * n;
  for (std::size_t i = 0; i < n; ++i) {
    const float reset = sigmoid(input_reset[i] + state_reset[i]);
    const float update = sigmoid(input_update[i] + state_update[i]);
    const float fresh = hyperbolic_tangent(input_new[i] + reset * state_new[i]);
    state[i] = fresh + update * (state[i] - fresh);
  }
}

inline float sum(const float* x, std::size_t n) {
  constexpr std::size_t width = 16;
  float sums[width] = {};
  std::size_t i = 0;
  for (; i + width <= n; i += width)
    for (std::size_t j = 0; j < width; ++j) sums[j] += x[i + j];
  float total = 0.0f;
  for (; i < n; ++i) total += x[i];
  for (std::size_t step = width / 2; step > 0; step /= 2)
    for (std::size_t j = 0; j < step; ++j) sums[j] += sums[j + step];
  return total + sums[0];
}

inline void layer_norm(float* x, const float* gain, const float* bias, std::size_t n, float epsilon, float leak) {
  const float mean = sum(x, n) / static_cast<float>(n);
  for (std::size_t i = 0; i < n; ++i) x[i] -= mean;
  const float factor = 1.0f / std::sqrt(dot(x, x, n) / static_cast<float>(n) + epsilon);
  for (std::size_t i = 0; i < n; ++i) {
    const float y = x[i] * factor * gain[i] + bias[i];
    x[i] = y < 0.0f ? leak * y : y;
  }
}

/// sigmoid(x)^a = exp(-a softplus(-x)), softplus(-x) = max(-x, 0) + ln(1 + e^-|x|).
inline void scale_output(float* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const float size = x[i] < 0.0f ? -x[i] : x[i];
    const float softplus = (size - x[i]) * 0.5f + log_one_plus(exponential(-size));
    x[i] = 2.0f * exponential(-2.30258509f * softplus) + 1e-7f;
  }
}
