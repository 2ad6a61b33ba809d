// What a host shows of values that it has not set itself.
#include <doctest/doctest.h>

#include <filesystem>
#include <mutex>

#include "host.h"

using namespace hosting;
using ddsp_rt::plugin::HostParameter;
using ddsp_rt::plugin::NamedInstrument;

namespace {

NamedInstrument shipped(const std::string& name) { return {name, DDSP_RT_INSTRUMENTS "/" + name + ".ddsp", ""}; }

/// A host that hears as JUCE's VST3 lets it: of what is told outside a block it hears after the next one, while a state
/// is set of nothing; then it reads every value.
class Host : juce::AudioProcessorListener {
 public:
  explicit Host(Processor& processor) : processor_(processor) {
    processor.addListener(this);
    read();
  }
  ~Host() override { processor_.removeListener(this); }

  void block(juce::MidiBuffer midi = {}) {
    juce::AudioBuffer<float> buffer(2, 64);
    buffer.clear();
    processor_.processBlock(buffer, midi);
    const std::lock_guard lock(mutex_);
    for (const auto& [index, share] : told_) shown_[static_cast<std::size_t>(index)] = share;
    told_.clear();
  }
  void open(const std::string& state) {
    deaf_ = true;
    restore(processor_, state);
    deaf_ = false;
    read();
  }
  /// Plays on until what was called for is there, and a block more.
  void block_until(const std::string& name) {
    for (int i = 0; i < 1000; ++i, juce::Thread::sleep(10)) {
      block();
      if (const auto status = processor_.status(); status.playing && status.playing->name == name) break;
    }
    block();
  }
  bool shows_what_holds() const {
    for (const HostParameter* parameter : processor_.host_parameters()) {
      CAPTURE(parameter->info().name);
      CHECK(shown_[static_cast<std::size_t>(parameter->getParameterIndex())] == parameter->getValue());
    }
    return true;
  }

 private:
  void audioProcessorParameterChanged(juce::AudioProcessor*, int index, float share) override {
    const std::lock_guard lock(mutex_);
    if (!deaf_) told_.emplace_back(index, share);
  }
  void audioProcessorChanged(juce::AudioProcessor*, const ChangeDetails&) override {}
  void read() {
    shown_.clear();
    for (const juce::AudioProcessorParameter* parameter : processor_.getParameters())
      shown_.push_back(parameter->getValue());
  }

  Processor& processor_;
  std::mutex mutex_;
  std::vector<std::pair<int, float>> told_;
  std::vector<float> shown_;
  std::atomic<bool> deaf_{false};
};

}  // namespace

TEST_CASE("A host that opens a session shows its instrument's own attack, and none that was told before it") {
  const auto one = make("instrument"), other = make("instrument");
  one->choose(shipped("alto-saxophone"));
  one->prepareToPlay(kRate, 64);
  Host host(*other);
  other->prepareToPlay(kRate, 64);  // brings the violin's
  const float violins = other->host_parameter("attack")->getValue();
  host.open(state_of(*one));
  CHECK(host.shows_what_holds());
  host.block();
  CHECK(host.shows_what_holds());
  CHECK(other->host_parameter("attack")->getValue() != violins);
  CHECK(other->host_parameter("attack")->left_alone());
}

TEST_CASE("A host shows what holds after a choice, a program change and a preset") {
  const auto processor = make("instrument");
  Host host(*processor);
  processor->prepareToPlay(kRate, 64);
  host.block();
  CHECK(host.shows_what_holds());

  const float violins = processor->host_parameter("attack")->getValue();
  processor->choose(shipped("alto-saxophone"));
  host.block_until("alto-saxophone");
  CHECK(host.shows_what_holds());
  CHECK(processor->host_parameter("attack")->getValue() != violins);
  CHECK(processor->save_preset("Told", true).empty());

  juce::MidiBuffer midi;
  midi.addEvent(juce::MidiMessage::programChange(1, 0), 0);
  host.block(midi);
  CHECK(processor->getCurrentProgram() == 0);
  CHECK(host.shows_what_holds());  // in the same block
  host.block_until("violin");
  CHECK(host.shows_what_holds());
  CHECK(processor->host_parameter("attack")->getValue() == violins);

  const auto presets = processor->presets();
  processor->host_parameter("brightness")->put(2.0f);
  CHECK(processor->apply_preset(presets.back()).empty());
  host.block_until("alto-saxophone");
  CHECK(host.shows_what_holds());
  std::filesystem::remove(presets.back().file);
}

TEST_CASE("A session that is opened after a program change keeps its own instrument") {
  const auto processor = make("instrument");
  Host host(*processor);
  processor->prepareToPlay(kRate, 64);
  const std::string state = state_of(*processor);
  juce::MidiBuffer midi;
  midi.addEvent(juce::MidiMessage::programChange(1, 3), 0);
  host.block(midi);
  host.open(state);
  juce::Thread::sleep(100);  // the housekeeping looks
  host.block();
  CHECK(processor->getCurrentProgram() == 0);
  CHECK(host.shows_what_holds());
}
