// Two instruments, and what lies between them.
#include <doctest/doctest.h>

#include "ddsp_rt/live/cache.h"
#include "ddsp_rt/live/live.h"
#include "host.h"
#include "window/main_window.h"
#include "window/parameter_slider.h"

using namespace hosting;
using ddsp_rt::Parameter;
using ddsp_rt::plugin::HostParameter;
using ddsp_rt::plugin::NamedInstrument;

namespace {

const NamedInstrument kCello{"cello", DDSP_RT_INSTRUMENTS "/cello.ddsp", ""};

/// Waits for whatever is called for.
std::unique_ptr<Processor> rendering(const std::string& id) {
  auto processor = make(id);
  processor->setNonRealtime(true);
  return processor;
}

std::unique_ptr<Processor> morphing(const std::string& id, float per_cent) {
  auto processor = rendering(id);
  processor->choose_second(kCello);
  processor->host_parameter("morph")->put(per_cent);
  processor->prepareToPlay(kRate, 512);
  return processor;
}

std::vector<float> engines(float per_cent) {
  ddsp_rt::Live<ddsp_rt::Transfer> live(kRate);
  live.set(Parameter::kMorph, per_cent);
  live.load({ddsp_rt::load_shared(DDSP_RT_INSTRUMENTS "/violin.ddsp"), ddsp_rt::load_shared(kCello.path)});
  std::vector<float> audio(kRate);
  for (std::size_t i = 0; i < audio.size(); ++i) audio[i] = tone(static_cast<std::int64_t>(i));
  live.process(audio.data(), audio.data(), static_cast<int>(audio.size()));
  return audio;
}

}  // namespace

TEST_CASE("Between two instruments it plays what the engine plays there, and at 0 the first alone") {
  for (const float per_cent : {0.0f, 40.0f, 100.0f}) {
    CAPTURE(per_cent);
    const auto heard = play(*morphing("transfer", per_cent), 1.0), wanted = engines(per_cent);
    float furthest = 0.0f;
    for (std::size_t i = 0; i < heard.size(); ++i) furthest = std::max(furthest, std::abs(heard[i] - wanted[i]));
    CHECK(furthest < 1e-6f);
    CHECK(peak(heard) > 0.01f);
  }
  for (const char* id : {"transfer", "instrument"}) {
    const auto alone = rendering(id);
    alone->prepareToPlay(kRate, 512);
    const auto first = play(*alone, 0.5);
    CHECK(play(*morphing(id, 0.0f), 0.5) == first);
    CHECK(play(*morphing(id, 60.0f), 0.5) != first);
  }
}

TEST_CASE("A second instrument chosen while a host renders is there in that block, and gone when it is left out") {
  for (const char* id : {"transfer", "instrument"}) {
    CAPTURE(id);
    const auto rendered = [&](bool morphs) {
      const auto processor = rendering(id);
      processor->host_parameter("morph")->put(70.0f);
      processor->prepareToPlay(kRate, 512);
      return play(*processor, 2.0, 512, [&](std::int64_t number) {
        if (number == 40 && morphs) processor->choose_second(kCello);
        if (number == 41) CHECK(processor->status().second.has_value() == morphs);
        if (number == 100) processor->choose_second({});
        if (number == 101) CHECK(!processor->status().second.has_value());
      });
    };
    const auto once = rendered(true), never = rendered(false);
    CHECK(rendered(true) == once);
    CHECK(std::equal(once.begin(), once.begin() + 40 * 512, never.begin()));
    CHECK(!std::equal(once.begin() + 60 * 512, once.begin() + 100 * 512, never.begin() + 60 * 512));
  }
}

TEST_CASE("A session keeps the second instrument and where between both it plays, and another one leaves it out") {
  for (const char* id : {"transfer", "instrument"}) {
    const auto one = morphing(id, 55.0f), other = rendering(id);
    const std::string plain = state_of(*other), state = state_of(*one);
    other->prepareToPlay(kRate, 512);
    restore(*other, state);
    CHECK(other->second().name == "cello");
    CHECK(other->second().hash.size() == 64);  // so that another file of that name is told
    CHECK(state_of(*other) == state);
    other->reset();
    one->reset();
    play(*other, 0.2);  // until what played before has faded out
    play(*one, 0.2);
    other->reset();
    one->reset();
    CHECK(play(*other, 0.5) == play(*one, 0.5));
    restore(*other, plain);
    CHECK(other->second().empty());
    CHECK(other->host_parameter("morph")->value() == 0.0f);
    play(*other, 0.01);
    CHECK(!other->status().second.has_value());
  }
}

