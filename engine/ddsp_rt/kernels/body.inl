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

inline void correlate(float* out, const float* x, int lag, const int* counts) {
  // Lane j holds lag + kLags - 1 - j, so that memory is read upwards. Vectors are spelt out because the compiler does
  // not keep several arrays of sums in registers.
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
