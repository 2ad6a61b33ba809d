// DDSP-RT Instrument: keys in, the instrument out.
#pragma once

#include <vector>

#include "ddsp_rt/playing/midi_reader.h"
#include "ddsp_rt/playing/notes.h"
#include "live_processor.h"

namespace ddsp_rt::plugin {

class InstrumentProcessor final : public LiveProcessor<Notes> {
 public:
  InstrumentProcessor();
  ~InstrumentProcessor() override { stop(); }

  void play_key(const ScreenKeys::Stroke& stroke) override { screen_keys_.press(stroke); }

  bool acceptsMidi() const override { return true; }
  bool producesMidi() const override { return false; }
  bool supportsMPE() const override { return true; }

 private:
  static constexpr std::size_t kMostEvents = 4096;  // of a block

  void take(juce::MidiBuffer& midi) override;
  void sound(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi, bool bypassed, bool watched) noexcept override;
  void show(Readings& readings) noexcept override;
  void follow_switches() noexcept;
  void silence() override;
  double release_seconds() const override { return 0.001 * host_parameter("release")->info().maximum; }

  HostParameter &bend_range_parameter_, &mpe_switch_;
  MidiReader midi_;
  ScreenKeys screen_keys_;
  std::vector<NoteEvent> events_;
  float heard_ = 1.0f;  // 0 when bypassed
  float bend_range_ = kDefaultBendRange;
  bool mpe_ = false;
};

}  // namespace ddsp_rt::plugin
