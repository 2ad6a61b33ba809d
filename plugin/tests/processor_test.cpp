// What a host may rely on.
#include <doctest/doctest.h>

#include <algorithm>

#include "ddsp_rt/live/cache.h"
#include "ddsp_rt/playing/parameters.h"
#include "host.h"
#include "realtime_guard.h"

using namespace hosting;
using ddsp_rt::plugin::HostParameter;
using ddsp_rt::plugin::NamedInstrument;

namespace {

std::unique_ptr<Processor> ready(const std::string& id, double rate = kRate) {
  auto processor = make(id);
  processor->prepareToPlay(rate, 512);
  return processor;
}

HostParameter& parameter(Processor& processor, const char* name) {
  HostParameter* found = processor.host_parameter(name);
  REQUIRE(found != nullptr);
  return *found;
}

float largest_step(const std::vector<float>& audio) {
  float largest = 0.0f;
  for (std::size_t i = 1; i < audio.size(); ++i) largest = std::max(largest, std::abs(audio[i] - audio[i - 1]));
  return largest;
}

}  // namespace

TEST_CASE("A plugin shows the engine's parameters of its door, under the engine's names and ranges") {
  for (const auto& [id, door] :
       {std::pair{"transfer", ddsp_rt::Doors::kTransfer}, {"instrument", ddsp_rt::Doors::kNotes}}) {
    const auto processor = make(id);
    for (const ddsp_rt::Parameter known : ddsp_rt::parameters_of(door)) {
      const auto& info = ddsp_rt::info(known);
      HostParameter& shown = parameter(*processor, info.name.data());
      CHECK(shown.getParameterID() == juce::String(info.name.data()));
      CHECK(shown.getNormalisableRange().start == info.minimum);
      CHECK(shown.getNormalisableRange().end == info.maximum);
      CHECK(shown.value() == info.initial);
    }
  }
}

TEST_CASE("Every value of a parameter survives the way through its text") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto processor = make(id);
    for (const HostParameter* shown : processor->host_parameters()) {
      CAPTURE(shown->info().name);
      for (float share = 0.0f; share <= 1.0f; share += 0.125f) {
        const juce::String text = shown->getText(share, 64);
        const float again = shown->getValueForText(text);
        CHECK(shown->getText(again, 64) == text);
      }
    }
  }
  const auto processor = make("transfer");
  CHECK(parameter(*processor, "transpose").getText(0.5f, 0) == "0.0 semitones");
  CHECK(parameter(*processor, "output_gain").getText(0.0f, 0) == "muted");
  CHECK(parameter(*processor, "auto_fit").getText(1.0f, 0) == "on");
  CHECK(parameter(*processor, "glide").text_of(123.456f) == "123 ms");
  const HostParameter& gain = parameter(*processor, "input_gain");
  CHECK(gain.convertFrom0to1(gain.getValueForText("-12,5 dB")) == doctest::Approx(-12.5));
  CHECK(gain.getValueForText("loud") == gain.getValue());  // no number: nothing changes
  const HostParameter& mix = parameter(*processor, "dry_wet");
  CHECK(mix.convertFrom0to1(mix.getValueForText("25 %")) == doctest::Approx(0.25));
}

TEST_CASE("A host that echoes every parameter changes none, not by a rounding") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto processor = ready(id);
    for (HostParameter* shown : processor->host_parameters())
      if (!shown->is_instruments_own()) shown->move(0.3f * shown->info().minimum + 0.7f * shown->info().maximum);
    const std::string before = state_of(*processor);
    for (HostParameter* shown : processor->host_parameters()) shown->setValue(shown->getValue());
    CHECK(state_of(*processor) == before);
  }
}

TEST_CASE("Program changes choose each of the 128 slots, and a session keeps them all") {
  const auto processor = ready("instrument"), other = ready("instrument");
  for (int slot = 0; slot < ddsp_rt::plugin::kPrograms; ++slot)
    processor->set_slot(slot, {"number " + std::to_string(slot), "/somewhere/" + std::to_string(slot) + ".ddsp", "ff"});
  restore(*other, state_of(*processor));
  CHECK(other->slots() == processor->slots());
  juce::AudioBuffer<float> buffer(2, 64);
  for (const int slot : {127, 0, 64, 1, 126}) {
    juce::MidiBuffer midi;
    midi.addEvent(juce::MidiMessage::programChange(1 + slot % 16, slot), 3);
    other->processBlock(buffer, midi);
    CHECK(other->getCurrentProgram() == slot);
    CHECK(other->host_parameter("instrument")->text_of(static_cast<float>(slot)) ==
          juce::String(slot + 1) + " number " + juce::String(slot));
  }
}

