// A plugin around one of the engine's live doors.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "ddsp_rt/live/live.h"
#include "ddsp_rt/live/peak_meter.h"
#include "processor.h"

namespace ddsp_rt::plugin {

template <typename Door>
class LiveProcessor : public Processor {
 public:
  void processBlock(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi) final { block(buffer, midi, false); }
  void processBlockBypassed(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi) final {
    block(buffer, midi, true);
  }

 protected:
  LiveProcessor(Doors door, const BusesProperties& buses)
      : Processor(door, buses), bypass_switch_(own("bypass")), live_(std::make_unique<Live<Door>>(kSomeRate)) {
    for (HostParameter* parameter : host_parameters())
      if (const auto known = find_parameter(parameter->info().name); known && *known != Parameter::kDryWet)
        followed_.push_back({parameter, *known});  // dry and wet are mixed by the plugin
  }

  // What a block is, in this order; audio thread, real-time.

  /// What the host hands in beside the sound is read, and room is made for what comes out.
  virtual void take(juce::MidiBuffer& midi) = 0;
  /// The block itself, of at least one channel; what the host has set holds already.
  virtual void sound(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi, bool bypassed,
                     bool watched) noexcept = 0;
  /// Beside what every plugin shows, while somebody watches.
  virtual void show(Readings& readings) noexcept = 0;

  /// Audio thread: what the host has set since the last block; what nobody has moved is the instrument's own, where it
  /// has one. Real-time.
  void follow_parameters() noexcept {
    for (Followed& followed : followed_) {
      const float value = followed.host->asked();
      if (value == followed.given || (std::isnan(value) && std::isnan(followed.given))) continue;
      followed.given = value;
      live_->set(followed.parameter, value);
    }
  }

  bool remake(int rate) override {
    try {
      live_ = std::make_unique<Live<Door>>(rate, *live_);
      output_meter_.emplace(rate);
      return true;
    } catch (const std::exception& error) {
      notice(std::string(error.what()) + "; there will be no sound");
      return false;
    }
  }

  void silence() override { live_->reset(); }

  HostParameter& bypass_switch_;
  std::unique_ptr<Live<Door>> live_;

 private:
  static constexpr int kSomeRate = 48000;  // until the host says

  void block(juce::AudioBuffer<float>& buffer, juce::MidiBuffer& midi, bool bypassed) {
    take(midi);
    begin_block();
    if (!playable_ || buffer.getNumChannels() == 0) return buffer.clear();
    bypassed = bypassed || bypass_switch_.on();
    const bool watched = feed_.watched();
    if (watched) load_.begin();
    follow_parameters();
    sound(buffer, midi, bypassed, watched);
    if (!watched) return;
    const int n = buffer.getNumSamples();
    output_meter_->add(buffer.getReadPointer(0), n);
    load_.end(n, live_->rate());
    Readings readings;
    readings.output_db = output_meter_->db();
    readings.load = load_.mean();
    readings.worst_load = load_.worst();
    readings.bypassed = bypassed;
    show(readings);
    feed_.write(readings);
  }

  struct Followed {
    HostParameter* host;
    Parameter parameter;
    float given = std::numeric_limits<float>::quiet_NaN();  // nothing yet: the engine leaves it alone
  };

  void give(const Instruments& instruments) override { live_->load(instruments); }
  void collect() override { live_->collect(); }

  std::vector<Followed> followed_;
  LoadMeter load_;
  std::optional<PeakMeter> output_meter_;
};

}  // namespace ddsp_rt::plugin
