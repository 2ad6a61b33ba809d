#include "ddsp_rt/live/peak_meter.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using ddsp_rt::PeakMeter;

TEST_CASE("A peak meter rises at once and falls by 20 dB a second at every rate, whatever the blocks") {
  for (const int rate : {16000, 48000, 96000}) {
    CAPTURE(rate);
    PeakMeter meter(rate);
    CHECK(meter.db() == PeakMeter::kFloorDb);
    const std::vector<float> sound{0.0f, -0.5f};
    meter.add(sound.data(), 2);
    CHECK(meter.db() == doctest::Approx(20.0 * std::log10(0.5)).epsilon(1e-4));
    const std::vector<float> silence(static_cast<std::size_t>(rate / 10));
    for (int i = 0; i < 10; ++i) meter.add(silence.data(), rate / 10);
    CHECK(meter.db() == doctest::Approx(20.0 * std::log10(0.5) - 20.0).epsilon(2e-3));
    for (int i = 0; i < 60; ++i) meter.add(silence.data(), rate / 10);
    CHECK(meter.db() == PeakMeter::kFloorDb);
  }
}

TEST_CASE("A peak meter passes over what is no number, and a reset empties it") {
  PeakMeter meter(48000);
  const std::vector<float> strange{0.1f, std::numeric_limits<float>::infinity(), std::nanf("")};
  meter.add(strange.data(), 3);
  CHECK(meter.db() == doctest::Approx(-20.0).epsilon(1e-3));
  meter.reset();
  CHECK(meter.db() == PeakMeter::kFloorDb);
}
