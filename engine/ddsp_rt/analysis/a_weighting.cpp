// Designs and runs the A-weighting filter.
#include "ddsp_rt/analysis/a_weighting.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace ddsp_rt {

namespace {

constexpr std::array<double, 4> kLowerPoles = {20.598997, 20.598997, 107.65265, 737.86223};  // Hz
constexpr double kUpperPole = 12194.217;                                                     // Hz, double
constexpr double kFitFrom = 30.0, kFitTo = 7000.0;                                           // Hz
constexpr double kDbPerNeper = 20.0 / std::numbers::ln10;
constexpr int kRoots = 4;              // two zeros, then two poles
constexpr int kUnknowns = kRoots + 1;  // and the gain

double matched_pole(double hz, double rate) { return std::exp(-2.0 * std::numbers::pi * hz / rate); }

/// |1 - root z^-1| squared at cos(angle).
double distance_squared(double root, double cosine) { return 1.0 - 2.0 * root * cosine + root * root; }

/// Solves a x = b in place by Gauss elimination with row pivots; x replaces b.
void solve(std::array<std::array<double, kUnknowns>, kUnknowns>& a, std::array<double, kUnknowns>& b) {
  for (int column = 0; column < kUnknowns; ++column) {
    int pivot = column;
    for (int row = column + 1; row < kUnknowns; ++row)
      if (std::abs(a[row][column]) > std::abs(a[pivot][column])) pivot = row;
    std::swap(a[column], a[pivot]);
    std::swap(b[column], b[pivot]);
    for (int row = column + 1; row < kUnknowns; ++row) {
      const double factor = a[row][column] / a[column][column];
      for (int k = column; k < kUnknowns; ++k) a[row][k] -= factor * a[column][k];
      b[row] -= factor * b[column];
    }
  }
  for (int row = kUnknowns - 1; row >= 0; --row) {
    for (int k = row + 1; k < kUnknowns; ++k) b[row] -= a[row][k] * b[k];
    b[row] /= a[row][row];
  }
}

/// Squared magnitude of the analog filter, not normalised.
double response(double hz) noexcept {
  double square = hz * hz * hz * hz * hz * hz * hz * hz;
  for (const double pole : kLowerPoles) square /= hz * hz + pole * pole;
  const double upper = hz * hz + kUpperPole * kUpperPole;
  return square / (upper * upper);
}

struct Correction {
  double gain_db = 0.0;
  std::array<double, kRoots> roots{};  // real, inside the unit circle
};

/// Real zeros and poles that, with the gain, give `target` dB at the angles whose cosines are given: least squares in
/// dB by damped Gauss-Newton. The roots are tanh of the unknowns, so they never leave the unit circle.
Correction fit(const std::vector<double>& cosines, const std::vector<double>& target, double rate) {
  constexpr std::array<double, kRoots> sign = {1.0, 1.0, -1.0, -1.0};
  constexpr int steps = 60;
  Correction correction;
  std::array<double, kRoots> bent = {std::atanh(-0.3), std::atanh(-0.1),
                                     std::atanh(matched_pole(kUpperPole, rate) + 0.1), std::atanh(0.05)};
  for (int step = 0; step < steps; ++step) {
    for (int j = 0; j < kRoots; ++j) correction.roots[j] = std::tanh(bent[j]);
    std::array<std::array<double, kUnknowns>, kUnknowns> normal{};
    std::array<double, kUnknowns> gradient{};
    for (std::size_t i = 0; i < cosines.size(); ++i) {
      double model = correction.gain_db;
      std::array<double, kUnknowns> slope;
      slope[kRoots] = 1.0;
      for (int j = 0; j < kRoots; ++j) {
        const double root = correction.roots[j], square = distance_squared(root, cosines[i]);
        model += sign[j] * 0.5 * kDbPerNeper * std::log(square);
        slope[j] = sign[j] * kDbPerNeper * (root - cosines[i]) / square * (1.0 - root * root);
      }
      for (int j = 0; j < kUnknowns; ++j) {
        gradient[j] += slope[j] * (target[i] - model);
        for (int k = 0; k < kUnknowns; ++k) normal[j][k] += slope[j] * slope[k];
      }
    }
    double trace = 0.0;
    for (int j = 0; j < kUnknowns; ++j) trace += normal[j][j];
    for (int j = 0; j < kUnknowns; ++j) normal[j][j] += 1e-6 * trace;
    solve(normal, gradient);
    for (int j = 0; j < kRoots; ++j) bent[j] += std::clamp(gradient[j], -0.5, 0.5);
    correction.gain_db += gradient[kRoots];
  }
  for (int j = 0; j < kRoots; ++j) correction.roots[j] = std::tanh(bent[j]);
  return correction;
}

/// (1 - zero1 z^-1)(1 - zero2 z^-1) / ((1 - pole1 z^-1)(1 - pole2 z^-1))
Biquad section(double zero1, double zero2, double pole1, double pole2) {
  Biquad biquad;
  biquad.b1 = -(zero1 + zero2);
  biquad.b2 = zero1 * zero2;
  biquad.a1 = -(pole1 + pole2);
  biquad.a2 = pole1 * pole2;
  return biquad;
}

}  // namespace

double a_weighting_db(double hz) noexcept {
  return 10.0 * std::log10(response(hz)) - 10.0 * std::log10(response(1000.0));
}

double a_weighting_power(double hz) noexcept { return response(hz) / response(1000.0); }

AWeighting::AWeighting(double rate) {
  std::array<double, 4> poles;
  for (int j = 0; j < 4; ++j) poles[j] = matched_pole(kLowerPoles[j], rate);

  // What the lower poles leave to do, on a grid that is logarithmic below 1 kHz and linear above.
  constexpr int low_points = 50, points = 170;
  const double top = std::min(kFitTo, 0.475 * rate);
  std::vector<double> cosines, target;
  for (int i = 0; i < points; ++i) {
    const double hz = i < low_points ? kFitFrom * std::pow(1000.0 / kFitFrom, static_cast<double>(i) / low_points)
                                     : 1000.0 + (top - 1000.0) * (i - low_points) / (points - 1 - low_points);
    const double cosine = std::cos(2.0 * std::numbers::pi * hz / rate);
    double lower = 0.0;
    for (const double pole : poles)
      lower += 0.5 * kDbPerNeper * std::log(distance_squared(1.0, cosine) / distance_squared(pole, cosine));
    cosines.push_back(cosine);
    target.push_back(a_weighting_db(hz) - lower);
  }
  const Correction correction = fit(cosines, target, rate);

  sections_[0] = section(1.0, 1.0, poles[0], poles[1]);
  sections_[1] = section(1.0, 1.0, poles[2], poles[3]);
  sections_[2] = section(correction.roots[0], correction.roots[1], correction.roots[2], correction.roots[3]);
  const double gain = std::exp(correction.gain_db / kDbPerNeper);
  sections_[0].b0 *= gain;
  sections_[0].b1 *= gain;
  sections_[0].b2 *= gain;
}

void AWeighting::process(const float* in, int n, float* out) noexcept {
  Biquad first = sections_[0], second = sections_[1], third = sections_[2];  // in registers while the loop runs
  for (int i = 0; i < n; ++i) out[i] = static_cast<float>(third.process(second.process(first.process(in[i]))));
  first.flush();
  second.flush();
  third.flush();
  sections_ = {first, second, third};
}

void AWeighting::reset() noexcept {
  for (Biquad& biquad : sections_) biquad.reset();
}

}  // namespace ddsp_rt
