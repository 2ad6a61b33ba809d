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

inline void correlate(float* out, const float* x, int lag, const int* counts) {
  // Lane j holds lag + kLags - 1 - j, so that memory is read upwards. Vectors are spelt out because the compiler does not
  // keep several arrays of sums in registers.
#if defined(__AVX2__)
  constexpr int width = 8;
#else
  constexpr int width = 4;
#endif
  using Lanes = float __attribute__((vector_size(4 * width)));
  using Flags = std::int32_t __attribute__((vector_size(4 * width)));
  constexpr int vectors = kLags / width;
  const auto load = [](const float* from) {
    Lanes lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
  };
  const float* delayed = x - lag - (kLags - 1);
  Lanes even[vectors] = {}, odd[vectors] = {};
  int i = 1;
  for (; i < counts[0]; i += 2)
    for (int v = 0; v < vectors; ++v) {
      even[v] += x[-i] * load(delayed + v * width - i);
      odd[v] += x[-i - 1] * load(delayed + v * width - i - 1);
    }
  Flags last[vectors];
  for (int j = 0; j < kLags; ++j) last[j / width][j % width] = counts[kLags - 1 - j];
  for (; i <= counts[kLags - 1]; ++i)
    for (int v = 0; v < vectors; ++v) {
      const Flags product = reinterpret_cast<Flags>(x[-i] * load(delayed + v * width - i)) & (last[v] >= i);
      even[v] += reinterpret_cast<Lanes>(product);
    }
  for (int j = 0; j < kLags; ++j) out[kLags - 1 - j] = even[j / width][j % width] + odd[j / width][j % width];
}