TEST_CASE("A block allocates nothing, locks nothing and makes no system call") {
  for (const char* id : {"transfer", "instrument"}) {
    CAPTURE(id);
    std::unique_ptr<Processor> processor;
    juce::AudioBuffer<float> buffer(2, 64);
    std::vector<juce::MidiBuffer> midi(500);
    CHECK(run_guarded(
              [&] {
                processor = ready(id);
                play(*processor, 0.3);
                for (std::size_t i = 0; i < midi.size(); ++i)
                  midi[i].addEvent(juce::MidiMessage::noteOn(1, 40 + static_cast<int>(i) % 40, 0.7f), 10);
                while (processor->status().loading) juce::Thread::sleep(1);
              },
              [&] {
                const ddsp_rt::plugin::ReadingsFeed::Watch watch(processor->feed());
                for (std::size_t i = 0; i < midi.size(); ++i) {
                  for (int k = 0; k < 64; ++k) {
                    const float sample = tone(static_cast<std::int64_t>(64 * i) + k);
                    buffer.setSample(0, k, sample);
                    buffer.setSample(1, k, sample);
                  }
                  parameter(*processor, "brightness").put(static_cast<float>(i % 12) - 6.0f);
                  processor->host_parameter("bypass")->put(i % 100 > 80 ? 1.0f : 0.0f);
                  processor->processBlock(buffer, midi[i]);
                }
              }) == "ok");
  }
}

TEST_CASE("Nor does it while the performance goes out as MIDI") {
  std::unique_ptr<Processor> processor;
  juce::AudioBuffer<float> buffer(2, 64);
  juce::MidiBuffer midi;
  const auto block = [&](int number) {
    for (int k = 0; k < 64; ++k) {
      buffer.setSample(0, k, number % 200 < 150 ? tone(64 * number + k, 300.0 + 100.0 * (number / 400)) : 0.0f);
      buffer.setSample(1, k, buffer.getSample(0, k));
    }
    processor->processBlock(buffer, midi);
  };
  CHECK(run_guarded(
            [&] {
              processor = ready("transfer");
              processor->host_parameter("midi_out")->put(1.0f);
              for (int i = 0; i < 20; ++i) block(i);
            },
            [&] {
              for (int i = 20; i < 1200; ++i) block(i);
            }) == "ok");
}

TEST_CASE("However the host cuts the sound, the samples are the same") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto whole = play(*ready(id), 1.0, 4096);
    CHECK(peak(whole) > 0.01f);
    for (const int block : {1, 17, 64, 512}) CHECK(play(*ready(id), 1.0, block) == whole);
  }
}

TEST_CASE("Rendered offline, it is what plays live") {
  const auto live = play(*ready("transfer"), 1.0);
  const auto offline = make("transfer");
  offline->setNonRealtime(true);
  offline->prepareToPlay(kRate, 512);
  CHECK(play(*offline, 1.0) == live);
}

TEST_CASE("A host that stops and starts again, or seeks, hears what a new plugin plays") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto fresh = play(*ready(id), 0.7);
    const auto processor = ready(id);
    play(*processor, 0.5);
    processor->reset();
    CHECK(play(*processor, 0.7) == fresh);
    processor->releaseResources();
    processor->prepareToPlay(kRate, 64);
    CHECK(play(*processor, 0.7) == fresh);
  }
}

TEST_CASE("After as long as the tail that is reported nothing sounds any more") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto processor = ready(id);
    CHECK(processor->getTailLengthSeconds() > 0.1);
    CHECK(processor->getTailLengthSeconds() < 20.0);
    play(*processor, 0.5);
    juce::AudioBuffer<float> buffer(2, kRate / 10);
    juce::MidiBuffer midi;
    midi.addEvent(juce::MidiMessage::noteOff(1, 69), 0);
    bool sounded = false;
    for (double done = 0.0; done < processor->getTailLengthSeconds() + 0.2; done += 0.1) {
      buffer.clear();
      processor->processBlock(buffer, midi);
      midi.clear();
      sounded |= buffer.getMagnitude(0, buffer.getNumSamples()) > 0.0f;
    }
    CHECK(sounded);
    buffer.clear();
    processor->processBlock(buffer, midi);
    CHECK(buffer.getMagnitude(0, buffer.getNumSamples()) < 1e-6f);
  }
}

TEST_CASE("Bypass gives the input, to the sample, and no click on the way") {
  const auto processor = ready("transfer");
  const auto before = [&](std::int64_t number) {
    if (number == 200) parameter(*processor, "bypass").put(1.0f);
    if (number == 400) parameter(*processor, "bypass").put(0.0f);
  };
  const auto heard = play(*processor, 0.8, 64, before);
  for (std::size_t i = 64 * 220; i < 64 * 400; ++i) REQUIRE(heard[i] == tone(static_cast<std::int64_t>(i)));
  const auto steepest = [&](int first, int last) {
    return largest_step({heard.begin() + 64 * first, heard.begin() + 64 * last});
  };
  const float playing = steepest(100, 200), passing = steepest(220, 400);
  CHECK(steepest(200, 220) < 1.2f * std::max(playing, passing));
  CHECK(steepest(400, 420) < 1.2f * std::max(playing, passing));
}

