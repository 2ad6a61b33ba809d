// Kernels of the synthesizer: oscillators and convolution. Included like body.inl.

// As many floats as one register holds; wider vectors the compiler spills. Inner loops keep kPair of them going.
#if defined(__AVX2__)
inline constexpr std::size_t kWidth = 8;
#else
inline constexpr std::size_t kWidth = 4;
#endif
inline constexpr std::size_t kPair = 2;
typedef float Vector __attribute__((vector_size(4 * kWidth), aligned(4), may_alias));
typedef float HalfVector __attribute__((vector_size(2 * kWidth), aligned(4), may_alias));
typedef double DoubleVector __attribute__((vector_size(4 * kWidth), aligned(8), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline Vector& at(float* place) { return *reinterpret_cast<Vector*>(place); }

inline void complex_multiply_add(float* sum, const float* a, const float* b, std::size_t blocks) {
  for (std::size_t lane = 0; lane < kLanes; lane += kPair * kWidth) {
    Vector re_re[kPair] = {}, im_im[kPair] = {}, re_im[kPair] = {}, im_re[kPair] = {};
    for (std::size_t cell = lane; cell < 2 * kLanes * blocks; cell += 2 * kLanes) {
      for (std::size_t v = 0; v < kPair; ++v) {
        const std::size_t real = cell + v * kWidth, imaginary = real + kLanes;
        re_re[v] += load(a + real) * load(b + real);
        im_im[v] += load(a + imaginary) * load(b + imaginary);
        re_im[v] += load(a + real) * load(b + imaginary);
        im_re[v] += load(a + imaginary) * load(b + real);
      }
    }
    for (std::size_t v = 0; v < kPair; ++v) {
      at(sum + lane + v * kWidth) += re_re[v] - im_im[v];
      at(sum + lane + kLanes + v * kWidth) += re_im[v] + im_re[v];
    }
  }
}

inline void convolve_add(float* out, const float* x, const float* taps, std::size_t count, std::size_t n) {
  constexpr std::size_t vectors = 6;
  std::size_t i = 0;
  for (; i + kWidth * vectors <= n; i += kWidth * vectors) {
    Vector sums[vectors];
    for (std::size_t v = 0; v < vectors; ++v) sums[v] = load(out + i + v * kWidth);
    for (std::size_t t = 0; t < count; ++t)
      for (std::size_t v = 0; v < vectors; ++v) sums[v] += taps[t] * load(x + i + v * kWidth - t);
    for (std::size_t v = 0; v < vectors; ++v) at(out + i + v * kWidth) = sums[v];
  }
  for (; i < n; i += kWidth) {
    Vector sum = load(out + i);
    for (std::size_t t = 0; t < count; ++t) sum += taps[t] * load(x + i - t);
    at(out + i) = sum;
  }
}

// With y = pi x in [-pi/2, pi/2]: sin 2y = 2 sin y cos y and cos 2y = 1 - 2 sin^2 y, by Taylor series good to 1e-9.
inline void sine_ramp(float* sine, float* twice_cosine, double phase, double increment, double slope, std::size_t n) {
  constexpr std::size_t width = kWidth / 2;
  constexpr double pi = 3.14159265358979323846;
  DoubleVector step;
  for (std::size_t j = 0; j < width; ++j) step[j] = static_cast<double>(j + 1);
  for (std::size_t i = 0; i < n; i += width, step += static_cast<double>(width)) {
    const DoubleVector cycles = phase + step * (increment + 0.5 * slope * (step + 1.0));
    const DoubleVector shifted = cycles + 0x1.8p52;  // adding and taking away 1.5 * 2^52 rounds to a whole number
    const DoubleVector whole = shifted - 0x1.8p52;
    const DoubleVector y = pi * (cycles - whole), z = y * y;
    const DoubleVector s =
        y * (1.0 + z * (-1.0 / 6 +
                        z * (1.0 / 120 + z * (-1.0 / 5040 +
                                              z * (1.0 / 362880 + z * (-1.0 / 39916800 + z * (1.0 / 6227020800.0)))))));
    const DoubleVector c =
        1.0 +
        z * (-1.0 / 2 +
             z * (1.0 / 24 +
                  z * (-1.0 / 720 +
                       z * (1.0 / 40320 + z * (-1.0 / 3628800 + z * (1.0 / 479001600 + z * (-1.0 / 87178291200.0)))))));
    *reinterpret_cast<HalfVector*>(sine + i) = __builtin_convertvector(2.0 * s * c, HalfVector);
    *reinterpret_cast<HalfVector*>(twice_cosine + i) = __builtin_convertvector(2.0 - 4.0 * s * s, HalfVector);
  }
}

inline void harmonic_sum(float* out, const float* sine, const float* twice_cosine, const float* ramp, const float* from,
                         const float* to, std::size_t harmonics, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kPair * kWidth) {
    Vector factor[kPair], current[kPair], previous[kPair] = {}, at_start[kPair] = {}, at_end[kPair] = {};
    for (std::size_t v = 0; v < kPair; ++v) {
      factor[v] = load(twice_cosine + i + v * kWidth);
      current[v] = load(sine + i + v * kWidth);
    }
    for (std::size_t h = 0; h < harmonics; ++h) {
      for (std::size_t v = 0; v < kPair; ++v) {
        at_start[v] += from[h] * current[v];
        at_end[v] += to[h] * current[v];
        const Vector next = factor[v] * current[v] - previous[v];
        previous[v] = current[v];
        current[v] = next;
      }
    }
    for (std::size_t v = 0; v < kPair; ++v)
      at(out + i + v * kWidth) = at_start[v] + load(ramp + i + v * kWidth) * (at_end[v] - at_start[v]);
  }
}
