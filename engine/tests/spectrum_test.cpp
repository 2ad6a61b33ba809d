#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "ddsp_rt/analysis/spectrum.h"

using ddsp_rt::Spectrum;

TEST_CASE("Spectrum reads a sine's amplitude at its frequency, at every rate") {
  for (const double rate : {8000.0, 16000.0, 22050.0, 29400.0}) {
    Spectrum spectrum(rate);
    const double f = std::round(1000.0 / spectrum.bin_hz()) * spectrum.bin_hz();
    std::vector<float> x(static_cast<std::size_t>(spectrum.history()));
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * f * static_cast<double>(i) / rate));
    spectrum.process(x.data() + x.size());
    CHECK(spectrum.at(static_cast<float>(f)) == doctest::Approx(0.3).epsilon(0.02));
    CHECK(spectrum.at(static_cast<float>(f) + 400.0f) < 0.001f);
    CHECK(spectrum.at(static_cast<float>(rate)) == 0.0f);
  }
}
