// What a host does to a plugin.
#pragma once

#include <juce_audio_processors/juce_audio_processors.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "instrument_processor.h"
#include "transfer_processor.h"

namespace hosting {

using ddsp_rt::plugin::InstrumentProcessor;
using ddsp_rt::plugin::Processor;
using ddsp_rt::plugin::TransferProcessor;

inline constexpr int kRate = 48000;

inline std::unique_ptr<Processor> make(const std::string& id) {
  if (id == "transfer") return std::make_unique<TransferProcessor>();
  return std::make_unique<InstrumentProcessor>();
}

/// A sung-like tone with a soft onset, whose sample `at` is its next.
inline float tone(std::int64_t at, double hertz = 300.0, int rate = kRate) {
  const double phase = 2.0 * std::numbers::pi * hertz * static_cast<double>(at) / rate;
  double sum = 0.0;
  for (int h = 1; h <= 8; ++h) sum += 0.2 / h * std::sin(h * phase);
  return static_cast<float>(sum);
}

/// Plays `seconds` in blocks of `block` samples; the first channel that comes out. `before(block number)` is called
/// before each.
template <typename Before>
std::vector<float> play(Processor& processor, double seconds, int block, Before&& before, int rate = kRate) {
  std::vector<float> heard;
  const int channels = std::max(processor.getTotalNumInputChannels(), processor.getTotalNumOutputChannels());
  const auto samples = static_cast<std::int64_t>(seconds * rate);
  for (std::int64_t done = 0, number = 0; done < samples; done += block, ++number) {
    const int count = static_cast<int>(std::min<std::int64_t>(block, samples - done));
    juce::AudioBuffer<float> buffer(channels, count);
    for (int c = 0; c < channels; ++c)
      for (int i = 0; i < count; ++i) buffer.setSample(c, i, tone(done + i, 300.0, rate));
    juce::MidiBuffer midi;
    if (processor.acceptsMidi() && done == 0) midi.addEvent(juce::MidiMessage::noteOn(1, 69, 0.8f), 0);
    before(number);
    processor.processBlock(buffer, midi);
    heard.insert(heard.end(), buffer.getReadPointer(0), buffer.getReadPointer(0) + count);
  }
  return heard;
}

inline std::vector<float> play(Processor& processor, double seconds, int block = 64) {
  return play(processor, seconds, block, [](std::int64_t) {});
}

inline float peak(const std::vector<float>& audio, std::size_t first = 0) {
  float largest = 0.0f;
  for (std::size_t i = first; i < audio.size(); ++i) largest = std::max(largest, std::abs(audio[i]));
  return largest;
}

inline std::string state_of(Processor& processor) {
  juce::MemoryBlock state;
  processor.getStateInformation(state);
  return {static_cast<const char*>(state.getData()), state.getSize()};
}

inline void restore(Processor& processor, const std::string& state) {
  processor.setStateInformation(state.data(), static_cast<int>(state.size()));
}

}  // namespace hosting
