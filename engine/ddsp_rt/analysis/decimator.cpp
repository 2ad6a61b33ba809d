// Low-pass, then every so-many-th sample.
#include "ddsp_rt/analysis/decimator.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ddsp_rt {
namespace {

constexpr double kPassEdge = 7000.0;     // Hz
constexpr double kRippleDb = 0.05;       // in the pass band
constexpr double kAttenuationDb = 65.0;  // in the stop band
constexpr double kSilence = 1e-15;       // samples below this count as 0; keeps what follows clear of denormals
constexpr int kBlock = 256;  // input samples filtered at a time; blocks lie where they lie however the input is cut

}  // namespace

Decimator::Decimator(int rate) : factor_(factor(rate)), rate_(static_cast<double>(rate) / factor_) {
  if (factor_ > 1) low_pass_.emplace(rate, kPassEdge, rate_ - kPassEdge, kRippleDb, kAttenuationDb);
}

int Decimator::process(const float* in, int n, float* out) noexcept {
  std::array<double, kBlock> block;
  int written = 0;
  while (n > 0) {
    const int count = std::min(n, kBlock - position_);
    for (int i = 0; i < count; ++i) block[i] = std::isfinite(in[i]) ? in[i] : 0.0;
    if (low_pass_) low_pass_->process(block.data(), count);
    int i = factor_ - 1 - phase_;
    for (; i < count; i += factor_)
      out[written++] = std::fabs(block[i]) < kSilence ? 0.0f : static_cast<float>(block[i]);
    phase_ = (phase_ + count) % factor_;
    in += count;
    n -= count;
    position_ = (position_ + count) % kBlock;
    if (low_pass_ && position_ == 0) low_pass_->flush();
  }
  return written;
}

void Decimator::reset() noexcept {
  phase_ = position_ = 0;
  if (low_pass_) low_pass_->reset();
}

}  // namespace ddsp_rt
