// Whatever a host calls in whatever order, nothing breaks. Built with sanitizers, this is where they look.
#include <doctest/doctest.h>

#include <random>

#include "host.h"

using namespace hosting;

namespace {

class Abuse {
 public:
  Abuse(const std::string& id, unsigned seed) : random_(seed), processor_(make(id)) {
    processor_->prepareToPlay(rate_, 512);
    states_.push_back(state_of(*processor_));
  }

  void call() {
    switch (below(31)) {
      case 0: prepare(); break;
      case 1: processor_->reset(); break;
      case 2: states_.push_back(state_of(*processor_)); break;
      case 3: restore(*processor_, states_[static_cast<std::size_t>(below(static_cast<int>(states_.size())))]); break;
      case 4: restore(*processor_, spoilt(states_.back())); break;
      case 5: processor_->setNonRealtime(below(2) == 0); break;
      case 6: window_.reset(below(2) == 0 ? processor_->createEditor() : nullptr); break;
      case 7: watch_.reset(); break;
      case 8: watch_ = std::make_unique<ddsp_rt::plugin::ReadingsFeed::Watch>(processor_->feed()); break;
      case 9: processor_->learn(); break;
      case 10: processor_->set_fitting({.octave = below(9) - 4, .loudness = {}, .gate_db = -50.0f}); break;
      case 11: processor_->choose({names_[static_cast<std::size_t>(below(3))], "", ""}); break;
      case 12: processor_->releaseResources(); break;
      case 13: processor_->setCurrentProgram(below(140) - 5); break;
      case 14: layout(); break;
      case 15: choose_second(); break;
      case 16:
      case 17:
      case 18: set_something(); break;
      default: block(); break;
    }
    if (states_.size() > 20) states_.erase(states_.begin());
  }

  ~Abuse() { window_.reset(); }

 private:
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  float share() { return std::uniform_real_distribution<float>(0.0f, 1.0f)(random_); }

  void prepare() {
    constexpr double kRates[] = {44100, 48000, 96000, 22050, 8000, 192000, 4000, 47999.6};
    rate_ = kRates[below(8)];
    processor_->prepareToPlay(rate_, 1 + below(4096));
  }

  void layout() {
    juce::AudioProcessor::BusesLayout wanted;
    const auto any = [&] { return below(2) == 0 ? juce::AudioChannelSet::mono() : juce::AudioChannelSet::stereo(); };
    if (!processor_->acceptsMidi()) wanted.inputBuses.add(any());
    wanted.outputBuses.add(any());
    CHECK(processor_->setBusesLayout(wanted));
    prepare();
  }

  void choose_second() {
    const std::string name = seconds_[static_cast<std::size_t>(below(4))];
    processor_->choose_second({name, "", ""});
    processor_->host_parameter("morph")->put(100.0f * share());
  }

  void set_something() {
    const auto& all = processor_->host_parameters();
    auto* parameter = all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
    parameter->setValueNotifyingHost(below(10) == 0 ? std::nanf("") : share() * 1.2f - 0.1f);
    CHECK(parameter->getValue() >= 0.0f);
    CHECK(parameter->getValue() <= 1.0f);
    CHECK(parameter->getText(parameter->getValue(), 64).isNotEmpty());
  }

  std::string spoilt(std::string state) {
    for (int i = below(8); i >= 0 && !state.empty(); --i)
      state[static_cast<std::size_t>(below(static_cast<int>(state.size())))] = static_cast<char>(below(256));
    if (below(4) == 0) state.resize(static_cast<std::size_t>(below(static_cast<int>(state.size()) + 1)));
    return state;
  }

  void block() {
    const int count = below(20) == 0 ? below(5000) : below(600);
    const int channels = std::max(processor_->getTotalNumInputChannels(), processor_->getTotalNumOutputChannels());
    juce::AudioBuffer<float> buffer(channels, count);
    const int kind = below(6);
    for (int c = 0; c < channels; ++c) {
      for (int i = 0; i < count; ++i) {
        const float noise = 2.0f * share() - 1.0f;
        const float strange[] = {tone(at_ + i), noise, 0.0f, 1e9f * noise, std::nanf(""), HUGE_VALF};
        buffer.setSample(c, i, strange[kind]);
      }
    }
    at_ += count;
    juce::MidiBuffer midi;
    for (int i = count > 0 ? below(12) : 0; i > 0; --i) {
      const unsigned char bytes[] = {static_cast<unsigned char>(0x80 + below(0x80)),
                                     static_cast<unsigned char>(below(128)), static_cast<unsigned char>(below(128))};
      midi.addEvent(bytes, 1 + below(3), below(count));
    }
    if (below(20) == 0) {
      processor_->processBlockBypassed(buffer, midi);
    } else {
      processor_->processBlock(buffer, midi);
    }
    bool sound = true;
    for (int c = 0; c < processor_->getTotalNumOutputChannels(); ++c)
      for (int i = 0; i < count; ++i) sound &= std::isfinite(buffer.getSample(c, i));
    CHECK(sound);
    if (ddsp_rt::plugin::Readings readings; watch_) watch_->latest(readings);
  }

  const std::vector<std::string> names_{"violin", "none of this name", "../violin"};
  const std::vector<std::string> seconds_{"cello", "alto-saxophone", "none of this name", ""};
  std::mt19937 random_;
  double rate_ = kRate;
  std::int64_t at_ = 0;
  std::vector<std::string> states_;
  std::unique_ptr<Processor> processor_;
  std::unique_ptr<juce::AudioProcessorEditor> window_;
  std::unique_ptr<ddsp_rt::plugin::ReadingsFeed::Watch> watch_;
};

}  // namespace

TEST_CASE("Ten thousand calls of any kind break neither plugin") {
  for (const char* id : {"transfer", "instrument"}) {
    CAPTURE(id);
    for (unsigned seed = 1; seed <= 5; ++seed) {
      Abuse abuse(id, seed);
      for (int i = 0; i < 1000; ++i) abuse.call();
    }
  }
}

TEST_CASE("Plugins come and go") {
  for (int i = 0; i < 100; ++i) {
    const auto processor = make(i % 2 == 0 ? "transfer" : "instrument");
    if (i % 3 != 0) {
      processor->prepareToPlay(i % 4 == 0 ? 44100 : kRate, 256);
      CHECK(peak(play(*processor, 0.02, 256)) < 4.0f);
    }
    if (i % 5 == 0) {
      const std::unique_ptr<juce::AudioProcessorEditor> window(processor->createEditor());
      CHECK(window != nullptr);
    }
  }
}
