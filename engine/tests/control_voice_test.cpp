// Pitch, envelope and modulation from outside: found again in the sound, whatever the block.
#include "ddsp_rt/playing/control_voice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <vector>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/synthesis/harmonic_oscillators.h"

using namespace ddsp_rt;

namespace {

constexpr int kRate = 48000;

std::shared_ptr<const Instrument> golden() { return Instrument::load(DDSP_RT_TEST_DATA "/golden.ddsp"); }

struct Control {
  std::vector<float> f0, level, modulator;
  explicit Control(double seconds)
      : f0(static_cast<std::size_t>(seconds * kRate), 400.0f), level(f0.size(), 1.0f), modulator(f0.size(), 0.0f) {}
  void modulate(double hertz) {
    for (std::size_t i = 0; i < modulator.size(); ++i)
      modulator[i] = static_cast<float>(std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / kRate));
  }
};

std::vector<float> run(ControlVoice& voice, const Control& control, std::size_t block = 64) {
  std::vector<float> out(control.f0.size());
  for (std::size_t i = 0; i < out.size(); i += block) {
    const auto n = static_cast<int>(std::min(block, out.size() - i));
    voice.process({control.f0.data() + i, control.level.data() + i, control.modulator.data() + i}, out.data() + i, n);
  }
  return out;
}

// The tone alone: no noise and no room in the way of measuring.
ControlVoice dry() {
  ControlVoice voice(golden(), kRate);
  voice.set(Parameter::kNoiseGain, -60.0f);
  voice.set(Parameter::kReverb, 0.0f);
  voice.reset();
  return voice;
}

// Amplitude at `frequency`, over the last half of x.
double level(const std::vector<float>& x, double frequency) {
  std::complex<double> sum;
  const std::size_t first = x.size() / 2, n = x.size() - first;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = 1.0 - std::cos(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n));
    sum += w * x[first + i] * std::polar(1.0, -2 * std::numbers::pi * frequency * static_cast<double>(i) / kRate);
  }
  return 2.0 * std::abs(sum) / static_cast<double>(n);
}

double db(double a, double b) { return 20.0 * std::log10(a / b); }

}  // namespace

TEST_CASE("The frequency follows a deviation sample by sample") {
  Controls controls(1, 0);
  controls.amplitude = 1.0f;
  controls.harmonics[0] = 1.0f;
  HarmonicOscillators plain(kRate, kRate, 1), modulated(kRate, kRate, 1);
  const int n = frame_length(0, kRate), frames = 100;
  const std::vector<float> none(static_cast<std::size_t>(n), 0.0f);
  std::vector<float> a(static_cast<std::size_t>(n)), b(a.size());
  // A deviation of zero is no deviation, but for rounding.
  for (int k = 0; k < frames; ++k) {
    plain.render(500.0f + k, controls, n, a.data());
    modulated.render(500.0f + k, controls, n, b.data(), none.data());
    for (int i = 0; i < n; ++i)
      CHECK(std::abs(a[static_cast<std::size_t>(i)] - b[static_cast<std::size_t>(i)]) < 1e-6f);
  }
  // sin(2 pi f t + (r f / g) (1 - cos(2 pi g t))) against its definition.
  modulated.reset();
  const double f = 500.0, g = 90.0, r = 0.2;
  double phase = 0.0;
  std::vector<float> deviation(a.size());
  for (int k = 0; k < frames; ++k) {
    for (int i = 0; i < n; ++i)
      deviation[static_cast<std::size_t>(i)] =
          static_cast<float>(r * std::sin(2 * std::numbers::pi * g * (k * n + i) / kRate));
    modulated.render(static_cast<float>(f), controls, n, b.data(), deviation.data());
    for (int i = 0; i < n; ++i) {
      phase += f * (1.0 + deviation[static_cast<std::size_t>(i)]) / kRate;
      if (k > 0) CHECK(std::abs(b[static_cast<std::size_t>(i)] - std::sin(2 * std::numbers::pi * phase)) < 1e-4);
    }
  }
}

TEST_CASE("The pitch asked for sounds") {
  ControlVoice voice = dry();
  const std::vector<float> out = run(voice, Control(0.5));
  CHECK(level(out, 400.0) > 10.0 * level(out, 430.0));
}

TEST_CASE("Modulation at an audio rate makes sidebands at its frequency; a ratio of zero does nothing") {
  Control control(1.0);
  control.modulate(130.0);
  ControlVoice voice = dry();
  const std::vector<float> still = run(voice, control);
  voice.reset();
  CHECK(run(voice, Control(1.0)) == still);
  voice.set(Parameter::kRatio, 0.3f);
  voice.reset();
  const std::vector<float> moving = run(voice, control);
  CHECK(db(level(still, 530.0), level(still, 400.0)) < -60.0);
  // The index of the fundamental is 0.3 x 400 / 130 = 0.92; J1 / J0 of it is -5.8 dB. The lower sidebands of the
  // harmonics above, at 800 - 2 x 130 and so on, do not fall on 530 Hz.
  CHECK(std::abs(db(level(moving, 530.0), level(moving, 400.0)) -
                 db(std::cyl_bessel_j(1, 0.923), std::cyl_bessel_j(0, 0.923))) < 0.5);
}

TEST_CASE("Any chopping gives identical samples, modulated or not") {
  for (const float ratio : {0.0f, 0.4f}) {
    Control control(0.3);
    control.modulate(77.0);
    for (std::size_t i = 0; i < control.f0.size(); ++i) {
      control.f0[i] = 300.0f + 0.01f * static_cast<float>(i);
      control.level[i] = 0.5f + 0.4f * std::sin(0.001f * static_cast<float>(i));
    }
    ControlVoice voice(golden(), kRate);
    voice.set(Parameter::kRatio, ratio);
    voice.reset();
    const std::vector<float> whole = run(voice, control, control.f0.size());
    for (const std::size_t block : {1, 17, 64, 1000}) {
      voice.reset();
      CHECK(run(voice, control, block) == whole);
    }
  }
}

TEST_CASE("The envelope shuts the voice, in both units; rests and nonsense are silence") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const auto last = [](const std::vector<float>& x) {
    float peak = 0.0f;
    for (std::size_t i = x.size() / 2; i < x.size(); ++i) peak = std::max(peak, std::abs(x[i]));
    return peak;
  };
  ControlVoice voice = dry();
  Control control(0.4);
  const std::vector<float> loud = run(voice, control);
  CHECK(last(loud) > 0.0f);
  for (const auto& [f0, level] : {std::pair{400.0f, 0.0f},
                                  {400.0f, -1.0f},
                                  {400.0f, nan},
                                  {0.0f, 1.0f},
                                  {-3.0f, 1.0f},
                                  {nan, 1.0f},
                                  {infinity, 1.0f}}) {
    std::fill(control.f0.begin(), control.f0.end(), f0);
    std::fill(control.level.begin(), control.level.end(), level);
    voice.reset();
    CHECK(last(run(voice, control)) == 0.0f);
  }
  std::fill(control.f0.begin(), control.f0.end(), 400.0f);
  std::fill(control.level.begin(), control.level.end(), 0.0f);
  voice.set(Parameter::kLevelInDb, 1.0f);
  voice.reset();
  CHECK(run(voice, control) == loud);  // 0 dB is 1.0
  std::fill(control.level.begin(), control.level.end(), -infinity);
  voice.reset();
  CHECK(last(run(voice, control)) == 0.0f);
}
