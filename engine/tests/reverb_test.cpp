// What the reverb must do to the sound: exactly the convolution, at once, however the stream is cut.
#include "ddsp_rt/synthesis/reverb.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "ddsp_rt/synthesis/noise_generator.h"
#include "ddsp_rt/synthesis/resample.h"

using namespace ddsp_rt;

namespace {

std::vector<float> white(std::size_t n, std::uint32_t seed = 1) {
  NoiseGenerator generator(seed);
  std::vector<float> out((n + 15) / 16 * 16);
  generator.fill(out.data(), out.size());
  out.resize(n);
  return out;
}

// Decaying noise; `seconds` to -60 dB.
std::vector<float> room(std::size_t n, int rate, double seconds, float level = 0.1f) {
  std::vector<float> response = white(n, 7);
  for (std::size_t i = 0; i < n; ++i)
    response[i] *= level * static_cast<float>(std::exp(-6.9 * double(i) / (seconds * rate)));
  return response;
}

std::vector<float> direct(const std::vector<float>& x, std::vector<float> taps, int model_rate, int rate, float gain) {
  taps[0] = 0.0f;
  taps = resample_response(taps, model_rate, rate);
  std::vector<float> out(x);
  for (std::size_t n = 0; n < x.size(); ++n) {
    double sum = 0.0;
    for (std::size_t t = 0; t < std::min(taps.size(), n + 1); ++t) sum += double(taps[t]) * x[n - t];
    out[n] += gain * static_cast<float>(sum);
  }
  return out;
}

void process(Reverb& reverb, std::vector<float>& x, const std::vector<int>& blocks, float gain) {
  for (std::size_t n = 0, turn = 0; n < x.size(); ++turn) {
    const std::size_t count = std::min(static_cast<std::size_t>(blocks[turn % blocks.size()]), x.size() - n);
    reverb.process(x.data() + n, static_cast<int>(count), gain);
    n += count;
  }
}

}  // namespace

TEST_CASE("The reverb is the direct convolution, whatever the response's length and the host rate") {
  for (const int rate : {8000, 16000, 22050, 44100, 48000}) {
    for (const std::size_t length : {1u, 2u, 100u, 300u, 3000u}) {
      const auto response = room(length, 16000, 0.2);
      auto x = white(9000);
      const auto wanted = direct(x, response, 16000, rate, 0.7f);
      Reverb reverb(response, 16000, rate);
      process(reverb, x, {173}, 0.7f);
      double error = 0.0;
      for (std::size_t n = 0; n < x.size(); ++n) error = std::max(error, double(std::abs(x[n] - wanted[n])));
      CHECK(error < 1e-5);
    }
  }
}

TEST_CASE("The cut into calls does not change a sample") {
  const auto response = room(8000, 16000, 0.5);
  std::vector<float> whole = white(20000);
  Reverb reverb(response, 16000, 48000);
  process(reverb, whole, {20000}, 1.0f);
  const std::vector<std::vector<int>> cuts{{1}, {17}, {64}, {192}, {441}, {1024}, {8192}, {1, 900, 3, 384, 50}};
  for (const auto& blocks : cuts) {
    auto x = white(20000);
    reverb.reset();
    process(reverb, x, blocks, 1.0f);
    CHECK(x == whole);
  }
}

TEST_CASE("Work done ahead does not change a sample") {
  const auto response = room(16000, 16000, 0.5);
  std::vector<float> plain = white(40000), ahead = plain;
  std::fill(plain.begin() + 5000, plain.begin() + 9000, 0.0f);
  ahead = plain;
  Reverb first(response, 16000, 48000), second(response, 16000, 48000);
  process(first, plain, {192}, 1.0f);
  for (std::size_t n = 0, turn = 0; n < ahead.size(); ++turn) {
    const std::size_t count = std::min<std::size_t>(turn % 3 == 0 ? 64 : 37, ahead.size() - n);
    second.process(ahead.data() + n, static_cast<int>(count), 1.0f);
    for (std::size_t i = 0; i < turn % 4; ++i) second.work_ahead();
    n += count;
  }
  CHECK(ahead == plain);
}

TEST_CASE("A new gain is reached by an even ramp at the end of the call that brings it, and then holds") {
  constexpr int kBefore = 1000, kRamp = 700;
  const auto response = room(3000, 16000, 0.2), dry = white(3000);
  auto steady = dry, moved = dry;
  Reverb a(response, 16000, 16000), b(response, 16000, 16000);
  process(a, steady, {kBefore, kRamp}, 1.0f);
  b.process(moved.data(), kBefore, 1.0f);
  b.process(moved.data() + kBefore, kRamp, 0.25f);
  b.process(moved.data() + kBefore + kRamp, static_cast<int>(dry.size()) - kBefore - kRamp, 0.25f);
  for (std::size_t n = 0; n < dry.size(); ++n) {
    const float passed = std::clamp(static_cast<float>(n + 1) - kBefore, 0.0f, float(kRamp)) / kRamp;
    REQUIRE(std::abs(moved[n] - dry[n] - (1.0f - 0.75f * passed) * (steady[n] - dry[n])) < 1e-5f);
  }
}

