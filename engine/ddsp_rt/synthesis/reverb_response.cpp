// Making an impulse response ready: resampled, cut into partitions, transformed.
#include <algorithm>
#include <cmath>
#include <complex>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/synthesis/resample.h"
#include "ddsp_rt/synthesis/reverb.h"

namespace ddsp_rt {
namespace {

constexpr double kFloor = 1e-6;     // -120 dBFS
constexpr double kBandEdge = 1e-6;  // bins below this share of the largest count as outside the band

// The smallest size from `minimum` up at which transforms run at full speed.
std::size_t fast_size(std::size_t minimum) {
  constexpr std::size_t step = 128;
  std::size_t size = (minimum + step - 1) / step * step;
  while (RealFft::good_size(size) != size) size += step;
  return size;
}

// Rising cross-fade over `overlap` samples: the running sum of a Kaiser window.
std::vector<double> cross_fade(std::size_t overlap) {
  std::vector<double> rise(overlap);
  double sum = 0.0;
  for (std::size_t i = 0; i < overlap; ++i) {
    sum += kaiser((2.0 * static_cast<double>(i) + 1.0) / static_cast<double>(overlap + 1) - 1.0, 11.0);
    rise[i] = sum;
  }
  const double total =
      overlap == 0 ? 1.0 : sum + kaiser((2.0 * static_cast<double>(overlap) + 1.0) / (overlap + 1.0) - 1.0, 11.0);
  for (double& value : rise) value /= total;
  return rise;
}

// Taps from `from` on; they fade in over `rise` and from `to` on out over `fall`.
std::vector<float> piece(const std::vector<float>& taps, std::size_t from, std::size_t to,
                         const std::vector<double>& rise, const std::vector<double>& fall) {
  std::vector<float> cut(to + fall.size() - from);
  for (std::size_t i = 0; i < cut.size() && from + i < taps.size(); ++i) {
    double weight = i < rise.size() ? rise[i] : 1.0;
    if (from + i >= to) weight -= fall[from + i - to];
    cut[i] = static_cast<float>(weight * taps[from + i]);
  }
  return cut;
}

}  // namespace

ReverbResponse::Level::Level(std::size_t block_samples, bool narrow)
    : block(block_samples),
      size(fast_size(2 * block + (narrow ? std::min<std::size_t>(block / 3, 128) : 0))),
      overlap(narrow ? std::min(size - 2 * block, block) : 0) {}

ReverbResponse::ReverbResponse(std::span<const float> impulse_response, int model_rate, int rate)
    : short_(static_cast<std::size_t>(max_frame_length(rate)),
             2 * rate >= 3 * model_rate),  // are there bins to be spared?
      long_(kShortInLong * short_.block, 2 * rate >= 3 * model_rate) {
  std::vector<float> masked(impulse_response.begin(), impulse_response.end());
  if (!masked.empty()) masked[0] = 0.0f;
  while (!masked.empty() && masked.back() == 0.0f) masked.pop_back();
  std::vector<float> taps = resample_response(masked, model_rate, rate);
  double rest = 0.0;  // energy of the taps from the end on; what stays below the floor is never heard
  while (!taps.empty() && (rest += static_cast<double>(taps.back()) * taps.back()) < kFloor * kFloor) taps.pop_back();
  length_ = taps.size();
  if (empty()) return;
  bound(taps);
  const std::size_t end = taps.size(), change = 2 * long_.block;
  head_ = piece(taps, 0, short_.block, {}, cross_fade(short_.overlap));
  head_.resize(std::min(head_.size(), end));
  transform(short_, taps, short_.block, std::min(end, change), short_.overlap);
  take_first();
  if (end > change) transform(long_, taps, change, end, short_.overlap);
}

// Cuts taps [from, to) into partitions of `level`; the first fades in over `first_overlap`.
void ReverbResponse::transform(Level& level, const std::vector<float>& taps, std::size_t from, std::size_t to,
                               std::size_t first_overlap) const {
  if (from >= to) return;
  level.partitions = (to - from + level.block - 1) / level.block;
  const std::vector<double> rise = cross_fade(level.overlap), first_rise = cross_fade(first_overlap);
  RealFft fft(level.size);
  std::vector<float> time(level.size), real(fft.bins()), imaginary(fft.bins());
  std::vector<std::vector<std::complex<float>>> spectra(level.partitions);
  double largest = 0.0;
  for (std::size_t p = 0; p < level.partitions; ++p) {
    const std::size_t start = from + p * level.block;
    const std::vector<float> cut = piece(taps, start, start + level.block, p == 0 ? first_rise : rise, rise);
    std::fill(std::copy(cut.begin(), cut.end(), time.begin()), time.end(), 0.0f);
    fft.forward(time.data(), real.data(), imaginary.data());
    for (std::size_t k = 0; k < fft.bins(); ++k) {
      spectra[p].emplace_back(real[k], imaginary[k]);
      largest = std::max(largest, static_cast<double>(std::abs(spectra[p][k])));
    }
  }
  std::size_t last = 0;
  for (const auto& spectrum : spectra)
    for (std::size_t k = last; k < spectrum.size(); ++k)
      if (std::abs(spectrum[k]) > kBandEdge * largest) last = k;
  level.groups = last / kLanes + 1;
  level.spectra.assign(level.groups * level.partitions * kCell, 0.0f);
  for (std::size_t p = 0; p < level.partitions; ++p)
    for (std::size_t k = 0; k <= last; ++k) {
      float* cell = &level.spectra[(k / kLanes * level.partitions + p) * kCell + k % kLanes];
      cell[0] = spectra[p][k].real();
      cell[kLanes] = spectra[p][k].imag();
    }
}

// The first short partition is multiplied at once, the others before their time.
void ReverbResponse::take_first() {
  if (short_.partitions == 0) return;
  const std::size_t before = short_.partitions * kCell;
  AlignedVector<float> others;
  for (std::size_t cell = 0; cell < short_.spectra.size(); cell += before) {
    const auto from = short_.spectra.begin() + static_cast<std::ptrdiff_t>(cell);
    const auto second = from + static_cast<std::ptrdiff_t>(kCell), end = from + static_cast<std::ptrdiff_t>(before);
    first_.insert(first_.end(), from, second);
    others.insert(others.end(), second, end);
  }
  short_.spectra = std::move(others);
  --short_.partitions;
}

// norms_[age] bounds what a block of input of that age, and unit norm, can still give, by Cauchy and Schwarz.
void ReverbResponse::bound(const std::vector<float>& taps) {
  const std::size_t blocks = (taps.size() + short_.block - 1) / short_.block;
  std::vector<double> energy(blocks + 1);
  for (std::size_t t = 0; t < taps.size(); ++t) energy[t / short_.block] += static_cast<double>(taps[t]) * taps[t];
  norms_.resize(blocks + 1);
  double largest = 0.0;
  for (std::size_t age = blocks + 1; age-- > 0;) {
    largest = std::max(largest, energy[age] + (age > 0 ? energy[age - 1] : 0.0));
    norms_[age] = static_cast<float>(std::sqrt(largest));
  }
}

std::size_t ReverbResponse::bytes() const noexcept {
  return (short_.spectra.size() + long_.spectra.size() + first_.size() + head_.size() + norms_.size()) * sizeof(float);
}

}  // namespace ddsp_rt
