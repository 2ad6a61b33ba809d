// Elliptic low-pass design by Landen transformations.
#include "ddsp_rt/analysis/low_pass.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace ddsp_rt {
namespace {

using Complex = std::complex<double>;
constexpr double kPi = std::numbers::pi;
constexpr int kHighestOrder = 20;

/// Descending moduli of the Landen transformation of `k`.
std::vector<double> landen(double k) {
  std::vector<double> moduli;
  while (k > 1e-17) {
    const double ratio = k / (1.0 + std::sqrt((1.0 - k) * (1.0 + k)));
    k = ratio * ratio;
    moduli.push_back(k);
  }
  return moduli;
}

Complex ascend(Complex w, const std::vector<double>& moduli) {
  for (auto v = moduli.rbegin(); v != moduli.rend(); ++v) w = (1.0 + *v) * w / (1.0 + *v * w * w);
  return w;
}

/// Jacobi cd(uK, k) and sn(uK, k).
Complex cd(Complex u, double k) { return ascend(std::cos(u * kPi / 2.0), landen(k)); }
Complex sn(Complex u, double k) { return ascend(std::sin(u * kPi / 2.0), landen(k)); }

/// u with sn(uK, k) = w.
Complex inverse_sn(Complex w, double k) {
  double previous = k;
  for (const double v : landen(k)) {
    w = 2.0 * w / ((1.0 + v) * (1.0 + std::sqrt(1.0 - w * w * previous * previous)));
    previous = v;
  }
  return std::asin(w) * 2.0 / kPi;
}

/// Discrimination that an order-N elliptic filter of selectivity k reaches (the degree equation).
double discrimination(int order, double k) {
  double product = std::pow(k, order);
  for (int i = 1; i <= order / 2; ++i) {
    const double s = sn((2.0 * i - 1.0) / order, k).real();
    product *= s * s * s * s;
  }
  return product;
}

}  // namespace

LowPass::LowPass(double rate, double pass_edge, double stop_edge, double ripple_db, double attenuation_db) {
  const double pass = std::tan(kPi * pass_edge / rate), stop = std::tan(kPi * stop_edge / rate);
  const double k = pass / stop;
  const double ripple = std::sqrt(std::pow(10.0, ripple_db / 10.0) - 1.0);
  const double wanted = ripple / std::sqrt(std::pow(10.0, attenuation_db / 10.0) - 1.0);
  int order = 2;
  while (order < kHighestOrder && discrimination(order, k) > wanted) ++order;
  const double k1 = discrimination(order, k);
  const Complex j{0.0, 1.0};
  const double v0 = (-j * inverse_sn(j / ripple, k1)).real() / order;
  const auto to_z = [](Complex s) { return (1.0 + s) / (1.0 - s); };

  for (int i = 1; i <= order / 2; ++i) {
    const double u = (2.0 * i - 1.0) / order;
    const Complex zero = to_z(j * pass / (k * cd(u, k)));
    const Complex pole = to_z(pass * j * cd(u - j * v0, k));
    sections_.push_back({1.0, -2.0 * zero.real(), std::norm(zero), -2.0 * pole.real(), std::norm(pole)});
  }
  if (order % 2) {
    const double pole = to_z(pass * j * sn(j * v0, k)).real();
    sections_.push_back({1.0, 1.0, 0.0, -pole, 0.0});
  }
  if (sections_.size() % 2) sections_.emplace_back();  // passes all, so that sections go in pairs
  for (Biquad& s : sections_) {                        // unit gain at 0 Hz
    const double gain = (1.0 + s.a1 + s.a2) / (s.b0 + s.b1 + s.b2);
    s.b0 *= gain, s.b1 *= gain, s.b2 *= gain;
  }
}

void LowPass::process(double* samples, int n) noexcept {
  // Each section waits for its own last output; two at a time fill each other's waits.
  for (std::size_t s = 0; s < sections_.size(); s += 2) {
    Biquad first = sections_[s], second = sections_[s + 1];
    for (int i = 0; i < n; ++i) samples[i] = second.process(first.process(samples[i]));
    sections_[s] = first;
    sections_[s + 1] = second;
  }
}

void LowPass::flush() noexcept {
  for (Biquad& section : sections_) section.flush();
}

void LowPass::reset() noexcept {
  for (Biquad& section : sections_) section.reset();
}

}  // namespace ddsp_rt
