// What the oscillators must do to the sound: pitch, level, no aliases, no clicks, no drift.
#include "ddsp_rt/synthesis/harmonic_oscillators.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/kernels/kernels.h"

using namespace ddsp_rt;

namespace {

constexpr int kModelRate = 16000;

// Renders `frames` frames; `f0(k)` in Hz, controls as they are.
template <typename Pitch>
std::vector<float> render(HarmonicOscillators& bank, const Controls& controls, int rate, int frames, Pitch f0) {
  std::vector<float> out(frame_start(frames, rate));
  for (int k = 0; k < frames; ++k)
    bank.render(static_cast<float>(f0(k)), controls, frame_length(k, rate), out.data() + frame_start(k, rate));
  return out;
}

// Amplitude of the sine at `frequency` in x, by a Hann-weighted projection.
double level(const std::vector<float>& x, std::size_t first, double frequency, int rate) {
  std::complex<double> sum;
  double weights = 0.0;
  for (std::size_t n = first; n < x.size(); ++n) {
    const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * double(n - first) / double(x.size() - first));
    sum += w * x[n] * std::polar(1.0, -2 * std::numbers::pi * std::fmod(frequency * double(n) / rate, 1.0));
    weights += w;
  }
  return 2.0 * std::abs(sum) / weights;
}

Controls flat(int harmonics, float amplitude) {
  Controls controls(static_cast<std::size_t>(harmonics), 0);
  controls.amplitude = amplitude;
  for (float& h : controls.harmonics) h = 1.0f;
  return controls;
}

}  // namespace

TEST_CASE("A tone keeps its pitch and its harmonics their levels at every host rate") {
  for (const int rate : {16000, 22050, 44100, 48000, 96000, 192000}) {
    for (const double f0 : {55.0, 441.3, 1234.5}) {
      HarmonicOscillators bank(rate, kModelRate, 100);
      const auto x = render(bank, flat(100, 0.8f), rate, 250, [&](int) { return f0; });
      const std::size_t first = frame_start(50, rate);
      // Off by one cent, the projection over 0.8 s would lose the phase of high harmonics; the peak must be at f0.
      const double cent = std::exp2(1.0 / 1200.0);
      const int top = std::min(100, static_cast<int>(7000.0 / f0));
      const double at = level(x, first, top * f0, rate);
      CHECK(at > level(x, first, top * f0 * cent, rate));
      CHECK(at > level(x, first, top * f0 / cent, rate));
      double sum = 0.0;  // of the normalised distribution, faded over the model's top 10 %
      for (int h = 1; h <= 100 && h * f0 < 8000; ++h) sum += std::min(1.0, (8000 - h * f0) / 800.0);
      for (const int h : {1, top}) CHECK(std::abs(20 * std::log10(level(x, first, h * f0, rate) * sum / 0.8)) < 0.05);
    }
  }
}

TEST_CASE("Nothing sounds above the model's or the host's Nyquist") {
  HarmonicOscillators high(48000, kModelRate, 100);
  const auto x = render(high, flat(100, 1.0f), 48000, 100, [](int) { return 700.0; });
  for (int h = 12; h < 34; ++h) CHECK(level(x, 4800, h * 700.0, 48000) < 1e-5);
  HarmonicOscillators low(8000, kModelRate, 100);  // aliases of 6..11 x 700 Hz would fall between the harmonics
  const auto y = render(low, flat(100, 1.0f), 8000, 100, [](int) { return 700.0; });
  for (int h = 6; h <= 11; ++h) CHECK(level(y, 800, std::abs(8000.0 - h * 700.0), 8000) < 1e-5);
}

TEST_CASE("A glide across Nyquist makes no click") {
  for (const int rate : {16000, 48000}) {
    HarmonicOscillators bank(rate, kModelRate, 8);
    Controls controls(8, 0);
    controls.amplitude = 0.5f;
    controls.harmonics[0] = 1.0f;  // something is always left to normalise
    controls.harmonics[3] = 1.0f;
    const auto x = render(bank, controls, rate, 500, [](int k) { return 1700.0 + k; });  // the fourth goes 6.8..8.8 kHz
    // A click is wide-band, so it shows in the band below the tones, whose level must not rise.
    std::vector<float> low(x.size() / 2);
    double previous = 0.0, smooth = 0.0;
    for (std::size_t n = 0; n < low.size(); ++n) {
      const std::size_t at = n + x.size() / 4;
      smooth += 2 * std::numbers::pi * 300.0 / rate * (x[at] - smooth);
      previous += 2 * std::numbers::pi * 300.0 / rate * (smooth - previous);
      low[n] = static_cast<float>(previous);
    }
    float early = 0.0f, late = 0.0f;
    for (std::size_t n = 0; n < low.size(); ++n) {
      float& peak = n < low.size() / 8 ? early : late;
      peak = std::max(peak, std::abs(low[n]));
    }
    CHECK(late < 1.3f * early);
  }
}

