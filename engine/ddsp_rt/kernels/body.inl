// Kernel bodies, included by one source file per instruction set inside a namespace of its own.
// Fixed-size inner arrays let the compiler keep them in vector registers without reassociating sums.

inline float half_to_float(std::uint16_t half) {
#if defined(__F16C__)
  return _cvtsh_ss(half);
#else
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t magnitude = half & 0x7fffu;
  float value;
  if (magnitude >= 0x7c00u) {
    value = std::bit_cast<float>(0x7f800000u | (magnitude & 0x3ffu) << 13);
  } else {  // normal and subnormal alike: shift into place and rescale by 2^112
    value = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  }
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
#endif
}

inline float dot(const float* a, const float* b, std::size_t n) {
  constexpr std::size_t width = 32;
  float sums[width] = {};
  std::size_t i = 0;
  for (; i + width <= n; i += width)
    for (std::size_t j = 0; j < width; ++j) sums[j] += a[i + j] * b[i + j];
  float rest = 0.0f;
  for (; i < n; ++i) rest += a[i] * b[i];
  for (std::size_t step = width / 2; step > 0; step /= 2)
    for (std::size_t j = 0; j < step; ++j) sums[j] += sums[j + step];
  return sums[0] + rest;
}

inline void multiply_add_f32(float* y, const float* weights, const float* x, std::size_t rows, std::size_t columns) {
  for (std::size_t row = 0; row < rows; row += kPanel) {
    float sums[kPanel] = {};
    for (std::size_t column = 0; column < columns; ++column, weights += kPanel)
      for (std::size_t j = 0; j < kPanel; ++j) sums[j] += weights[j] * x[column];
    for (std::size_t j = 0; j < kPanel; ++j) y[row + j] += sums[j];
  }
}

inline void multiply_add_f16(float* y, const std::uint16_t* weights, const float* x, std::size_t rows,
                             std::size_t columns) {
#if defined(__F16C__) && defined(__AVX2__)
  for (std::size_t row = 0; row < rows; row += kPanel) {
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    for (std::size_t column = 0; column < columns; ++column, weights += kPanel) {
      const __m256 factor = _mm256_broadcast_ss(x + column);
      const __m128i* packed = reinterpret_cast<const __m128i*>(weights);
      low = _mm256_fmadd_ps(_mm256_cvtph_ps(_mm_loadu_si128(packed)), factor, low);
      high = _mm256_fmadd_ps(_mm256_cvtph_ps(_mm_loadu_si128(packed + 1)), factor, high);
    }
    _mm256_storeu_ps(y + row, _mm256_add_ps(_mm256_loadu_ps(y + row), low));
    _mm256_storeu_ps(y + row + 8, _mm256_add_ps(_mm256_loadu_ps(y + row + 8), high));
  }
#else
  for (std::size_t row = 0; row < rows; row += kPanel) {
    float sums[kPanel] = {};
    for (std::size_t column = 0; column < columns; ++column, weights += kPanel)
      for (std::size_t j = 0; j < kPanel; ++j) sums[j] += half_to_float(weights[j]) * x[column];
    for (std::size_t j = 0; j < kPanel; ++j) y[row + j] += sums[j];
  }
#endif
}

inline void complex_multiply_add(float* re, float* im, const float* a_re, const float* a_im, const float* b_re,
                                 const float* b_im, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    re[i] += a_re[i] * b_re[i] - a_im[i] * b_im[i];
    im[i] += a_re[i] * b_im[i] + a_im[i] * b_re[i];
  }
}

inline void harmonic_sum(float* out, const float* sine, const float* twice_cosine, const float* ramp, const float* from,
                         const float* to, std::size_t harmonics, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kLanes) {
    float current[kLanes], previous[kLanes] = {}, sum[kLanes] = {};
    for (std::size_t j = 0; j < kLanes; ++j) current[j] = sine[i + j];
    for (std::size_t h = 0; h < harmonics; ++h) {
      const float base = from[h], slope = to[h] - from[h];
      for (std::size_t j = 0; j < kLanes; ++j) {
        sum[j] += (base + slope * ramp[i + j]) * current[j];
        const float next = twice_cosine[i + j] * current[j] - previous[j];
        previous[j] = current[j];
        current[j] = next;
      }
    }
    for (std::size_t j = 0; j < kLanes; ++j) out[i + j] = sum[j];
  }
}
