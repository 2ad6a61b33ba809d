// A block of DDSP-RT Instrument.
#include "instrument_processor.h"

#include <algorithm>

#include "show_voice.h"

namespace ddsp_rt::plugin {

InstrumentProcessor::InstrumentProcessor()
    : LiveProcessor(Doors::kNotes, BusesProperties().withOutput("Output", juce::AudioChannelSet::stereo())),
      bend_range_parameter_(own("bend_range")),
      mpe_switch_(own("mpe")) {
  events_.reserve(kMostEvents);
  start();
}

void InstrumentProcessor::silence() {
  midi_.reset();
  midi_.set_bend_range(bend_range_);
  mpe_ = false;  // told again with the next block
  heard_ = bypass_switch_.on() ? 0.0f : 1.0f;
  LiveProcessor::silence();
}

// The zone of MPE is made and unmade as a controller would do it: by its message (RPN 6) on the first channel.
void InstrumentProcessor::follow_switches() noexcept {
  const auto add = [this](const NoteEvent& event) {
    if (events_.size() < kMostEvents) events_.push_back(event);
  };
  if (const float range = bend_range_parameter_.value(); range != bend_range_)
    midi_.set_bend_range(bend_range_ = range);
  if (const bool wanted = mpe_switch_.on(); wanted != mpe_) {
    mpe_ = wanted;
    midi_.read(0xb0, 101, 0, 0, add);
    midi_.read(0xb0, 100, 6, 0, add);
    midi_.read(0xb0, 6, wanted ? kChannels - 1 : 0, 0, add);
    midi_.read(0xb0, 101, 127, 0, add);
    midi_.read(0xb0, 100, 127, 0, add);
  }
}

void InstrumentProcessor::take(juce::MidiBuffer& midi) {
  events_.clear();
  follow_switches();
  const auto add = [this](const NoteEvent& event) {
    if (events_.size() < kMostEvents) events_.push_back(event);
  };
  screen_keys_.take([&](const ScreenKeys::Stroke& stroke) {
    midi_.read(mpe_ ? 0x91 : 0x90, stroke.key & 0x7f, stroke.velocity & 0x7f, 0, add);
  });
  for (const juce::MidiMessageMetadata message : midi) {
    if (message.numBytes < 2 || message.data[0] < 0x80 || message.data[0] >= 0xf0) continue;
    if ((message.data[0] & 0xf0) == 0xc0) choose_program(message.data[1] & 0x7f);
    midi_.read(message.data[0], message.data[1], message.numBytes > 2 ? message.data[2] : 0, message.samplePosition,
               add);
  }
  midi.clear();
}

void InstrumentProcessor::sound(juce::AudioBuffer<float>& buffer, juce::MidiBuffer&, bool bypassed, bool) noexcept {
  const int n = buffer.getNumSamples();
  float* out = buffer.getWritePointer(0);
  live_->process({events_, n}, out, n);
  if (bypassed || heard_ < 1.0f) {
    const float step = (bypassed ? -1.0f : 1.0f) / (0.02f * static_cast<float>(live_->rate()));
    for (int i = 0; i < n; ++i) out[i] *= heard_ = std::clamp(heard_ + step, 0.0f, 1.0f);
  }
  for (int c = 1; c < buffer.getNumChannels(); ++c) buffer.copyFrom(c, 0, buffer, 0, 0, n);
}

void InstrumentProcessor::show(Readings& readings) noexcept {
  const Notes* const playing = live_->current();
  if (!playing) return;
  playing->each_note([&](int, int key, const Features& features, const Voice& voice) {
    const bool loudest = readings.note_count == 0 || features.loudness > readings.played_loudness;
    if (readings.note_count < Readings::kMostNotes)
      readings.notes[static_cast<std::size_t>(readings.note_count++)] = {key, features.f0, features.loudness};
    if (!loudest) return;
    readings.played_f0 = features.f0;
    readings.played_loudness = features.loudness;
    show_voice(voice, readings);
  });
}

}  // namespace ddsp_rt::plugin
