// Decimates, correlates and transforms the low band.
#include "ddsp_rt/analysis/low_band.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ddsp_rt {
namespace {

constexpr double kRate = 4000.0;                          // Hz, about
constexpr double kPassEdge = 1500.0, kStopEdge = 2500.0;  // Hz
constexpr double kRippleDb = 0.1, kAttenuationDb = 45.0;
constexpr double kSpectrumSeconds = 0.07;
constexpr int kChunk = 256;  // samples filtered at a time
constexpr int kRoom = 4;     // the history is moved back once in (kRoom - 1) reaches

}  // namespace

LowBand::LowBand(double rate, float lowest)
    : factor_(std::max(1, static_cast<int>(std::lround(rate / kRate)))),
      rate_(rate / factor_),
      low_pass_(rate, kPassEdge, kStopEdge, kRippleDb, kAttenuationDb),
      correlation_(rate_, lowest, lowest, kHighest),
      spectrum_(rate_, kSpectrumSeconds),
      reach_(std::max(spectrum_.history(), Correlation::history(rate_, lowest))),
      history_(static_cast<std::size_t>(kRoom) * static_cast<std::size_t>(reach_), 0.0f),
      end_(reach_) {}

void LowBand::take(const float* samples, int n) noexcept {
  std::array<double, kChunk> chunk;
  while (n > 0) {
    const int count = std::min(n, kChunk);
    std::copy(samples, samples + count, chunk.begin());
    low_pass_.process(chunk.data(), count);
    if (end_ + count / factor_ + 1 > static_cast<int>(history_.size())) {
      std::copy(history_.begin() + (end_ - reach_), history_.begin() + end_, history_.begin());
      end_ = reach_;
    }
    for (int i = factor_ - 1 - phase_; i < count; i += factor_)
      history_[static_cast<std::size_t>(end_++)] = static_cast<float>(chunk[static_cast<std::size_t>(i)]);
    phase_ = (phase_ + count) % factor_;
    samples += count;
    n -= count;
  }
  low_pass_.flush();
}

void LowBand::process(const float* samples, int n) noexcept {
  take(samples, n);
  correlation_.scan(history_.data() + end_);
  spectrum_.process(history_.data() + end_);
}

void LowBand::reset() noexcept {
  low_pass_.reset();
  std::fill(history_.begin(), history_.end(), 0.0f);
  end_ = reach_;
  phase_ = 0;
}

}  // namespace ddsp_rt
