// Bringing an impulse response to the host's rate.
#include "ddsp_rt/synthesis/resample.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>

namespace ddsp_rt {
namespace {

double bessel_i0(double x) {
  double term = 1.0, sum = 1.0;
  for (int k = 1; k < 60 && term > 1e-17 * sum; ++k) {
    term *= (0.5 * x / k) * (0.5 * x / k);
    sum += term;
  }
  return sum;
}

}  // namespace

double kaiser(double x, double beta) noexcept {
  if (std::abs(x) >= 1.0) return 0.0;
  return bessel_i0(beta * std::sqrt(1.0 - x * x)) / bessel_i0(beta);
}

std::vector<float> resample_response(std::span<const float> response, int from_rate, int to_rate) {
  if (from_rate == to_rate || response.empty()) return {response.begin(), response.end()};
  constexpr double beta = 9.0;
  const double lower = std::min(1.0, static_cast<double>(to_rate) / from_rate);  // of the two rates, in input rates
  const double cutoff = 0.97 * lower;                                            // of the input's Nyquist
  const double half_width = 48.0 / lower;                                        // input samples
  const double scale = cutoff * from_rate / to_rate;
  constexpr int table_size = 4096;
  std::vector<double> window(table_size + 2);
  for (int i = 0; i <= table_size; ++i) window[i] = kaiser(static_cast<double>(i) / table_size, beta);

  const auto length = static_cast<std::int64_t>(response.size());
  const std::int64_t out_length = (length * to_rate + from_rate - 1) / from_rate;
  std::vector<float> out(static_cast<std::size_t>(out_length));
  const double omega = std::numbers::pi * cutoff, cos_step = std::cos(omega), sin_step = std::sin(omega);
  // Outputs `phases` apart lie alike between the inputs, `step` inputs further on, and share their weights.
  const std::int64_t common = std::gcd(from_rate, to_rate), phases = to_rate / common, step = from_rate / common;
  std::vector<double> weights;
  for (std::int64_t phase = 0; phase < std::min(phases, out_length); ++phase) {
    const double centre = static_cast<double>(phase) * from_rate / to_rate;
    const auto first = static_cast<std::int64_t>(std::ceil(centre - half_width));
    const auto last = static_cast<std::int64_t>(std::floor(centre + half_width));
    weights.clear();
    double distance = static_cast<double>(first) - centre;
    double sine = std::sin(omega * distance), cosine = std::cos(omega * distance);
    for (std::int64_t m = first; m <= last; ++m, distance += 1.0) {
      const double sinc = std::abs(distance) < 1e-9 ? 1.0 : sine / (omega * distance);
      const double place = std::abs(distance) / half_width * table_size;
      const auto entry = std::min(static_cast<int>(place), table_size);
      weights.push_back(scale * sinc * (window[entry] + (place - entry) * (window[entry + 1] - window[entry])));
      const double turned = sine * cos_step + cosine * sin_step;
      cosine = cosine * cos_step - sine * sin_step;
      sine = turned;
    }
    std::int64_t start = first;
    for (std::int64_t n = phase; n < out_length; n += phases, start += step) {
      const std::int64_t from = std::max<std::int64_t>(0, start), to = std::min(length, start + last - first + 1);
      double sum = 0.0;
      for (std::int64_t m = from; m < to; ++m)
        sum += response[static_cast<std::size_t>(m)] * weights[static_cast<std::size_t>(m - start)];
      out[static_cast<std::size_t>(n)] = static_cast<float>(sum);
    }
  }
  return out;
}

}  // namespace ddsp_rt
