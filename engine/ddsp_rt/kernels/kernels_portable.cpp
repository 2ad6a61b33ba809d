// The kernels for any processor, and the choice between the sets.
#include "ddsp_rt/kernels/kernels.h"

#include <bit>
#include <cmath>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#if defined(__GNUC__)
#pragma GCC diagnostic ignored \
    "-Wpsabi"  // vectors wider than a register are passed only between functions of this file
#endif

namespace ddsp_rt {
namespace portable {
#include "ddsp_rt/kernels/body.inl"
#include "ddsp_rt/kernels/fft_body.inl"
#include "ddsp_rt/kernels/network_body.inl"
#include "ddsp_rt/kernels/synthesis_body.inl"
}  // namespace portable

#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;

namespace {
bool has_f16c() noexcept {  // not every compiler's __builtin_cpu_supports knows it
  unsigned a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 29));
}
}  // namespace
#endif

const Kernels& portable_kernels() noexcept {
  static constexpr Kernels set{"portable",
                               portable::dot,
                               portable::dense_f32,
                               nullptr,
                               portable::layer_norm,
                               portable::gru_update,
                               portable::scale_output,
                               portable::complex_multiply_add,
                               portable::convolve_add,
                               portable::sine_ramp,
                               portable::harmonic_sum,
                               portable::correlate,
                               portable::fft_forward,
                               portable::fft_inverse};
  return set;
}

const Kernels& kernels() noexcept {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  if (avx2) return kAvx2Kernels;
#endif
  return portable_kernels();
}

}  // namespace ddsp_rt
