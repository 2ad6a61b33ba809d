// What a plugin costs over the engine alone: both play the same tone in blocks of 64 samples at 48 kHz, by turns. And
// how long a host waits for it.
#include <juce_audio_processors/juce_audio_processors.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <numbers>
#include <vector>

#include "ddsp_rt/live/cache.h"
#include "ddsp_rt/live/live.h"
#include "transfer_processor.h"

namespace {

constexpr int kRate = 48000, kBlock = 64, kTurns = 21;
constexpr double kSeconds = 4.0;  // of sound in a turn
using Clock = std::chrono::steady_clock;

double since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

float tone(int at) {
  double sum = 0.0;
  for (int h = 1; h <= 8; ++h) sum += 0.2 / h * std::sin(2.0 * std::numbers::pi * 300.0 * h * at / kRate);
  return static_cast<float>(sum);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// Seconds that a turn takes; each block's own time is added to `blocks`.
double turn(const std::vector<float>& input, std::vector<double>& blocks, const std::function<void(int)>& play) {
  const auto began = Clock::now();
  for (int at = 0; at + kBlock <= static_cast<int>(input.size()); at += kBlock) {
    const auto block = Clock::now();
    play(at);
    blocks.push_back(since(block));
  }
  return since(began);
}

std::unique_ptr<ddsp_rt::plugin::TransferProcessor> opened() {
  auto processor = std::make_unique<ddsp_rt::plugin::TransferProcessor>();
  processor->prepareToPlay(kRate, kBlock);
  return processor;
}

}  // namespace

int main() {
  const juce::ScopedJuceInitialiser_GUI message_thread;
  setenv("DDSP_RT_PATH", DDSP_RT_INSTRUMENTS, 1);
  std::vector<float> input(static_cast<std::size_t>(kSeconds * kRate));
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = tone(static_cast<int>(i));

  const auto began = Clock::now();
  const auto processor = opened();
  juce::AudioBuffer<float> buffer(2, kBlock);
  juce::MidiBuffer midi;
  const auto play = [&](ddsp_rt::plugin::TransferProcessor& host, int at) {
    for (int c = 0; c < 2; ++c) buffer.copyFrom(c, 0, input.data() + at, kBlock);
    host.processBlock(buffer, midi);
  };
  play(*processor, 0);
  std::printf("open to first sound      %7.1f ms   (wanted: 300)\n", 1e3 * since(began));

  ddsp_rt::Live<ddsp_rt::Transfer> live(kRate);
  live.load(ddsp_rt::load_shared(DDSP_RT_INSTRUMENTS "/violin.ddsp"));
  std::vector<float> out(kBlock);
  std::vector<double> ratios, engine_blocks, plugin_blocks;
  for (int i = 0; i < kTurns; ++i) {
    const double engine =
        turn(input, engine_blocks, [&](int at) { live.process(input.data() + at, out.data(), kBlock); });
    const double plugin = turn(input, plugin_blocks, [&](int at) { play(*processor, at); });
    ratios.push_back(plugin / engine);
  }
  std::printf("one instance over engine %7.3f      (wanted: 1.10; median of %d turns)\n", median(ratios), kTurns);
  const double slow = quantile(engine_blocks, 0.999), slower = quantile(plugin_blocks, 0.999);
  std::printf("p99.9 of a block         %7.1f us   engine %.1f us, ratio %.2f (wanted: 2)\n", 1e6 * slower, 1e6 * slow,
              slower / slow);

  std::vector<std::unique_ptr<ddsp_rt::plugin::TransferProcessor>> eight;
  for (int i = 0; i < 8; ++i) eight.push_back(opened());
  std::vector<double> growth, ignored;
  for (int i = 0; i < 5; ++i) {
    const double one = turn(input, ignored, [&](int at) { play(*eight[0], at); });
    const double all = turn(input, ignored, [&](int at) {
      for (auto& host : eight) play(*host, at);
    });
    growth.push_back(all / one);
  }
  std::printf("eight instances over one %7.2f      (wanted: 8)\n", median(growth));
}
