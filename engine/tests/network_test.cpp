// The control network against the PyTorch twin's stored answers, and what must hold for any weights.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <numbers>
#include <random>

#include "ddsp_rt/files/safetensors.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/kernels/kernels.h"
#include "realtime_guard.h"

namespace {

using namespace ddsp_rt;

std::vector<std::byte> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> bytes(text.size());
  std::transform(text.begin(), text.end(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

const std::string kData = DDSP_RT_TEST_DATA;

Features features_at(const Safetensors& golden, std::size_t frame) {
  Features features;
  features.f0 = golden.tensors.at("f0")[frame];
  features.periodicity = golden.tensors.at("periodicity")[frame];
  features.loudness = golden.tensors.at("loudness")[frame];
  for (std::size_t i = 0; i < kMfccCount; ++i) features.mfcc[i] = golden.tensors.at("mfcc")[frame * kMfccCount + i];
  return features;
}

bool same(const Controls& a, const Controls& b) {
  return a.amplitude == b.amplitude && a.harmonics == b.harmonics && a.noise == b.noise;
}

TEST_CASE("the golden instrument answers as the PyTorch twin did") {
  const auto instrument = Instrument::load(kData + "/golden.ddsp");
  const auto bytes = read_bytes(kData + "/golden_network.safetensors");
  const Safetensors golden = parse_safetensors(bytes);
  CHECK(instrument->name == "Golden");
  CHECK(instrument->model_rate == 16000);
  CHECK(instrument->impulse_response.size() == 400);
  CHECK(instrument->quantiles.pitch_midi[4] == 67.0f);
  CHECK(instrument->gate_db == -70.0f);

  auto encoder_state = instrument->encoder->make_state();
  auto state = instrument->decoder.make_state();
  Controls controls = instrument->decoder.make_controls();
  std::vector<float> z(instrument->encoder->spec().z_dims);
  double worst = 0.0;
  const auto compare = [&](const char* name, std::size_t index, float value) {
    worst = std::max(worst, std::fabs(static_cast<double>(value) - golden.tensors.at(name)[index]));
  };
  for (std::size_t frame = 0; frame < golden.tensors.at("f0").size(); ++frame) {
    const Features features = features_at(golden, frame);
    instrument->encoder->step(encoder_state, features.mfcc, z.data());
    instrument->decoder.step(state, features, z.data(), controls);
    for (std::size_t i = 0; i < z.size(); ++i) compare("z", frame * z.size() + i, z[i]);
    compare("amplitude", frame, controls.amplitude);
    for (std::size_t i = 0; i < 12; ++i) compare("harmonics", frame * 12 + i, controls.harmonics[i]);
    for (std::size_t i = 0; i < 9; ++i) compare("noise", frame * 9 + i, controls.noise[i]);
  }
  CHECK(worst < 1e-5);
}

TEST_CASE("two voices share weights but no state, and reset forgets") {
  const auto instrument = Instrument::load(kData + "/golden.ddsp");
  const Decoder& decoder = instrument->decoder;
  auto first = decoder.make_state(), second = decoder.make_state();
  Controls a = decoder.make_controls(), b = decoder.make_controls();
  const float z[3] = {0.1f, -0.2f, 0.3f};
  const Features tone{440.0f, 0.9f, -20.0f, {}};
  for (int frame = 0; frame < 20; ++frame) decoder.step(first, tone, z, a);
  decoder.step(second, tone, z, b);
  CHECK(!same(a, b));
  first.reset();
  decoder.step(first, tone, z, a);
  CHECK(same(a, b));
}

TEST_CASE("voices that step together answer as each would alone") {
  const auto instrument = Instrument::load(kData + "/golden.ddsp");
  const Decoder& decoder = instrument->decoder;
  const float z[3] = {0.1f, -0.2f, 0.3f};
  std::vector<Decoder::State> alone, together;
  std::vector<Controls> wanted, got;
  for (std::size_t voice = 0; voice < kMostAtOnce; ++voice) {
    alone.push_back(decoder.make_state());
    together.push_back(decoder.make_state());
    wanted.push_back(decoder.make_controls());
    got.push_back(decoder.make_controls());
  }
  const auto heard = [](std::size_t voice, std::size_t frame) {
    return Features{200.0f + 50.0f * static_cast<float>(voice) + static_cast<float>(frame), 0.9f, -20.0f, {}};
  };
  // Voices come and go: at frame f those sound whose bit is set in f. Between the frames some of the work ahead is
  // done, or all of it, and of what is expected a third is right.
  for (std::size_t frame = 0; frame < 256; ++frame) {
    std::array<Features, kMostAtOnce> features, expected;
    std::vector<Decoder::Pass> passes, ahead;
    std::vector<Decoder::State*> sounding;
    for (std::size_t voice = 0; voice < kMostAtOnce; ++voice) {
      if (!(frame >> voice & 1)) continue;
      features[voice] = heard(voice, frame);
      passes.push_back({&together[voice], &features[voice], z, &got[voice]});
      sounding.push_back(&together[voice]);
      decoder.step(alone[voice], features[voice], z, wanted[voice]);
    }
    decoder.step(passes);
    for (int part = 0; part < static_cast<int>(frame % 3); ++part) decoder.anticipate(sounding, part);
    for (std::size_t voice = 0; voice < kMostAtOnce; ++voice) {
      expected[voice] = heard(voice, frame + (frame + voice) % 3);
      if ((frame + voice) % 5 < 3) ahead.push_back({&together[voice], &expected[voice], z, &got[voice]});
    }
    for (int part = 0; part < static_cast<int>(frame / 3 % (Decoder::kParts + 1)); ++part) decoder.expect(ahead, part);
    for (std::size_t voice = 0; voice < kMostAtOnce; ++voice) REQUIRE(same(got[voice], wanted[voice]));
  }
}

TEST_CASE("what was expected is not answered again when it comes, and what was not expected is") {
  const auto instrument = Instrument::load(kData + "/golden.ddsp");
  const Decoder& decoder = instrument->decoder;
  const float z[3] = {0.1f, -0.2f, 0.3f};
  auto state = decoder.make_state(), fresh = decoder.make_state();
  Controls got = decoder.make_controls(), wanted = got;
  const Features tone{440.0f, 0.9f, -20.0f, {}}, other{440.0f, 0.9f, -19.0f, {}};
  const std::array ahead{Decoder::Pass{&state, &tone, z, &got}};
  for (int part = 0; part < Decoder::kParts; ++part) decoder.expect(ahead, part);
  state.output[0] = 42.0f;  // a mark on the answer
  decoder.step(state, tone, z, got);
  CHECK(got.amplitude == 42.0f);

  state.reset();
  for (int part = 0; part < Decoder::kParts; ++part) decoder.expect(ahead, part);
  decoder.step(state, other, z, got);
  decoder.step(fresh, other, z, wanted);
  CHECK(same(got, wanted));
  decoder.step(state, tone, z, got);
  decoder.step(fresh, tone, z, wanted);
  CHECK(same(got, wanted));

  for (int part = 0; part < Decoder::kParts; ++part) decoder.expect(ahead, part);
  state.reset();
  fresh.reset();
  decoder.step(state, tone, z, got);
  decoder.step(fresh, tone, z, wanted);
  CHECK(same(got, wanted));
}

TEST_CASE("features that are no numbers do no lasting harm") {
  const auto instrument = Instrument::load(kData + "/golden.ddsp");
  const Decoder& decoder = instrument->decoder;
  auto state = decoder.make_state();
  Controls controls = decoder.make_controls();
  const float nan = std::nanf(""), inf = std::numeric_limits<float>::infinity();
  const float bad_z[3] = {nan, inf, -inf}, z[3] = {};
  for (float bad : {nan, inf, -inf, 0.0f, -1.0f}) {
    decoder.step(state, Features{bad, bad, bad, {}}, bad_z, controls);
    decoder.step(state, Features{440.0f, 1.0f, -20.0f, {}}, z, controls);
    CHECK(std::isfinite(controls.amplitude));
    CHECK(std::all_of(controls.harmonics.begin(), controls.harmonics.end(), [](float x) { return std::isfinite(x); }));
  }
}

TEST_CASE("a step is real-time") {
  const auto instrument = Instrument::load(kData + "/golden.ddsp");
  auto state = instrument->decoder.make_state();
  auto encoder_state = instrument->encoder->make_state();
  Controls controls = instrument->decoder.make_controls();
  float z[3];
  CHECK(run_guarded([] {},
                    [&] {
                      instrument->encoder->step(encoder_state, {}, z);
                      instrument->decoder.step(state, {}, z, controls);
                    }) == "ok");
}

TEST_CASE("kernels agree with plain arithmetic in double precision") {
  std::mt19937 generator(4);
  std::normal_distribution<float> normal;
  for (const Kernels* set : {&kernels(), &portable_kernels()}) {
    CAPTURE(set->name);
    for (std::size_t columns : {1, 3, 4, 7, 64, 193}) {
      const std::size_t rows = 3 * kPanel;
      std::vector<float> weights(rows * columns), bias(rows), x(columns), y(rows);
      for (auto* values : {&weights, &bias, &x})
        std::generate(values->begin(), values->end(), [&] { return normal(generator); });
      const Product product{x.data(), y.data()};
      set->dense_f32(&product, 1, weights.data(), bias.data(), rows, columns);
      for (std::size_t row = 0; row < rows; ++row) {
        double sum = bias[row];
        for (std::size_t column = 0; column < columns; ++column)
          sum += double{weights[row / kPanel * kPanel * columns + column * kPanel + row % kPanel]} * x[column];
        REQUIRE(y[row] == doctest::Approx(sum).epsilon(1e-5).scale(10.0));
      }
    }
    std::vector<float> scaled, state, from_input, from_state;
    for (float v = -30.0f; v < 30.0f; v += 0.01f) scaled.push_back(v);
    const std::vector<float> argument = scaled;
    set->scale_output(scaled.data(), scaled.size());
    for (std::size_t i = 0; i < scaled.size(); ++i) {
      const double sigmoid = 1.0 / (1.0 + std::exp(-double{argument[i]}));
      const double expected = 2.0 * std::pow(sigmoid, std::numbers::ln10) + 1e-7;
      REQUIRE(std::fabs(scaled[i] - expected) < (4e-7 + 2e-7 * std::fabs(argument[i])) * expected);
    }
    const std::size_t width = 1001;
    for (float extent : {0.01f, 1.0f, 10.0f, 1000.0f}) {
      for (auto* values : {&from_input, &from_state, &state}) {
        values->resize(values == &state ? width : 3 * width);
        const float scale = values == &state ? 1.0f : extent;
        std::generate(values->begin(), values->end(), [&] { return normal(generator) * scale; });
      }
      const std::vector<float> before = state;
      set->gru_update(state.data(), from_input.data(), from_state.data(), width);
      const auto gate = [&](std::size_t i) {
        return 1.0 / (1.0 + std::exp(-static_cast<double>(from_input[i] + from_state[i])));
      };
      for (std::size_t i = 0; i < width; ++i) {
        const double argument_of_tanh = from_input[2 * width + i] + gate(i) * from_state[2 * width + i];
        const double fresh = std::tanh(argument_of_tanh), update = gate(width + i);
        const double expected = (1.0 - update) * fresh + update * before[i];
        const double rounding = 1.2e-7 * (std::fabs(from_input[2 * width + i]) + std::fabs(argument_of_tanh)) *
                                (1.0 - fresh * fresh);  // of tanh's argument
        REQUIRE(std::fabs(state[i] - expected) < 4e-7 * (std::fabs(fresh) + std::fabs(before[i])) + rounding);
      }
    }
  }
}

TEST_CASE("A layer gives several voices what it gives each alone, to the bit") {
  std::mt19937 generator(5);
  std::normal_distribution<float> normal;
  const std::size_t rows = 2 * kPanel;
  for (std::size_t columns : {1, 7, 193}) {
    std::vector<float> weights(rows * columns), bias(rows), x(kMostAtOnce * columns);
    for (auto* values : {&weights, &bias, &x})
      std::generate(values->begin(), values->end(), [&] { return normal(generator); });
    std::vector<std::uint16_t> halves(weights.size());
    std::generate(halves.begin(), halves.end(), [&] { return static_cast<std::uint16_t>(generator() & 0xbbffu); });
    const auto check = [&](auto apply, const auto& packed) {
      for (std::size_t count = 1; count <= kMostAtOnce; ++count) {
        std::vector<float> alone(count * rows), together(count * rows);
        std::vector<Product> products;
        for (std::size_t p = 0; p < count; ++p) {
          const Product product{x.data() + p * columns, alone.data() + p * rows};
          apply(&product, 1, packed.data(), bias.data(), rows, columns);
          products.push_back({product.x, together.data() + p * rows});
        }
        apply(products.data(), count, packed.data(), bias.data(), rows, columns);
        CAPTURE(count);
        REQUIRE(together == alone);
      }
    };
    for (const Kernels* set : {&kernels(), &portable_kernels()}) {
      CAPTURE(set->name);
      check(set->dense_f32, weights);
      if (set->dense_f16) check(set->dense_f16, halves);
    }
  }
}

TEST_CASE("halves widen exactly") {
  CHECK(half_to_float(0x3c00) == 1.0f);
  CHECK(half_to_float(0xc000) == -2.0f);
  CHECK(half_to_float(0x0001) == 0x1p-24f);
  CHECK(half_to_float(0x83ff) == -1023.0f * 0x1p-24f);
  CHECK(half_to_float(0x7bff) == 65504.0f);
  CHECK(std::isinf(half_to_float(0x7c00)));
  CHECK(std::isnan(half_to_float(0x7e00)));
  if (kernels().dense_f16) {
    std::vector<std::uint16_t> weights(kPanel);
    for (std::uint32_t base = 0; base < 0x7c00; base += kPanel) {
      for (std::uint32_t j = 0; j < kPanel; ++j) weights[j] = static_cast<std::uint16_t>(base + j);
      const float one = 1.0f, none[kPanel] = {};
      float y[kPanel];
      const Product product{&one, y};
      kernels().dense_f16(&product, 1, weights.data(), none, kPanel, 1);
      for (std::uint32_t j = 0; j < kPanel; ++j) REQUIRE(y[j] == half_to_float(weights[j]));
    }
  }
}

}  // namespace
