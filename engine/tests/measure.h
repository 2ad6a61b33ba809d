// What tests measure of a sound.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace measure {

using Sound = std::span<const float>;

inline double db(double ratio) { return 20.0 * std::log10(std::max(ratio, 1e-30)); }
inline double from_db(double decibels) { return std::pow(10.0, decibels / 20.0); }
inline double cents(double hertz, double reference) { return 1200.0 * std::log2(hertz / reference); }

inline double peak(Sound sound) {
  double value = 0.0;
  for (const float sample : sound) value = std::max(value, static_cast<double>(std::abs(sample)));
  return value;
}

inline double rms(Sound sound) {
  double sum = 0.0;
  for (const float sample : sound) sum += static_cast<double>(sample) * sample;
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(sound.size(), 1)));
}

/// Amplitude and phase of what sounds at `hertz`, through a Hann window over all of `sound`.
inline std::complex<double> partial(Sound sound, double hertz, int rate) {
  std::complex<double> sum;
  const auto n = static_cast<double>(sound.size());
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const auto t = static_cast<double>(i);
    const double window = 1.0 - std::cos(2 * std::numbers::pi * (t + 0.5) / n);
    sum += window * sound[i] * std::polar(1.0, -2 * std::numbers::pi * hertz * t / rate);
  }
  return 2.0 * sum / n;
}

inline double amplitude(Sound sound, double hertz, int rate) { return std::abs(partial(sound, hertz, rate)); }

/// Frequency of a lone partial near `hertz`, 0 where there is none, by how far its phase moves from the first two
/// thirds to the last two.
inline double frequency(Sound sound, double hertz, int rate) {
  const std::size_t step = sound.size() / 3;
  for (int again = 0; again < 3; ++again) {
    const auto early = partial(sound.first(2 * step), hertz, rate),
               late = partial(sound.subspan(step, 2 * step), hertz, rate);
    const double seconds = static_cast<double>(step) / rate;
    const double turned = std::arg(late / early) - 2 * std::numbers::pi * hertz * seconds;
    hertz += std::remainder(turned, 2 * std::numbers::pi) / (2 * std::numbers::pi * seconds);
  }
  return amplitude(sound, hertz, rate) > 0.5 * rms(sound) ? hertz : 0.0;
}

/// Hz of a sine of changing pitch, one value for each of its periods, with the sample at which the period ends: from
/// its rising zero crossings.
struct Period {
  double end, hertz;
};
inline std::vector<Period> periods(Sound sound, int rate) {
  std::vector<Period> found;
  double before = -1.0;
  for (std::size_t i = 1; i < sound.size(); ++i) {
    if (!(sound[i - 1] < 0.0f && sound[i] >= 0.0f)) continue;
    const double at = static_cast<double>(i) - sound[i] / (static_cast<double>(sound[i]) - sound[i - 1]);
    if (before >= 0.0) found.push_back({at, rate / (at - before)});
    before = at;
  }
  return found;
}

}  // namespace measure
