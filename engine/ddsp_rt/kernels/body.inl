// Kernel bodies, included by one source file per instruction set inside a namespace of its own.
// Fixed-size inner arrays let the compiler keep them in vector registers without reassociating sums.

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
