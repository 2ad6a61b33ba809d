// Mel bank and cosine transform.
#include "ddsp_rt/analysis/mfcc.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ddsp_rt/kernels/kernels.h"

namespace ddsp_rt {

namespace {

constexpr double kLowest = 40.0, kHighest = 7000.0;  // Hz
constexpr float kFloor = 1e-10f;                     // of a band's mean square
constexpr float kRelativeFloor = 1e-5f;              // of all bands' sum, added to each

double mel_from_hz(double hz) { return 2595.0 * std::log10(1.0 + hz / 700.0); }
double hz_from_mel(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

/// A triangle of height 1 over [low, high] with its peak at `centre`.
double triangle(double x, double low, double centre, double high) {
  if (x <= low || x >= high) return 0.0;
  return x < centre ? (x - low) / (centre - low) : (high - x) / (high - centre);
}

/// Integral over x of triangle(x; low, centre, high) times the unit triangle over [bin - 1, bin + 1], in bins. Both are
/// piecewise linear, so Simpson's rule between the corners is exact.
double overlap(double bin, double low, double centre, double high) {
  std::array<double, 6> corners = {low, centre, high, bin - 1.0, bin, bin + 1.0};
  std::sort(corners.begin(), corners.end());
  const auto product = [&](double x) {
    return triangle(x, low, centre, high) * triangle(x, bin - 1.0, bin, bin + 1.0);
  };
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < corners.size(); ++i) {
    const double a = corners[i], b = corners[i + 1];
    sum += (b - a) / 6.0 * (product(a) + 4.0 * product(0.5 * (a + b)) + product(b));
  }
  return sum;
}

}  // namespace

Mfcc::Mfcc(const Spectrum& spectrum) {
  const double bin_hz = spectrum.bin_hz();
  const int bins = spectrum.bins();
  // A sine of amplitude 1 has magnitude 1 and mean square 1/2; the window, made of halves of Hann windows, spreads
  // its power over 1.5 bins of the frame, and zero padding widens those.
  const double power_scale = spectrum.history() / (3.0 * 2.0 * (bins - 1));
  const double lowest = mel_from_hz(kLowest), step = (mel_from_hz(kHighest) - lowest) / (kBands + 1);
  int top = 0;
  for (int j = 0; j < kBands; ++j) {
    const double low = hz_from_mel(lowest + j * step) / bin_hz, centre = hz_from_mel(lowest + (j + 1) * step) / bin_hz,
                 high = hz_from_mel(lowest + (j + 2) * step) / bin_hz;
    Band& band = bands_[j];
    band.weights = static_cast<int>(weights_.size());
    if (high > bins - 1) continue;  // reaches beyond Nyquist: empty
    band.first = std::max(0, static_cast<int>(std::ceil(low - 1.0)));
    const int last = std::min(bins - 1, static_cast<int>(std::floor(high + 1.0)));
    band.count = last - band.first + 1;
    top = std::max(top, last + 1);
    for (int bin = band.first; bin <= last; ++bin)
      weights_.push_back(static_cast<float>(power_scale * overlap(bin, low, centre, high)));
  }
  power_.assign(top, 0.0f);
  for (int row = 0; row < kMfccCount; ++row) {
    const double scale = std::sqrt((row == 0 ? 1.0 : 2.0) / kBands);
    for (int j = 0; j < kBands; ++j)
      cosines_[row][j] = static_cast<float>(scale * std::cos(std::numbers::pi * row * (j + 0.5) / kBands));
  }
}

void Mfcc::process(const Spectrum& spectrum, float* coefficients) noexcept {
  const float* magnitudes = spectrum.magnitudes();
  for (std::size_t bin = 0; bin < power_.size(); ++bin) power_[bin] = magnitudes[bin] * magnitudes[bin];
  float total = 0.0f;
  for (int j = 0; j < kBands; ++j) {
    const Band& band = bands_[j];
    float sum = 0.0f;
    for (int i = 0; i < band.count; ++i) sum += weights_[band.weights + i] * power_[band.first + i];
    log_power_[j] = sum;
    total += sum;
  }
  const float floor = kRelativeFloor * total;
  for (float& value : log_power_) value = std::log(std::max(value + floor, kFloor));
  for (int row = 0; row < kMfccCount; ++row)
    coefficients[row] = kernels().dot(cosines_[row].data(), log_power_.data(), kBands);
}

}  // namespace ddsp_rt
