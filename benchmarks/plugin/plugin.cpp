// What a plugin costs over the engine alone: both play the same tone in blocks of 64 samples at 48 kHz, by turns. What
// eight of them cost, and how long a user waits for one and for its window.
//
// Back to back a single instance finds its weights and its past in the nearest caches, which is more than a host grants
// it, and eight do not fit there; so the engine's own eight stand beside the plugin's. Paced, blocks arrive in real
// time, and what counts is the thread's own time.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <sched.h>
#include <time.h>

#include "ddsp_rt/live/cache.h"
#include "ddsp_rt/live/live.h"
#include "host.h"

namespace {

using hosting::kRate;
using hosting::Processor;
using EngineAlone = ddsp_rt::Live<ddsp_rt::Transfer>;
constexpr int kBlock = 64, kTurns = 21, kRounds = 5, kMany = 8;
constexpr double kSeconds = 4.0;  // of sound in a turn
using Clock = std::chrono::steady_clock;

double since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}
double median(const std::vector<double>& values) { return quantile(values, 0.5); }

/// What comes in, and what a host has in its hands.
struct Desk {
  Desk() : input(static_cast<std::size_t>(kSeconds * kRate)), buffer(2, kBlock), out(kBlock) {
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = hosting::tone(static_cast<std::int64_t>(i));
  }

  void play(Processor& plugin, int at) {
    for (int c = 0; c < 2; ++c) buffer.copyFrom(c, 0, input.data() + at, kBlock);
    plugin.processBlock(buffer, midi);
  }
  void play(EngineAlone& engine, int at) { engine.process(input.data() + at, out.data(), kBlock); }

  /// Seconds that a turn takes; each block's own time is added to `blocks`.
  template <typename Played>
  double turn(const std::vector<std::unique_ptr<Played>>& all, std::size_t count,
              std::vector<double>* blocks = nullptr) {
    const auto began = Clock::now();
    for (int at = 0; at + kBlock <= static_cast<int>(input.size()); at += kBlock) {
      const auto block = Clock::now();
      for (std::size_t i = 0; i < count; ++i) play(*all[i], at);
      if (blocks) blocks->push_back(since(block));
    }
    return since(began);
  }

  /// The thread's own seconds in a turn whose blocks arrive in real time.
  template <typename Played>
  double paced(const std::vector<std::unique_ptr<Played>>& all, std::size_t count) {
    const auto began = Clock::now();
    double taken = 0.0;
    for (int at = 0; at + kBlock <= static_cast<int>(input.size()); at += kBlock) {
      std::this_thread::sleep_until(began + std::chrono::microseconds(1000000LL * at / kRate));
      const double block = thread_seconds();
      for (std::size_t i = 0; i < count; ++i) play(*all[i], at);
      taken += thread_seconds() - block;
    }
    return taken;
  }

  std::vector<float> input;
  juce::AudioBuffer<float> buffer;
  juce::MidiBuffer midi;
  std::vector<float> out;
};

std::unique_ptr<Processor> opened(const char* id) {
  auto processor = hosting::make(id);
  processor->prepareToPlay(kRate, kBlock);
  return processor;
}

/// From nothing to the first sample that is not silence, in seconds that a user waits.
double wait_for_sound(Desk& desk, const char* id) {
  const auto began = Clock::now();
  const auto processor = opened(id);
  if (processor->acceptsMidi()) desk.midi.addEvent(juce::MidiMessage::noteOn(1, 69, 0.8f), 0);
  for (int at = 0;; at += kBlock) {
    desk.play(*processor, at);
    desk.midi.clear();
    if (desk.buffer.getMagnitude(0, kBlock) > 1e-3f) return since(began);
  }
}

/// Until a window is there and drawn.
double wait_for_window(const char* id) {
  const auto processor = opened(id);
  const auto began = Clock::now();
  const std::unique_ptr<juce::AudioProcessorEditor> window(processor->createEditor());
  const juce::Image drawn = window->createComponentSnapshot(window->getLocalBounds());
  return drawn.isValid() ? since(began) : HUGE_VAL;
}

/// Plays from now on as an audio thread does: what else runs on this machine waits for it.
bool goes_first() {
  const sched_param lowest{.sched_priority = sched_get_priority_min(SCHED_FIFO)};
  return sched_setscheduler(0, SCHED_FIFO, &lowest) == 0;
}

/// What eight take as a multiple of what one does, by turns.
double growth(const std::function<double(std::size_t)>& seconds) {
  std::vector<double> ratios;
  for (int i = 0; i < kRounds; ++i) {
    const double one = seconds(1);
    ratios.push_back(seconds(kMany) / one);
  }
  return median(ratios);
}

}  // namespace

int main() {
  const juce::ScopedJuceInitialiser_GUI message_thread;
  setenv("DDSP_RT_PATH", DDSP_RT_INSTRUMENTS, 1);
  Desk desk;
  for (const char* id : {"transfer", "instrument"}) {
    std::printf("%-10s open to sound      %8.1f ms   (wanted: 300)\n", id, 1e3 * wait_for_sound(desk, id));
    std::printf("%-10s window             %8.1f ms   (wanted: 500)\n", id, 1e3 * wait_for_window(id));
  }

  std::vector<std::unique_ptr<Processor>> plugins;
  std::vector<std::unique_ptr<EngineAlone>> engines;
  for (int i = 0; i < kMany; ++i) {
    plugins.push_back(opened("transfer"));
    engines.push_back(std::make_unique<EngineAlone>(kRate));
    engines.back()->load(ddsp_rt::load_shared(DDSP_RT_INSTRUMENTS "/violin.ddsp"));
  }
  std::printf("at %s priority\n", goes_first() ? "real-time" : "ordinary");
  std::vector<double> ratios, engine_blocks, plugin_blocks;
  for (int i = 0; i < kTurns; ++i) {
    const double engine = desk.turn(engines, 1, &engine_blocks);
    ratios.push_back(desk.turn(plugins, 1, &plugin_blocks) / engine);
  }
  std::printf("one instance over the engine  %8.3f      (wanted: 1.10; median of %d turns)\n", median(ratios), kTurns);
  const double slow = quantile(engine_blocks, 0.999), slower = quantile(plugin_blocks, 0.999);
  std::printf("p99.9 of a block              %8.1f us   (engine %.1f us; ratio %.2f, wanted: 2)\n", 1e6 * slower,
              1e6 * slow, slower / slow);
  std::printf("eight over one, paced         %8.2f      (wanted: 8; engine alone %.2f)\n",
              growth([&](std::size_t count) { return desk.paced(plugins, count); }),
              growth([&](std::size_t count) { return desk.paced(engines, count); }));
  std::printf("eight over one, back to back  %8.2f      (engine alone %.2f)\n",
              growth([&](std::size_t count) { return desk.turn(plugins, count); }),
              growth([&](std::size_t count) { return desk.turn(engines, count); }));
}
