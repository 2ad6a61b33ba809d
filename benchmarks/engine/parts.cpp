// Where the time of a frame goes: each part of the engine alone, on what it would get in a transfer.
//
//   engine_parts INSTRUMENT [RATE [SECONDS]]
//
// Prints microseconds a frame and shares, as JSON: the best of some runs, warm caches. Part by part the caches are
// warmer than in the whole, so the parts add up to less than it. The whole is played by turns with life as the
// instrument has it and without (`without_life_us`); `life_share` is what life adds, of the whole without it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <time.h>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/kernels/kernels.h"
#include "ddsp_rt/playing/transfer.h"
#include "ddsp_rt/realtime.h"
#include "ddsp_rt/synthesis/filtered_noise.h"
#include "ddsp_rt/synthesis/harmonic_oscillators.h"
#include "ddsp_rt/synthesis/life.h"
#include "ddsp_rt/synthesis/reverb.h"

using namespace ddsp_rt;

namespace {

constexpr int kRuns = 9;

// Ten harmonics with vibrato.
std::vector<float> tone(int rate, double seconds) {
  std::vector<float> out(static_cast<std::size_t>(rate * seconds));
  double phase = 0.0;
  for (std::size_t n = 0; n < out.size(); ++n) {
    phase += 440.0 * std::exp2(50.0 / 1200.0 * std::sin(2.0 * std::numbers::pi * 5.0 * double(n) / rate)) / rate;
    for (int h = 1; h <= 10; ++h) out[n] += static_cast<float>(0.1 / h * std::sin(2.0 * std::numbers::pi * h * phase));
  }
  return out;
}

// Microseconds of the thread's own time of one call of `run`: what else the machine does disturbs it less.
template <typename Run>
double time_of(Run run) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return 1e6 * static_cast<double>(time.tv_sec) + 1e-3 * static_cast<double>(time.tv_nsec);
  };
  const double start = now();
  run();
  return now() - start;
}

// The best of some.
template <typename Run>
double best_of(Run run) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kRuns; ++i) best = std::min(best, time_of(run));
  return best;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return std::fprintf(stderr, "usage: engine_parts INSTRUMENT [RATE [SECONDS]]\n"), 2;
  const int rate = count > 2 ? std::atoi(arguments[2]) : 48000;
  const double seconds = count > 3 ? std::atof(arguments[3]) : 4.0;
  const auto instrument = Instrument::load(arguments[1]);
  const std::vector<float> audio = tone(rate, seconds);
  const auto frames = static_cast<std::size_t>(frame_count(static_cast<std::int64_t>(audio.size()), rate));
  const auto start_of = [&](std::size_t k) {
    return static_cast<std::size_t>(frame_start(static_cast<std::int64_t>(k), rate));
  };
  const auto length_of = [&](std::size_t k) { return frame_length(static_cast<std::int64_t>(k), rate); };
  const FlushDenormals flush;

  std::vector<std::pair<std::string, double>> parts;
  const auto time = [&](const char* name, auto run) { parts.emplace_back(name, best_of(run) / double(frames)); };

  std::vector<float> out(audio.size() + 1024);
  const AnalyserSettings settings{.mfcc = instrument->encoder.has_value()};
  std::vector<Features> features;
  time("analysis", [&] { features = analyse(audio, rate, settings); });

  std::vector<Controls> controls(frames, instrument->decoder.make_controls());
  Decoder::State state = instrument->decoder.make_state();
  const std::vector<float> z(instrument->decoder.spec().z_dims);
  time("network", [&] {
    for (std::size_t k = 0; k < frames; ++k) instrument->decoder.step(state, features[k], z.data(), controls[k]);
  });

  const int harmonics = static_cast<int>(instrument->decoder.spec().harmonics);
  Life life(instrument->life, instrument->model_rate, static_cast<std::size_t>(harmonics), 440.0f, 1);
  Controls bent = controls[0];
  time("life", [&] {
    for (std::size_t k = 0; k < frames; ++k) {
      bent = controls[k];
      life.play(features[k].f0, 1.0f, bent);
    }
  });
  const int bands = static_cast<int>(instrument->decoder.spec().noise_bands);
  HarmonicOscillators oscillators(rate, instrument->model_rate, harmonics);
  time("harmonic oscillators", [&] {
    for (std::size_t k = 0; k + 1 < frames; ++k)
      oscillators.render(features[k].f0, controls[k], length_of(k), out.data() + start_of(k));
  });
  FilteredNoise noise(rate, instrument->model_rate, bands);
  time("filtered noise", [&] {
    for (std::size_t k = 0; k + 1 < frames; ++k)
      noise.render(controls[k].noise.data(), length_of(k), length_of(k + 1), out.data() + start_of(k));
  });
  Reverb reverb(instrument->room(rate));
  time("reverb", [&] {
    std::copy(audio.begin(), audio.end(), out.begin());
    for (std::size_t k = 0; k + 1 < frames; ++k) reverb.process(out.data() + start_of(k), length_of(k), 1.0f);
  });
  Transfer transfer(instrument, rate);
  double sum = 0.0;
  for (const auto& part : parts) sum += part.second;
  double whole = std::numeric_limits<double>::infinity(), without_life = whole;
  for (int turn = 0; turn < kRuns; ++turn)
    for (const bool lives : {true, false}) {
      transfer.set(Parameter::kLife, lives ? 100.0f : 0.0f);
      transfer.reset();
      double& best = lives ? whole : without_life;
      best =
          std::min(best, time_of([&] { transfer.process(audio.data(), out.data(), static_cast<int>(audio.size())); }));
    }
  whole /= double(frames), without_life /= double(frames);

  std::printf("{\n  \"rate\": %d,\n  \"kernels\": \"%s\",\n  \"whole_us\": %.2f,\n  \"times_real_time\": %.1f,\n", rate,
              kernels().name, whole, 1e6 / kFrameRate / whole);
  std::printf("  \"without_life_us\": %.2f,\n  \"life_share\": %.4f,\n", without_life, whole / without_life - 1.0);
  std::printf("  \"parts_us\": {");
  for (std::size_t i = 0; i < parts.size(); ++i)
    std::printf("%s\n    \"%s\": %.2f", i ? "," : "", parts[i].first.c_str(), parts[i].second);
  std::printf("\n  },\n  \"sum_us\": %.2f\n}\n", sum);
  return 0;
}
