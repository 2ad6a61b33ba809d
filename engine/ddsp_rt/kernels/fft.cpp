// Plans of real FFTs; the work itself is in the kernels.
#include "ddsp_rt/kernels/fft.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {
namespace {

double angle(std::size_t k, std::size_t n) {
  return 2.0 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n);
}

// Real and imaginary part of exp(-2 pi i k / n).
float turn_re(std::size_t k, std::size_t n) { return static_cast<float>(std::cos(angle(k, n))); }
float turn_im(std::size_t k, std::size_t n) { return static_cast<float>(-std::sin(angle(k, n))); }

// Vectors as wide as the size's factors of two allow.
std::size_t lanes_for(std::size_t half) { return half % 8 == 0 ? 8 : half % 4 == 0 ? 4 : 1; }

}  // namespace

RealFft::RealFft(std::size_t size) : tables_{} {
  tables_.size = size;
  tables_.half = size / 2;
  tables_.lanes = lanes_for(tables_.half);
  tables_.points = tables_.half / tables_.lanes;
  plan_passes();
  plan_joins();
  for (auto* table : {&cosine_, &sine_}) table->reserve(tables_.half);
  for (std::size_t k = 0; k < tables_.half; ++k) {
    cosine_.push_back(turn_re(k, size));
    sine_.push_back(-turn_im(k, size));
  }
  tables_.pass_count = passes_.size();
  tables_.passes = passes_.data();
  tables_.twiddles = twiddles_.data();
  tables_.join = join_.data();
  tables_.cosine = cosine_.data();
  tables_.sine = sine_.data();
  const std::size_t blocks = (tables_.points + tables_.lanes - 1) / tables_.lanes;
  for (int i = 0; i < 2; ++i)
    for (int part = 0; part < 2; ++part) {
      memory_[i][part].resize((blocks * tables_.lanes + 1) * tables_.lanes);
      tables_.memory[i][part] = memory_[i][part].data();
    }
}

void RealFft::plan_passes() {
  std::size_t length = tables_.points, stride = 1;
  twiddles_.reserve(3 * length);
  for (const std::size_t radix : {4u, 2u, 3u, 5u}) {
    while (length > 0 && length % radix == 0) {
      const FftTables::Pass pass{radix, length / radix, stride, twiddles_.size()};
      for (std::size_t p = 0; p < pass.groups; ++p)
        for (std::size_t k = 1; k < radix; ++k) {
          twiddles_.push_back(turn_re(p * k, length));
          twiddles_.push_back(turn_im(p * k, length));
        }
      passes_.push_back(pass);
      length /= radix;
      stride *= radix;
    }
  }
  if (tables_.size % 2 || length != 1)
    throw std::invalid_argument("no transform of " + std::to_string(tables_.size) +
                                " points: it must be even, with no factors but 2, 3 and 5");
}

void RealFft::plan_joins() {
  const std::size_t lanes = tables_.lanes;
  join_.reserve(2 * (tables_.half + lanes * lanes));
  for (std::size_t first = 0; first < tables_.points; first += lanes)
    for (std::size_t j = 0; j < lanes; ++j)
      for (const auto part : {turn_re, turn_im})
        for (std::size_t i = 0; i < lanes; ++i) join_.push_back(part(j * (first + i), tables_.half));
}

void RealFft::forward(const float* time, float* real, float* imaginary) noexcept {
  kernels().fft_forward(tables_, time, real, imaginary);
}

void RealFft::inverse(const float* real, const float* imaginary, float* time) noexcept {
  kernels().fft_inverse(tables_, real, imaginary, time);
}

std::size_t RealFft::good_size(std::size_t minimum) noexcept {
  for (std::size_t size = minimum < 4 ? 4 : minimum + minimum % 2;; size += 2) {
    std::size_t rest = size / 2;
    for (const std::size_t factor : {5u, 3u, 2u})
      while (rest % factor == 0) rest /= factor;
    if (rest == 1) return size;
  }
}

}  // namespace ddsp_rt
