// Kernels of the synthesizer: oscillators and convolution. Included like body.inl.

// Eight floats the compiler maps to whatever registers the instruction set has.
typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));
typedef double DoubleVector __attribute__((vector_size(32), aligned(8), may_alias));

inline void complex_multiply_add(float* sum, const float* a, const float* b, std::size_t blocks) {
  constexpr std::size_t width = 8, vectors = kLanes / width;
  Vector re_re[vectors] = {}, im_im[vectors] = {}, re_im[vectors] = {}, im_re[vectors] = {};
  for (std::size_t block = 0; block < blocks; ++block, a += 2 * kLanes, b += 2 * kLanes) {
    for (std::size_t v = 0; v < vectors; ++v) {
      const Vector a_re = *reinterpret_cast<const Vector*>(a + v * width);
      const Vector a_im = *reinterpret_cast<const Vector*>(a + kLanes + v * width);
      const Vector b_re = *reinterpret_cast<const Vector*>(b + v * width);
      const Vector b_im = *reinterpret_cast<const Vector*>(b + kLanes + v * width);
      re_re[v] += a_re * b_re;
      im_im[v] += a_im * b_im;
      re_im[v] += a_re * b_im;
      im_re[v] += a_im * b_re;
    }
  }
  for (std::size_t v = 0; v < vectors; ++v) {
    *reinterpret_cast<Vector*>(sum + v * width) += re_re[v] - im_im[v];
    *reinterpret_cast<Vector*>(sum + kLanes + v * width) += re_im[v] + im_re[v];
  }
}

inline void convolve_add(float* out, const float* x, const float* taps, std::size_t count, std::size_t n) {
  constexpr std::size_t width = 8, vectors = 4;
  std::size_t i = 0;
  for (; i + width * vectors <= n; i += width * vectors) {
    Vector sums[vectors];
    for (std::size_t v = 0; v < vectors; ++v) sums[v] = *reinterpret_cast<const Vector*>(out + i + v * width);
    for (std::size_t t = 0; t < count; ++t)
      for (std::size_t v = 0; v < vectors; ++v)
        sums[v] += taps[t] * *reinterpret_cast<const Vector*>(x + i + v * width - t);
    for (std::size_t v = 0; v < vectors; ++v) *reinterpret_cast<Vector*>(out + i + v * width) = sums[v];
  }
  for (; i + width <= n; i += width) {
    Vector sum = *reinterpret_cast<const Vector*>(out + i);
    for (std::size_t t = 0; t < count; ++t) sum += taps[t] * *reinterpret_cast<const Vector*>(x + i - t);
    *reinterpret_cast<Vector*>(out + i) = sum;
  }
  for (; i < n; ++i) {
    float sum = out[i];
    for (std::size_t t = 0; t < count; ++t) sum += taps[t] * x[i - t];
    out[i] = sum;
  }
}

// With y = pi x in [-pi/2, pi/2]: sin 2y = 2 sin y cos y and cos 2y = 1 - 2 sin^2 y, by Taylor series good to 1e-9.
inline void sine_ramp(float* sine, float* twice_cosine, double phase, double increment, double slope, std::size_t n) {
  constexpr std::size_t width = 4;
  constexpr double pi = 3.14159265358979323846;
  DoubleVector step = {1.0, 2.0, 3.0, 4.0};
  for (std::size_t i = 0; i < n; i += width, step += 4.0) {
    DoubleVector cycles = phase + step * (increment + 0.5 * slope * (step + 1.0));
    const DoubleVector shifted = cycles + 0x1.8p52;  // adding and taking away 1.5 * 2^52 rounds to a whole number
    const DoubleVector whole = shifted - 0x1.8p52;
    const DoubleVector y = pi * (cycles - whole), z = y * y;
    const DoubleVector s =
        y * (1.0 + z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880 +
             z * (-1.0 / 39916800 + z * (1.0 / 6227020800.0)))))));
    const DoubleVector c =
        1.0 + z * (-1.0 / 2 + z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320 + z * (-1.0 / 3628800 +
              z * (1.0 / 479001600 + z * (-1.0 / 87178291200.0)))))));
    const DoubleVector full_sine = 2.0 * s * c, full_cosine = 2.0 - 4.0 * s * s;
    for (std::size_t j = 0; j < width; ++j) {
      sine[i + j] = static_cast<float>(full_sine[j]);
      twice_cosine[i + j] = static_cast<float>(full_cosine[j]);
    }
  }
}

inline void harmonic_sum(float* out, const float* sine, const float* twice_cosine, const float* ramp, const float* from,
                         const float* to, std::size_t harmonics, std::size_t n) {
  constexpr std::size_t width = 8, vectors = kLanes / width;
  for (std::size_t i = 0; i < n; i += kLanes) {
    Vector factor[vectors], current[vectors], previous[vectors] = {}, at_start[vectors] = {}, at_end[vectors] = {};
    for (std::size_t v = 0; v < vectors; ++v) {
      factor[v] = *reinterpret_cast<const Vector*>(twice_cosine + i + v * width);
      current[v] = *reinterpret_cast<const Vector*>(sine + i + v * width);
    }
    for (std::size_t h = 0; h < harmonics; ++h) {
      for (std::size_t v = 0; v < vectors; ++v) {
        at_start[v] += from[h] * current[v];
        at_end[v] += to[h] * current[v];
        const Vector next = factor[v] * current[v] - previous[v];
        previous[v] = current[v];
        current[v] = next;
      }
    }
    for (std::size_t v = 0; v < vectors; ++v)
      *reinterpret_cast<Vector*>(out + i + v * width) =
          at_start[v] + *reinterpret_cast<const Vector*>(ramp + i + v * width) * (at_end[v] - at_start[v]);
  }
}
