// What the transform kernels need to know of one size, and the memory they work in; RealFft owns all of it.
#pragma once

#include <cstddef>

namespace ddsp_rt {

/// A real transform of `size` points is a complex one of half as many. That one is cut into `lanes` interleaved ones of
/// `points` each, done side by side in the lanes of vectors by Stockham's passes; a last pass of radix `lanes` joins
/// them. Real and imaginary parts are kept apart throughout. Plain pointers, so that code for one processor leaves no
/// copies of library functions behind for the others.
struct FftTables {
  struct Pass {
    std::size_t radix, groups, stride;  // radix * groups * stride = points
    std::size_t twiddles;               // where its factors begin
  };

  std::size_t size, half, lanes, points, pass_count;
  const Pass* passes;
  const float* twiddles;       // [groups][radix - 1][real, imaginary] for each pass
  const float* join;           // [blocks of `lanes` bins][lanes][real, imaginary][lanes]
  const float *cosine, *sine;  // of 2 pi k / size, k < half
  float* memory[2][2];         // [to and fro][real, imaginary], one vector longer than full blocks
};

}  // namespace ddsp_rt
