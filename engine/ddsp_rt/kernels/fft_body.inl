// The kernels' Fourier transforms, included like body.inl.

using Eight = float __attribute__((vector_size(32)));
using Four = float __attribute__((vector_size(16)));

template <typename V>
struct Pair {  // complex numbers side by side
  V re, im;
};

template <typename V>
inline V read(const float* from) {
  V value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename V>
inline void write(float* to, V value) {
  std::memcpy(to, &value, sizeof value);
}

/// Discrete Fourier transforms of `Radix` points, in place.
template <std::size_t Radix, typename V>
inline void butterfly(Pair<V>* x) {
  if constexpr (Radix == 2) {
    const Pair<V> a = x[0], b = x[1];
    x[0] = {a.re + b.re, a.im + b.im};
    x[1] = {a.re - b.re, a.im - b.im};
  } else if constexpr (Radix == 3) {
    constexpr float sine = 0.866025403784438647f;
    const Pair<V> a = x[0], sum{x[1].re + x[2].re, x[1].im + x[2].im};
    const Pair<V> across{sine * (x[1].re - x[2].re), sine * (x[1].im - x[2].im)};
    const Pair<V> middle{a.re - 0.5f * sum.re, a.im - 0.5f * sum.im};
    x[0] = {a.re + sum.re, a.im + sum.im};
    x[1] = {middle.re + across.im, middle.im - across.re};
    x[2] = {middle.re - across.im, middle.im + across.re};
  } else if constexpr (Radix == 4) {
    const Pair<V> a{x[0].re + x[2].re, x[0].im + x[2].im}, b{x[0].re - x[2].re, x[0].im - x[2].im};
    const Pair<V> c{x[1].re + x[3].re, x[1].im + x[3].im}, d{x[1].re - x[3].re, x[1].im - x[3].im};
    x[0] = {a.re + c.re, a.im + c.im};
    x[1] = {b.re + d.im, b.im - d.re};
    x[2] = {a.re - c.re, a.im - c.im};
    x[3] = {b.re - d.im, b.im + d.re};
  } else if constexpr (Radix == 5) {
    constexpr float c1 = 0.309016994374947424f, c2 = -0.809016994374947424f;
    constexpr float s1 = 0.951056516295153572f, s2 = 0.587785252292473129f;
    const Pair<V> a = x[0];
    const Pair<V> p{x[1].re + x[4].re, x[1].im + x[4].im}, m{x[1].re - x[4].re, x[1].im - x[4].im};
    const Pair<V> q{x[2].re + x[3].re, x[2].im + x[3].im}, n{x[2].re - x[3].re, x[2].im - x[3].im};
    const Pair<V> near{a.re + c1 * p.re + c2 * q.re, a.im + c1 * p.im + c2 * q.im};
    const Pair<V> far{a.re + c2 * p.re + c1 * q.re, a.im + c2 * p.im + c1 * q.im};
    const Pair<V> steep{s1 * m.re + s2 * n.re, s1 * m.im + s2 * n.im};
    const Pair<V> flat{s2 * m.re - s1 * n.re, s2 * m.im - s1 * n.im};
    x[0] = {a.re + p.re + q.re, a.im + p.im + q.im};
    x[1] = {near.re + steep.im, near.im - steep.re};
    x[2] = {far.re + flat.im, far.im - flat.re};
    x[3] = {far.re - flat.im, far.im + flat.re};
    x[4] = {near.re - steep.im, near.im + steep.re};
  } else {
    static_assert(Radix == 8);
    constexpr float root = 0.707106781186547524f;
    Pair<V> even[4] = {x[0], x[2], x[4], x[6]}, odd[4] = {x[1], x[3], x[5], x[7]};
    butterfly<4>(even);
    butterfly<4>(odd);
    const Pair<V> turned[4] = {odd[0],
                               {root * (odd[1].re + odd[1].im), root * (odd[1].im - odd[1].re)},
                               {odd[2].im, -odd[2].re},
                               {root * (odd[3].im - odd[3].re), -root * (odd[3].re + odd[3].im)}};
    for (std::size_t k = 0; k < 4; ++k) {
      x[k] = {even[k].re + turned[k].re, even[k].im + turned[k].im};
      x[k + 4] = {even[k].re - turned[k].re, even[k].im - turned[k].im};
    }
  }
}

/// One of Stockham's passes: to[q + s (R p + k)] = w^(p k) sum_j from[q + s (p + m j)] e^(-2 pi i j k / R).
template <std::size_t Radix, typename V>
inline void pass(const FftTables::Pass& shape, const float* twiddles, const float* from_re, const float* from_im,
                 float* to_re, float* to_im) {
  constexpr std::size_t lanes = sizeof(V) / sizeof(float);
  const std::size_t stride = shape.stride * lanes, apart = shape.groups * stride;
  for (std::size_t p = 0; p < shape.groups; ++p, twiddles += 2 * (Radix - 1)) {
    for (std::size_t q = 0; q < stride; q += lanes) {
      Pair<V> x[Radix];
      const std::size_t from = p * stride + q, to = Radix * p * stride + q;
      for (std::size_t j = 0; j < Radix; ++j)
        x[j] = {read<V>(from_re + from + j * apart), read<V>(from_im + from + j * apart)};
      butterfly<Radix>(x);
      if (p > 0)
        for (std::size_t k = 1; k < Radix; ++k) {
          const float c = twiddles[2 * k - 2], s = twiddles[2 * k - 1];
          x[k] = {c * x[k].re - s * x[k].im, c * x[k].im + s * x[k].re};
        }
      for (std::size_t k = 0; k < Radix; ++k) {
        write<V>(to_re + to + k * stride, x[k].re);
        write<V>(to_im + to + k * stride, x[k].im);
      }
    }
  }
}

inline void transpose(Eight* r) {
  Eight a[8], b[8];
  for (int i = 0; i < 8; i += 2) {
    a[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    a[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4)
    for (int j = 0; j < 2; ++j) {
      b[i + 2 * j] = __builtin_shufflevector(a[i + j], a[i + 2 + j], 0, 1, 8, 9, 4, 5, 12, 13);
      b[i + 2 * j + 1] = __builtin_shufflevector(a[i + j], a[i + 2 + j], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; ++i) {
    r[i] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    r[i + 4] = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

inline void transpose(Four* r) {
  const Four a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5), b = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
  const Four c = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5), d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
  r[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  r[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  r[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  r[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

/// Joins the lanes' transforms: one more pass of radix `lanes`, whose results lie in order. From the last block down,
/// so that what a block that is not full writes too much is written over.
template <typename V>
inline void join_lanes(const FftTables& tables, const float* from_re, const float* from_im, float* to_re,
                       float* to_im) {
  constexpr std::size_t lanes = sizeof(V) / sizeof(float);
  for (std::size_t block = (tables.points + lanes - 1) / lanes; block-- > 0;) {
    V re[lanes], im[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
      re[i] = read<V>(from_re + (block * lanes + i) * lanes);
      im[i] = read<V>(from_im + (block * lanes + i) * lanes);
    }
    transpose(re);
    transpose(im);
    const float* factors = tables.join + block * 2 * lanes * lanes;
    Pair<V> x[lanes];
    x[0] = {re[0], im[0]};
    for (std::size_t j = 1; j < lanes; ++j) {
      const V c = read<V>(factors + 2 * j * lanes), s = read<V>(factors + (2 * j + 1) * lanes);
      x[j] = {c * re[j] - s * im[j], c * im[j] + s * re[j]};
    }
    butterfly<lanes>(x);
    for (std::size_t k = 0; k < lanes; ++k) {
      write<V>(to_re + k * tables.points + block * lanes, x[k].re);
      write<V>(to_im + k * tables.points + block * lanes, x[k].im);
    }
  }
}

/// Complex transform of memory[0]; returns which memory holds the result. `backward` exchanges the parts, which turns
/// the transform round.
template <typename V>
inline std::size_t complex_fft(const FftTables& tables, bool backward) {
  constexpr std::size_t lanes = sizeof(V) / sizeof(float);
  const std::size_t re = backward ? 1 : 0, im = 1 - re;
  std::size_t now = 0;
  for (std::size_t i = 0; i < tables.pass_count; ++i) {
    const FftTables::Pass& shape = tables.passes[i];
    const float *twiddles = tables.twiddles + shape.twiddles, *from_re = tables.memory[now][re],
                *from_im = tables.memory[now][im];
    now = 1 - now;
    float *to_re = tables.memory[now][re], *to_im = tables.memory[now][im];
    switch (shape.radix) {
      case 2: pass<2, V>(shape, twiddles, from_re, from_im, to_re, to_im); break;
      case 3: pass<3, V>(shape, twiddles, from_re, from_im, to_re, to_im); break;
      case 4: pass<4, V>(shape, twiddles, from_re, from_im, to_re, to_im); break;
      default: pass<5, V>(shape, twiddles, from_re, from_im, to_re, to_im); break;
    }
  }
  if constexpr (lanes > 1) {
    join_lanes<V>(tables, tables.memory[now][re], tables.memory[now][im], tables.memory[1 - now][re],
                  tables.memory[1 - now][im]);
    now = 1 - now;
  }
  return now;
}

inline std::size_t complex_fft(const FftTables& tables, bool backward) {
  switch (tables.lanes) {
    case 8: return complex_fft<Eight>(tables, backward);
    case 4: return complex_fft<Four>(tables, backward);
    default: return complex_fft<float>(tables, backward);
  }
}

inline Eight reversed(const float* from) {
  const Eight x = read<Eight>(from);
  return __builtin_shufflevector(x, x, 7, 6, 5, 4, 3, 2, 1, 0);
}

/// Even and odd samples as real and imaginary parts, their transform, and its two halves taken apart.
inline void fft_forward(const FftTables& tables, const float* time, float* real, float* imaginary) {
  const std::size_t half = tables.half;
  float *even = tables.memory[0][0], *odd = tables.memory[0][1];
  std::size_t n = 0;
  for (; n + 8 <= half; n += 8) {
    const Eight a = read<Eight>(time + 2 * n), b = read<Eight>(time + 2 * n + 8);
    write<Eight>(even + n, __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14));
    write<Eight>(odd + n, __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15));
  }
  for (; n < half; ++n) even[n] = time[2 * n], odd[n] = time[2 * n + 1];

  const std::size_t result = complex_fft(tables, false);
  const float *re = tables.memory[result][0], *im = tables.memory[result][1];
  const float *cosine = tables.cosine, *sine = tables.sine;
  real[0] = re[0] + im[0];
  real[half] = re[0] - im[0];
  imaginary[0] = imaginary[half] = 0.0f;
  const auto apart = [](auto a_re, auto a_im, auto b_re, auto b_im, auto c, auto s, auto& out_re, auto& out_im) {
    const auto even_re = 0.5f * (a_re + b_re), even_im = 0.5f * (a_im - b_im);
    const auto odd_re = 0.5f * (a_im + b_im), odd_im = 0.5f * (b_re - a_re);
    out_re = even_re + c * odd_re + s * odd_im;
    out_im = even_im + c * odd_im - s * odd_re;
  };
  std::size_t k = 1;
  for (; k + 8 <= half; k += 8) {
    Eight out_re, out_im;
    apart(read<Eight>(re + k), read<Eight>(im + k), reversed(re + half - k - 7), reversed(im + half - k - 7),
          read<Eight>(cosine + k), read<Eight>(sine + k), out_re, out_im);
    write<Eight>(real + k, out_re);
    write<Eight>(imaginary + k, out_im);
  }
  for (; k < half; ++k) apart(re[k], im[k], re[half - k], im[half - k], cosine[k], sine[k], real[k], imaginary[k]);
}

inline void fft_inverse(const FftTables& tables, const float* real, const float* imaginary, float* time) {
  const std::size_t half = tables.half;
  const float scale = 1.0f / static_cast<float>(tables.size);
  float *even = tables.memory[0][0], *odd = tables.memory[0][1];
  const float *cosine = tables.cosine, *sine = tables.sine;
  const auto together = [scale](auto a_re, auto a_im, auto b_re, auto b_im, auto c, auto s, auto& out_re,
                                auto& out_im) {
    const auto even_re = a_re + b_re, even_im = a_im - b_im, apart_re = a_re - b_re, apart_im = a_im + b_im;
    const auto odd_re = c * apart_re - s * apart_im, odd_im = c * apart_im + s * apart_re;
    out_re = scale * (even_re - odd_im);
    out_im = scale * (even_im + odd_re);
  };
  std::size_t k = 0;
  for (; k + 8 <= half; k += 8) {
    Eight out_re, out_im;
    together(read<Eight>(real + k), read<Eight>(imaginary + k), reversed(real + half - k - 7),
             reversed(imaginary + half - k - 7), read<Eight>(cosine + k), read<Eight>(sine + k), out_re, out_im);
    write<Eight>(even + k, out_re);
    write<Eight>(odd + k, out_im);
  }
  for (; k < half; ++k)
    together(real[k], imaginary[k], real[half - k], imaginary[half - k], cosine[k], sine[k], even[k], odd[k]);

  const std::size_t result = complex_fft(tables, true);
  const float *re = tables.memory[result][0], *im = tables.memory[result][1];
  std::size_t n = 0;
  for (; n + 8 <= half; n += 8) {
    const Eight a = read<Eight>(re + n), b = read<Eight>(im + n);
    write<Eight>(time + 2 * n, __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
    write<Eight>(time + 2 * n + 8, __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15));
  }
  for (; n < half; ++n) time[2 * n] = re[n], time[2 * n + 1] = im[n];
}
