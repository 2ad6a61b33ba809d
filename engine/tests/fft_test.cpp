#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/kernels/fft.h"

using namespace ddsp_rt;

TEST_CASE("RealFft matches the definition and inverts itself") {
  for (const std::size_t size : {4u,  6u,   8u,   10u,  16u,  18u,  24u,  30u,  32u,  48u,  50u,  64u,  80u,  90u,
                                 96u, 100u, 128u, 192u, 240u, 360u, 384u, 480u, 512u, 720u, 900u, 960u, 2000u}) {
    RealFft fft(size);
    std::vector<float> time(size), back(size);
    for (std::size_t n = 0; n < size; ++n) time[n] = std::sin(0.37f * n) + (n % 7) * 0.1f;
    std::vector<float> real(fft.bins()), imaginary(fft.bins());
    fft.forward(time.data(), real.data(), imaginary.data());
    for (std::size_t k = 0; k < fft.bins(); ++k) {
      std::complex<double> sum;
      for (std::size_t n = 0; n < size; ++n)
        sum +=
            static_cast<double>(time[n]) * std::polar(1.0, -2 * std::numbers::pi * double(k * n % size) / double(size));
      CHECK(std::abs(sum - std::complex<double>(real[k], imaginary[k])) < 1e-4 * std::sqrt(double(size)));
    }
    fft.inverse(real.data(), imaginary.data(), back.data());
    for (std::size_t n = 0; n < size; ++n) CHECK(back[n] == doctest::Approx(time[n]).epsilon(1e-5));
  }
}

TEST_CASE("There is no transform of an odd size or of one with other factors than 2, 3 and 5") {
  for (const std::size_t size : {0u, 1u, 9u, 14u, 22u, 338u}) CHECK_THROWS_AS(RealFft{size}, std::invalid_argument);
}

TEST_CASE("Frames tile time without drift at every rate") {
  for (const int rate : {8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000}) {
    CHECK(frame_start(0, rate) == 0);
    CHECK(frame_start(250, rate) == rate);
    CHECK(frame_start(250LL * 36000, rate) == 36000LL * rate);
    for (int k = 0; k < 1000; ++k) {
      CHECK(frame_length(k, rate) >= rate / 250);
      CHECK(frame_length(k, rate) <= max_frame_length(rate));
      CHECK(frame_count(frame_start(k, rate) + 1, rate) == k + 1);
      CHECK(frame_count(frame_start(k + 1, rate), rate) == k + 1);
    }
  }
}