TEST_CASE("A second instrument that is missing is named, the first plays alone, and it joins once it is there") {
  const juce::File folder(juce::String(std::getenv("XDG_DATA_HOME")) + "/ddsp-rt/instruments");
  const juce::File missing = folder.getChildFile("second.ddsp");
  const auto processor = morphing("transfer", 50.0f);
  processor->choose_second({"second", missing.getFullPathName().toStdString(), ""});
  play(*processor, 0.05);
  REQUIRE(processor->status().notices.size() == 1);
  CHECK(processor->status().notices[0].find("second is missing") != std::string::npos);
  CHECK(processor->status().playing->name == "violin");
  CHECK(!processor->status().second.has_value());  // nor does the one before play on in its place
  folder.createDirectory();
  missing.replaceWithText("nothing");
  for (int i = 0; i < 300 && processor->status().notices[0].find("missing") != std::string::npos; ++i)
    juce::Thread::sleep(10);
  REQUIRE(processor->status().notices.size() == 1);
  CHECK(processor->status().notices[0].find("second.ddsp") != std::string::npos);
  REQUIRE(juce::File(kCello.path).copyFileTo(missing));
  for (int i = 0; i < 300 && !processor->status().second; ++i) juce::Thread::sleep(10);
  CHECK(processor->status().notices.empty());
  CHECK(processor->status().second_path == missing.getFullPathName().toStdString());
  missing.deleteFile();
}

TEST_CASE("When both are missing both are named, and each comes by itself") {
  const auto processor = rendering("instrument");
  processor->prepareToPlay(kRate, 512);
  processor->choose({"first of two", "/nowhere/one.ddsp", ""});
  processor->choose_second({"second of two", "/nowhere/two.ddsp", ""});
  play(*processor, 0.05);
  CHECK(processor->status().notices.size() == 2);
  processor->choose_second(kCello);
  play(*processor, 0.05);
  REQUIRE(processor->status().notices.size() == 1);
  CHECK(processor->status().notices[0].find("first of two") != std::string::npos);
  CHECK(processor->status().second_path == kCello.path);
}

TEST_CASE("A preset of a player's own keeps the second instrument; those that come with a plugin leave it alone") {
  const auto processor = morphing("transfer", 30.0f);
  CHECK(processor->save_preset("Between two", true).empty());
  const auto own = processor->presets().back();
  const auto other = rendering("transfer");
  other->prepareToPlay(kRate, 512);
  CHECK(other->apply_preset(own).empty());
  CHECK(other->second().name == "cello");
  CHECK(other->host_parameter("morph")->value() == 30.0f);
  CHECK(other->apply_preset(other->presets().front()).empty());
  CHECK(other->second().name == "cello");
  std::filesystem::remove(own.file);
}

TEST_CASE("Morph is in the window while there is a second instrument, and nothing is cut off by it") {
  using namespace ddsp_rt::plugin::window;
  for (const char* id : {"transfer", "instrument"}) {
    CAPTURE(id);
    const auto processor = rendering(id);
    processor->prepareToPlay(kRate, 512);
    MainWindow window(*processor);
    window.stopTimer();
    const auto slider = [&](juce::Component& root, auto&& self) -> juce::Component* {
      for (juce::Component* child : root.getChildren()) {
        if (child->getComponentID() == "morph") return child;
        if (juce::Component* const found = self(*child, self)) return found;
      }
      return nullptr;
    };
    juce::Component* const morph = slider(window, slider);
    REQUIRE(morph != nullptr);
    window.tick(1.0);
    CHECK(!morph->isVisible());
    const auto tab_stops = window.createKeyboardFocusTraverser()->getAllComponents(&window).size();
    processor->choose_second(kCello);
    window.tick(2.0);
    CHECK(morph->isVisible());
    CHECK(window.createKeyboardFocusTraverser()->getAllComponents(&window).size() == tab_stops + 1);
    juce::Component& card = *morph->getParentComponent();
    CHECK(morph->getHeight() >= 22);  // name above, slider below
    for (juce::Component* row : card.getChildren()) {
      CHECK(card.getLocalBounds().contains(row->getBounds()));
      CHECK((row == morph || !row->getBounds().intersects(morph->getBounds())));
    }
    processor->choose_second({});
    window.tick(3.0);
    CHECK(!morph->isVisible());
  }
}
