// The kernels compiled for AVX2, FMA and F16C; empty on other architectures.
#if defined(__AVX2__)
#include "ddsp_rt/kernels/kernels.h"

#include <immintrin.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace ddsp_rt {
namespace avx2 {
#include "ddsp_rt/kernels/body.inl"
#include "ddsp_rt/kernels/fft_body.inl"
#include "ddsp_rt/kernels/network_body.inl"
#include "ddsp_rt/kernels/synthesis_body.inl"
}  // namespace avx2

extern const Kernels kAvx2Kernels;
const Kernels kAvx2Kernels{"avx2",
                           avx2::dot,
                           avx2::dense_f32,
                           avx2::dense_f16,
                           avx2::layer_norm,
                           avx2::gru_update,
                           avx2::scale_output,
                           avx2::complex_multiply_add,
                           avx2::convolve_add,
                           avx2::sine_ramp,
                           avx2::harmonic_sum,
                           avx2::correlate,
                           avx2::fft_forward,
                           avx2::fft_inverse};

}  // namespace ddsp_rt
#endif
