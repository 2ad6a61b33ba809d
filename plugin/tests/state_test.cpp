// States of every version that was ever saved, and what strangers make of them.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "host.h"

using namespace hosting;
using ddsp_rt::plugin::NamedInstrument;
using ddsp_rt::plugin::Preset;
using ddsp_rt::plugin::WindowSize;

namespace {

std::string saved(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(DDSP_RT_PLUGIN_DATA "/" + name + ".json").rdbuf();
  REQUIRE(!text.str().empty());
  return text.str();
}

float value(Processor& processor, const char* name) { return processor.host_parameter(name)->value(); }

}  // namespace

// When the version is raised, a fixture of the new one is added; those of old ones stay for ever.
TEST_CASE("There is a fixture for each version of the state") {
  for (int version = 1; version <= ddsp_rt::plugin::SavedState::kVersion; ++version)
    for (const char* id : {"transfer-", "instrument-"}) saved(id + std::to_string(version));
}

TEST_CASE("What version 1 of the effect saved is loaded") {
  const auto processor = make("transfer");
  restore(*processor, saved("transfer-1"));
  CHECK(value(*processor, "transpose") == -12.0f);
  CHECK(value(*processor, "input_gain") == -6.5f);
  CHECK(value(*processor, "dry_wet") == 0.8f);
  CHECK(value(*processor, "align") == 1.0f);
  CHECK(value(*processor, "mean_z") == 1.0f);
  CHECK(processor->fitting()->octave == -1);
  CHECK(processor->fitting()->loudness.offset_db == 3.25f);
  CHECK(processor->fitting()->gate_db == -52.5f);
  CHECK(processor->getCurrentProgram() == 3);
  CHECK(processor->slot(0) == NamedInstrument{"flute", "/home/somebody/flute.ddsp", "00ff"});
  CHECK(processor->slot(1).empty());
  processor->prepareToPlay(kRate, 512);
  CHECK(processor->status().playing->name == "violin");  // its file is gone, one of that name is there
  CHECK(processor->status().notices.empty());
}

TEST_CASE("What version 1 of the instrument saved is loaded") {
  const auto processor = make("instrument");
  restore(*processor, saved("instrument-1"));
  CHECK(value(*processor, "voices") == 3.0f);
  CHECK(value(*processor, "bend_range") == 12.0f);
  CHECK(value(*processor, "mpe") == 1.0f);
  CHECK(value(*processor, "velocity_curve") == -0.25f);
  CHECK(value(*processor, "vibrato_delay") == 450.0f);
  CHECK(processor->getCurrentProgram() == 127);
  processor->prepareToPlay(kRate, 512);
  CHECK(processor->status().playing->name == "violin");
}

TEST_CASE("What version 2 saved is loaded: what was left to the instrument, and the window's size") {
  const auto keys = make("instrument");
  restore(*keys, saved("instrument-2"));
  keys->prepareToPlay(kRate, 512);
  CHECK(keys->host_parameter("vibrato_depth")->left_alone());
  CHECK(keys->host_parameter("vibrato_rate")->left_alone());
  CHECK(!keys->host_parameter("attack")->left_alone());
  CHECK(value(*keys, "attack") == 12.0f);
  CHECK(value(*keys, "life") == 60.0f);
  CHECK(keys->window_size() == WindowSize{1200, 700});
  const auto effect = make("transfer");
  restore(*effect, saved("transfer-2"));
  CHECK(value(*effect, "transpose") == -12.0f);
  CHECK(value(*effect, "breath") == -6.0f);
  CHECK(value(*effect, "life") == 40.0f);
  CHECK(effect->window_size() == WindowSize{1560, 901});
  restore(*effect, saved("transfer-1"));  // says nothing of it
  CHECK(value(*effect, "life") == 100.0f);
  CHECK(!effect->window_size().has_value());
}

TEST_CASE("What version 3 saved is loaded: a second instrument, and how far the way to it") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto processor = make(id);
    restore(*processor, saved(std::string(id) + "-3"));
    CHECK(processor->second().name == "cello");
    CHECK(processor->second().path == "/home/somebody/cello.ddsp");
    CHECK(value(*processor, "morph") == 62.5f);
    CHECK(processor->slot(3).name == "violin");
    processor->prepareToPlay(kRate, 512);
    CHECK(processor->status().playing->name == "violin");
    CHECK(std::filesystem::path(processor->status().second_path).stem() == "cello");
    CHECK(processor->status().notices.empty());
    restore(*processor, saved(std::string(id) + "-2"));  // says nothing of it
    CHECK(processor->second().empty());
    CHECK(value(*processor, "morph") == 0.0f);
  }
}

TEST_CASE("The window opens in the size in which the session left it, within its limits") {
  const auto processor = make("transfer"), other = make("transfer");
  std::unique_ptr<juce::AudioProcessorEditor> window(processor->createEditor());
  window->setSize(900, 560);
  window.reset();
  restore(*other, state_of(*processor));
  window.reset(other->createEditor());
  CHECK(window->getWidth() == 900);
  CHECK(window->getHeight() == 560);
  window.reset();
  other->set_window_size({1, 16000});
  window.reset(other->createEditor());
  CHECK(window->getWidth() == window->getConstrainer()->getMinimumWidth());
  CHECK(window->getHeight() <= window->getConstrainer()->getMaximumHeight());
  window.reset();
  other->save_preset("No window in it", true);
  std::ostringstream text;
  text << std::ifstream(other->presets().back().file).rdbuf();
  CHECK(text.str().find("window") == std::string::npos);
  std::filesystem::remove(other->presets().back().file);
}

