// Guards for code that runs on the audio thread.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif
#include <algorithm>
#include <cmath>
#include <cstdint>

namespace ddsp_rt {

/// A sample from outside as it may enter: NaN and infinity count as silence, and what lies beyond 120 dB over full
/// scale is clipped, so that no gain and no sum of such samples overflows. Real-time.
inline float admitted(float sample) noexcept {
  constexpr float kLargest = 1e6f;
  return std::isfinite(sample) ? std::clamp(sample, -kLargest, kLargest) : 0.0f;
}

/// Flushes denormals to zero while in scope and puts the caller's mode back afterwards. Real-time.
class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() noexcept : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }  // FTZ and DAZ
  ~FlushDenormals() { _mm_setcsr(saved_); }
#elif defined(__aarch64__)
  FlushDenormals() noexcept {
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved_));
    __asm__ volatile("msr fpcr, %0" ::"r"(saved_ | (std::uint64_t{1} << 24)));
  }
  ~FlushDenormals() { __asm__ volatile("msr fpcr, %0" ::"r"(saved_)); }
#else
  FlushDenormals() noexcept = default;
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__SSE2__)
  unsigned saved_;
#elif defined(__aarch64__)
  std::uint64_t saved_ = 0;
#endif
};

}  // namespace ddsp_rt
