// The kernels for any processor, and the choice between the sets.
#include "ddsp_rt/kernels/kernels.h"

#include <bit>

namespace ddsp_rt {
namespace portable {
#include "ddsp_rt/kernels/body.inl"
}  // namespace portable

#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
#endif

const Kernels& portable_kernels() noexcept {
  static constexpr Kernels set{"portable", portable::dot, portable::multiply_add_f32, portable::multiply_add_f16,
                               portable::complex_multiply_add, portable::harmonic_sum};
  return set;
}

const Kernels& kernels() noexcept {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) return kAvx2Kernels;
#endif
  return portable_kernels();
}

}  // namespace ddsp_rt