TEST_CASE("What nobody has moved stays the instrument's own, also through a state; what somebody has moved stays put") {
  const auto processor = make("instrument"), other = make("instrument");
  processor->prepareToPlay(kRate, 512);
  auto& depth = *processor->host_parameter("vibrato_depth");
  auto& attack = *processor->host_parameter("attack");
  depth.setValueNotifyingHost(depth.getValue());  // a host that echoes moves nothing
  CHECK(depth.left_alone());
  const float violins = attack.value();
  attack.set_own(400.0f);
  attack.put(violins);  // a host that has not heard of the new instrument yet
  CHECK(attack.left_alone());
  CHECK(attack.value() == 400.0f);
  attack.put(violins);  // twice is a wish
  CHECK(attack.value() == violins);
  attack.setValueNotifyingHost(0.5f);
  CHECK(!attack.left_alone());
  restore(*other, state_of(*processor));
  CHECK(other->host_parameter("vibrato_depth")->left_alone());
  CHECK(!other->host_parameter("attack")->left_alone());
  CHECK(value(*other, "attack") == attack.value());
  other->host_parameter("vibrato_depth")->set_own(17.0f);
  CHECK(value(*other, "vibrato_depth") == 17.0f);
  CHECK(std::isnan(other->host_parameter("vibrato_depth")->asked()));
}

TEST_CASE("A state of another plugin, of nobody or of the future does no harm, and is told") {
  const auto processor = make("transfer");
  const std::string before = state_of(*processor);
  for (const std::string& strange : {std::string(), std::string("\0\1\2", 3), std::string("{}"), std::string("[[[["),
                                     saved("instrument-1"), std::string(100000, '[')}) {
    restore(*processor, strange);
    CHECK(state_of(*processor) == before);
    CHECK(processor->status().notices.size() == 1);
  }
  std::string future = saved("transfer-3");
  future.replace(future.find("\"version\": 3"), 12, "\"version\": 7, \"new\": {}");
  restore(*processor, future);
  CHECK(value(*processor, "transpose") == -12.0f);
  REQUIRE(processor->status().notices.size() == 1);
  CHECK(processor->status().notices[0].find("newer version") != std::string::npos);
}

TEST_CASE("Every preset that comes with a plugin names parameters it has, within their ranges") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto processor = make(id);
    const auto presets = processor->presets();
    CHECK(presets.size() >= 8);
    for (const Preset& preset : presets) {
      CAPTURE(preset.name);
      for (const auto& [name, wanted] : ddsp_rt::plugin::read_preset(id, preset).parameters) {
        REQUIRE(processor->host_parameter(name) != nullptr);
        CHECK(wanted >= processor->host_parameter(name)->info().minimum);
        CHECK(wanted <= processor->host_parameter(name)->info().maximum);
      }
      CHECK(processor->apply_preset(preset).empty());
    }
  }
}

TEST_CASE(
    "A player's own preset is a file, comes back with its fit and instrument, and is not overwritten by accident") {
  const auto processor = make("transfer");
  processor->host_parameter("brightness")->put(3.0f);
  processor->set_fitting({.octave = 2, .loudness = {}, .gate_db = -40.0f});
  CHECK(processor->save_preset("Mine: no/file", false).find("cannot be the name") != std::string::npos);
  CHECK(processor->save_preset("Mine", false).empty());
  CHECK(processor->save_preset("Mine", false).find("already") != std::string::npos);
  CHECK(processor->save_preset("Mine", true).empty());
  const auto other = make("transfer");
  const auto presets = other->presets();
  const Preset& last = presets.back();
  REQUIRE(last.name == "Mine");
  CHECK(other->apply_preset(last).empty());
  CHECK(value(*other, "brightness") == 3.0f);
  CHECK(other->fitting()->octave == 2);
  CHECK(other->slot(other->getCurrentProgram()).name == "violin");
  std::ofstream(last.file) << "spoilt";
  CHECK(!other->apply_preset(last).empty());
  CHECK(value(*other, "brightness") == 3.0f);
}

TEST_CASE("An instrument that is dropped is copied to the user's, listed, and plays; what is none is refused") {
  const auto processor = make("transfer");
  processor->prepareToPlay(kRate, 512);
  const juce::TemporaryFile made(".ddsp");
  REQUIRE(juce::File(DDSP_RT_INSTRUMENTS "/violin.ddsp").copyFileTo(made.getFile()));
  const std::filesystem::path dropped(made.getFile().getFullPathName().toStdString());
  CHECK(processor->add_instrument(dropped).empty());
  CHECK(processor->add_instrument(dropped).empty());  // the same again is no second one
  processor->setNonRealtime(true);
  play(*processor, 0.01);
  CHECK(std::filesystem::path(processor->status().path).stem() == dropped.stem());
  int listed = 0;
  for (int i = 0; i < 500 && listed == 0; ++i, juce::Thread::sleep(10))
    for (const auto& entry : processor->instruments().entries())
      if (entry.instrument.name == dropped.stem().string() && entry.users && entry.problem.empty()) ++listed;
  CHECK(listed == 1);
  std::filesystem::remove(processor->status().path);

  const juce::TemporaryFile nothing(".ddsp");
  nothing.getFile().replaceWithText("nothing");
  const std::string problem = processor->add_instrument(nothing.getFile().getFullPathName().toStdString());
  CHECK(problem.find(nothing.getFile().getFileName().toStdString()) != std::string::npos);
}
