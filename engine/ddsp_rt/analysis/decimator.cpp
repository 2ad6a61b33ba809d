// Elliptic low-pass design (Landen transformations) and the decimating biquad cascade.
#include "ddsp_rt/analysis/decimator.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace ddsp_rt {
namespace {

using Complex = std::complex<double>;
constexpr double kPi = std::numbers::pi;
constexpr double kPassEdge = 7000.0;     // Hz
constexpr double kRippleDb = 0.05;       // in the pass band
constexpr double kAttenuationDb = 65.0;  // in the stop band
constexpr int kHighestOrder = 20;
constexpr double kFlush = 1e-30;  // states below this are silence; keeps the cascade clear of denormals

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

Decimator::Decimator(int rate) : factor_(factor(rate)), rate_(static_cast<double>(rate) / factor_) {
  if (factor_ > 1) design(rate);
}

void Decimator::design(double host_rate) {
  const double pass = std::tan(kPi * kPassEdge / host_rate), stop = std::tan(kPi * (rate_ - kPassEdge) / host_rate);
  const double k = pass / stop;
  const double ripple = std::sqrt(std::pow(10.0, kRippleDb / 10.0) - 1.0);
  const double wanted = ripple / std::sqrt(std::pow(10.0, kAttenuationDb / 10.0) - 1.0);
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
    Section& s = section_[static_cast<std::size_t>(sections_++)];
    s = {1.0, -2.0 * zero.real(), std::norm(zero), -2.0 * pole.real(), std::norm(pole)};
  }
  if (order % 2) {
    const double pole = to_z(pass * j * sn(j * v0, k)).real();
    section_[static_cast<std::size_t>(sections_++)] = {1.0, 1.0, 0.0, -pole, 0.0};
  }
  for (int i = 0; i < sections_; ++i) {  // unit gain at 0 Hz
    Section& s = section_[static_cast<std::size_t>(i)];
    const double gain = (1.0 + s.a1 + s.a2) / (s.b0 + s.b1 + s.b2);
    s.b0 *= gain, s.b1 *= gain, s.b2 *= gain;
  }
}

int Decimator::process(const float* in, int n, float* out) noexcept {
  int written = 0;
  for (int i = 0; i < n; ++i) {
    double x = std::isfinite(in[i]) ? in[i] : 0.0;
    for (int k = 0; k < sections_; ++k) {
      Section& s = section_[static_cast<std::size_t>(k)];
      const double y = s.b0 * x + s.s1;
      s.s1 = s.b1 * x - s.a1 * y + s.s2;
      s.s2 = s.b2 * x - s.a2 * y;
      x = y;
    }
    if (++phase_ < factor_) continue;
    phase_ = 0;
    out[written++] = std::fabs(x) < kFlush ? 0.0f : static_cast<float>(x);
    for (int k = 0; k < sections_; ++k) {
      Section& s = section_[static_cast<std::size_t>(k)];
      if (std::fabs(s.s1) < kFlush) s.s1 = 0.0;
      if (std::fabs(s.s2) < kFlush) s.s2 = 0.0;
    }
  }
  return written;
}

void Decimator::reset() noexcept {
  phase_ = 0;
  for (Section& s : section_) s.s1 = s.s2 = 0.0;
}

}  // namespace ddsp_rt