TEST_CASE("The reverb adds no delay") {
  for (const int rate : {16000, 48000}) {
    std::vector<float> response(4000);
    response[1] = 0.5f;
    response[3999] = 0.25f;
    Reverb reverb(response, 16000, rate);
    std::vector<float> x(static_cast<std::size_t>(rate));
    x[0] = 1.0f;
    process(reverb, x, {64}, 1.0f);
    const std::size_t ratio = static_cast<std::size_t>(rate) / 16000;
    CHECK(x[0] == doctest::Approx(1.0f).epsilon(0.2));
    CHECK(std::max_element(x.begin() + 1, x.end()) - x.begin() == static_cast<std::ptrdiff_t>(ratio));
    CHECK(std::max_element(x.begin() + 2000, x.end()) - x.begin() == static_cast<std::ptrdiff_t>(3999 * ratio));
  }
}

TEST_CASE("The reverb is as loud at every host rate") {
  const auto response = room(8000, 16000, 0.4);
  std::vector<double> reference;
  for (const int rate : {16000, 22050, 44100, 48000, 96000, 192000}) {
    std::size_t index = 0;
    for (const double centre : {200.0, 700.0, 2000.0, 4000.0, 6900.0}) {  // the wet part of a narrow burst
      std::vector<float> x(static_cast<std::size_t>(rate));
      const std::size_t burst = static_cast<std::size_t>(rate) / 20;
      for (std::size_t n = 0; n < burst; ++n) {
        const double hann = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * double(n) / double(burst));
        x[n] = static_cast<float>(hann * std::sin(2 * std::numbers::pi * centre * double(n) / rate));
      }
      const auto dry = x;
      Reverb reverb(response, 16000, rate);
      process(reverb, x, {512}, 1.0f);
      double energy = 0.0;
      for (std::size_t n = 0; n < x.size(); ++n) energy += std::pow(double(x[n]) - dry[n], 2);
      const double level = 10 * std::log10(energy / rate);
      if (rate == 16000) reference.push_back(level);
      CHECK(std::abs(level - reference[index++]) < 0.5);
    }
  }
}

TEST_CASE("A tail ends in exact zeros, and only once it is below -120 dBFS") {
  const auto response = room(48000, 16000, 0.5);  // three seconds, long past -120 dB at their end
  Reverb reverb(response, 16000, 48000);
  std::vector<float> x(4 * 48000);
  const auto burst = white(4800);
  std::copy(burst.begin(), burst.end(), x.begin());
  const auto input = x;
  process(reverb, x, {192}, 1.0f);
  std::size_t last = x.size();
  while (last > 0 && x[last - 1] == 0.0f) --last;
  CHECK(last > 48000);
  CHECK(last < 3 * 48000);
  CHECK(reverb.silent());
  auto taps = response;
  taps[0] = 0.0f;
  taps = resample_response(taps, 16000, 48000);
  for (std::size_t n = last; n < x.size(); n += 997) {  // what the convolution would still have said
    double sum = 0.0;
    for (std::size_t m = 0; m < 4800 && m <= n; ++m)
      if (n - m < taps.size()) sum += double(input[m]) * taps[n - m];
    CHECK(std::abs(sum) < 1e-6);
  }
  std::vector<float> again(9600), fresh(9600);
  std::copy(burst.begin(), burst.end(), again.begin());
  fresh = again;
  process(reverb, again, {192}, 1.0f);
  Reverb other(response, 16000, 48000);
  process(other, fresh, {192}, 1.0f);
  for (std::size_t n = 0; n < fresh.size(); ++n) CHECK(std::abs(again[n] - fresh[n]) < 1e-5f);
}

TEST_CASE("No response, or one of zeros, leaves the sound as it is") {
  for (const auto& response : {std::vector<float>{}, std::vector<float>(100), std::vector<float>{1.0f}}) {
    Reverb reverb(response, 16000, 48000);
    auto x = white(1000);
    process(reverb, x, {100}, 1.0f);
    CHECK(x == white(1000));
  }
}

TEST_CASE("A resampled response keeps a tone's gain") {
  std::vector<float> response(400);
  response[200] = 1.0f;
  for (const int rate : {8000, 22050, 44100, 48000, 96000}) {
    const auto taps = resample_response(response, 16000, rate);
    for (const double frequency : {100.0, 1000.0, 3400.0, 7000.0}) {
      if (frequency > 0.45 * rate) continue;
      std::complex<double> gain;
      for (std::size_t t = 0; t < taps.size(); ++t)
        gain += double(taps[t]) * std::polar(1.0, -2 * std::numbers::pi * frequency * double(t) / rate);
      CHECK(std::abs(20 * std::log10(std::abs(gain))) < 0.1);
    }
  }
}