TEST_CASE("A tone that another takes over from fades at its own pitch, however near the other's is") {
  const int rate = 48000, n = frame_length(10, rate);
  Controls sounds(1, 2), silent(1, 2);
  sounds.amplitude = sounds.harmonics[0] = silent.harmonics[0] = 1.0f;
  for (const bool leaps : {true, false}) {
    HarmonicOscillators bank(rate, kModelRate, 1);
    render(bank, sounds, rate, 10, [](int) { return 500.0; });
    const double phase = bank.phase();
    if (leaps) bank.leap();
    std::vector<float> out(static_cast<std::size_t>(n));
    bank.render(560.0f, silent, n, out.data());
    double off = 0.0;
    for (int i = 0; i < n; ++i) {
      const double passed = double(i + 1) / n, fade = 1.0 - passed * passed * (3.0 - 2.0 * passed);
      const double stays = fade * std::sin(2 * std::numbers::pi * (phase + 500.0 * (i + 1) / rate));
      off = std::max(off, std::abs(out[static_cast<std::size_t>(i)] - stays));
    }
    CHECK((off < 1e-4) == leaps);
  }
}

TEST_CASE("A tone that another takes over from more than three semitones away fades at its own pitch by itself") {
  const int rate = 48000, n = frame_length(10, rate);
  Controls sounds(1, 2), silent(1, 2);
  sounds.amplitude = sounds.harmonics[0] = silent.harmonics[0] = 1.0f;
  for (const float next : {250.0f, 1000.0f}) {
    HarmonicOscillators bank(rate, kModelRate, 1);
    render(bank, sounds, rate, 10, [](int) { return 500.0; });
    const double phase = bank.phase();
    std::vector<float> out(static_cast<std::size_t>(n));
    bank.render(next, silent, n, out.data());
    for (int i = 0; i < n; ++i) {
      const double passed = double(i + 1) / n, fade = 1.0 - passed * passed * (3.0 - 2.0 * passed);
      const double stays = fade * std::sin(2 * std::numbers::pi * (phase + 500.0 * (i + 1) / rate));
      CHECK(std::abs(out[static_cast<std::size_t>(i)] - stays) < 1e-4);
    }
  }
}

TEST_CASE("An hour of phase does not drift") {
  HarmonicOscillators bank(44100, kModelRate, 4);
  const Controls silent(4, 0);
  std::vector<float> out(max_frame_length(44100));
  for (int k = 0; k < 250 * 3600; ++k) bank.render(220.25f, silent, frame_length(k, 44100), out.data());
  CHECK(std::abs(bank.phase()) < 1e-9);  // 792900 whole cycles
}

TEST_CASE("Frames of zero amplitude are exact zeros, after one that fades") {
  HarmonicOscillators bank(48000, kModelRate, 20);
  render(bank, flat(20, 1.0f), 48000, 3, [](int) { return 300.0; });
  const auto fade = render(bank, flat(20, 0.0f), 48000, 2, [](int) { return 300.0; });
  CHECK(fade[0] != 0.0f);
  CHECK(std::abs(fade[191]) < 1e-5f);
  for (int i = 192; i < 384; ++i) CHECK(fade[i] == 0.0f);
}

TEST_CASE("A bad f0 fades out and leaves no trace") {
  HarmonicOscillators bank(48000, kModelRate, 20);
  for (const double f0 : {std::nan(""), 0.0, -5.0, 1e30, double(INFINITY)}) {
    const auto x = render(bank, flat(20, 1.0f), 48000, 4, [&](int k) { return k < 2 ? 300.0 : f0; });
    for (int i = 576; i < 768; ++i) CHECK(x[i] == 0.0f);
  }
  const auto x = render(bank, flat(20, 1.0f), 48000, 10, [](int) { return 300.0; });
  for (const float sample : x) CHECK(std::isfinite(sample));
}

TEST_CASE("The sine kernels agree with the definition and with each other") {
  constexpr std::size_t n = 192, harmonics = 100;
  std::vector<float> from(harmonics), to(harmonics), ramp(n);
  for (std::size_t h = 0; h < harmonics; ++h) {
    from[h] = 0.02f * static_cast<float>(h % 7);
    to[h] = 0.01f * static_cast<float>((h + 3) % 5);
  }
  for (std::size_t i = 0; i < n; ++i) ramp[i] = static_cast<float>(i + 1) / n;
  const double phase = -0.437, increment = 0.0031, slope = 1e-6;
  for (const Kernels* kernel : {&kernels(), &portable_kernels()}) {
    std::vector<float> sine(n), cosine(n), out(n);
    kernel->sine_ramp(sine.data(), cosine.data(), phase, increment, slope, n);
    kernel->harmonic_sum(out.data(), sine.data(), cosine.data(), ramp.data(), from.data(), to.data(), harmonics, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double m = double(i) + 1, x = 2 * std::numbers::pi * (phase + m * increment + 0.5 * slope * m * (m + 1));
      double sum = 0.0;
      for (std::size_t h = 0; h < harmonics; ++h)
        sum += (from[h] + (to[h] - from[h]) * ramp[i]) * std::sin(double(h + 1) * x);
      CHECK(std::abs(sine[i] - std::sin(x)) < 2e-7);
      CHECK(std::abs(out[i] - sum) < 1.5e-4);  // of amplitudes that add to 4
    }
  }
}
