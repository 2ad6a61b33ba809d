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
  void processBlock(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi) override;
  void processBlockBypassed(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi) override;

 private:
  static constexpr std::size_t kMostEvents = 4096;  // of a block

  void read(const juce::MidiBuffer& midi) noexcept;
  void follow_switches() noexcept;
  void process(juce::AudioBuffer<float>& buffer, bool bypassed) noexcept;
  void show(bool bypassed) noexcept;
  bool remake(int rate) override;
  void silence() override;
  double release_seconds() const override { return 0.001 * host_parameter("release")->info().maximum; }

  HostParameter &bypass_switch_, &bend_range_parameter_, &mpe_switch_;
  MidiReader midi_;
  ScreenKeys screen_keys_;
  std::vector<NoteEvent> events_;
  std::optional<PeakMeter> output_meter_;
  float heard_ = 1.0f;  // 0 when bypassed
  float bend_range_ = kDefaultBendRange;
  bool mpe_ = false;
};

}  // namespace ddsp_rt::plugin