TEST_CASE("Aligned to the timeline, the instrument's delay is reported and the dry signal comes as late") {
  const auto processor = make("transfer");
  parameter(*processor, "align").put(1.0f);
  parameter(*processor, "bypass").put(1.0f);
  processor->prepareToPlay(kRate, 512);
  const int delay = processor->getLatencySamples();
  REQUIRE(processor->status().playing->onset_ms.has_value());  // the violin's file says what was measured
  CHECK(delay == doctest::Approx(0.001 * *processor->status().playing->onset_ms * kRate).epsilon(0.01));
  CHECK(delay > 0);
  const auto heard = play(*processor, 0.2);
  for (std::size_t i = 0; i < heard.size(); ++i) {
    const auto from = static_cast<std::int64_t>(i) - delay;
    REQUIRE(heard[i] == (from < 0 ? 0.0f : tone(from)));
  }
}

TEST_CASE("Stereo stays stereo where the input passes") {
  const auto processor = ready("transfer");
  parameter(*processor, "dry_wet").put(0.0f);
  juce::AudioBuffer<float> buffer(2, 4800);
  juce::MidiBuffer none;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < buffer.getNumSamples(); ++i) {
      buffer.setSample(0, i, tone(i));
      buffer.setSample(1, i, -0.5f * tone(i, 200.0));
    }
    processor->processBlock(buffer, none);
  }
  for (int i = 0; i < buffer.getNumSamples(); ++i) {
    REQUIRE(buffer.getSample(0, i) == tone(i));
    REQUIRE(buffer.getSample(1, i) == -0.5f * tone(i, 200.0));
  }
}

TEST_CASE("What is no number comes in, and the next second is as it would have been") {
  const auto processor = ready("transfer");
  juce::AudioBuffer<float> buffer(2, 480);
  juce::MidiBuffer none;
  for (int c = 0; c < 2; ++c)
    for (int i = 0; i < 480; ++i) buffer.setSample(c, i, i % 2 ? std::nanf("") : HUGE_VALF);
  processor->processBlock(buffer, none);
  for (int c = 0; c < 2; ++c)
    for (int i = 0; i < 480; ++i) CHECK(std::isfinite(buffer.getSample(c, i)));
  const auto heard = play(*processor, 1.0);
  const auto clean = play(*ready("transfer"), 1.0);
  CHECK(peak(heard, kRate / 2) == doctest::Approx(peak(clean, kRate / 2)).epsilon(0.2));
}

TEST_CASE("A state holds everything, and says it again") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto one = ready(id), other = ready(id);
    for (HostParameter* shown : one->host_parameters())
      if (shown->info().name != "instrument" && shown->info().name != "bypass")
        shown->put(0.3f * shown->info().minimum + 0.7f * shown->info().maximum);
    one->set_fitting(
        {.octave = -1, .loudness = {.offset_db = 4.5f, .range = 1.1f, .loud_db = -20.0f}, .gate_db = -55.0f});
    one->set_slot(7, {"flute", "/somewhere/flute.ddsp", "abc"});
    one->setNonRealtime(true);  // the second is there in the next block
    one->choose_second({"cello", "", ""});
    play(*one, 0.01);
    restore(*other, state_of(*one));
    CHECK(state_of(*other) == state_of(*one));
    CHECK(other->slot(7) == NamedInstrument{"flute", "/somewhere/flute.ddsp", "abc"});
    play(*other, 0.01);
    CHECK(state_of(*other) == state_of(*one));
    CHECK(play(*other, 0.5) == play(*one, 0.5));
  }
}

TEST_CASE("A missing instrument is named, what played goes on, and it plays once it is there") {
  const auto processor = ready("transfer");
  const juce::File folder(juce::String(std::getenv("XDG_DATA_HOME")) + "/ddsp-rt/instruments");
  const juce::File missing = folder.getChildFile("late.ddsp");
  processor->choose({"late", missing.getFullPathName().toStdString(), ""});
  processor->setNonRealtime(true);
  play(*processor, 0.1);
  REQUIRE(processor->status().notices.size() == 1);
  CHECK(processor->status().notices[0].find("late is missing") != std::string::npos);
  CHECK(processor->status().playing->name == "violin");
  folder.createDirectory();
  REQUIRE(juce::File(DDSP_RT_INSTRUMENTS "/violin.ddsp").copyFileTo(missing));
  for (int i = 0; i < 300 && !processor->status().notices.empty(); ++i) juce::Thread::sleep(10);
  CHECK(processor->status().notices.empty());
  CHECK(processor->status().path == missing.getFullPathName().toStdString());
  missing.deleteFile();
}

TEST_CASE("While nobody watches no readings are made; while somebody does they are those of the sound") {
  const auto processor = ready("transfer");
  ddsp_rt::plugin::Readings readings;
  play(*processor, 0.1);
  {
    ddsp_rt::plugin::ReadingsFeed::Watch watch(processor->feed());
    CHECK(!watch.latest(readings));
    play(*processor, 0.5);
    CHECK(watch.latest(readings));
    CHECK(readings.heard.f0 == doctest::Approx(300.0).epsilon(0.01));
    CHECK(readings.heard.periodicity > 0.5f);
    CHECK(readings.harmonics > 10);
    CHECK(readings.harmonic_amplitude[0] > 0.0f);
    CHECK(readings.load > 0.0f);
    CHECK(!watch.latest(readings));
  }
}
