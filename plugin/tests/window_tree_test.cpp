// The windows as a tree of components, without a screen: what a keyboard and a screen reader find in them, that nothing
// is cut off, and that nothing is drawn for nothing.
#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "ddsp_rt/live/cache.h"
#include "host.h"
#include "window/display.h"
#include "window/keyboard_strip.h"
#include "window/layout.h"
#include "window/level_meter.h"
#include "window/look.h"
#include "window/main_window.h"
#include "window/palette.h"
#include "window/parameter_slider.h"
#include "window/words.h"

using namespace hosting;
using namespace ddsp_rt::plugin::window;
using ddsp_rt::plugin::HostParameter;

namespace {

constexpr const char* kBoth[] = {"transfer", "instrument"};

/// A plugin that plays, with two instruments so that all it has is shown, and its window.
struct Opened {
  explicit Opened(const std::string& id) : processor(make(id)) {
    processor->setNonRealtime(true);
    processor->choose_second({"cello", "", ""});
    processor->prepareToPlay(kRate, 512);
    window = std::make_unique<MainWindow>(*processor);
    window->stopTimer();
    window->tick(now);
  }

  /// Plays and looks, 30 times a second; `amplitude` of a tone that comes in, or of the key that is held.
  void play(double seconds, float amplitude) {
    constexpr int kBlock = kRate / 30;
    juce::AudioBuffer<float> buffer(2, kBlock);
    for (const double end = now + seconds; now < end; now += 1.0 / 30.0, at += kBlock) {
      for (int c = 0; c < 2; ++c)
        for (int i = 0; i < kBlock; ++i) buffer.setSample(c, i, amplitude * tone(at + i));
      juce::MidiBuffer midi;
      if (processor->acceptsMidi())
        midi.addEvent(amplitude > 0.0f ? juce::MidiMessage::noteOn(1, 69, 0.7f) : juce::MidiMessage::noteOff(1, 69), 0);
      processor->processBlock(buffer, midi);
      window->tick(now);
    }
  }

  std::unique_ptr<Processor> processor;
  std::unique_ptr<MainWindow> window;
  double now = 0.0;
  std::int64_t at = 0;
};

std::vector<juce::Component*> tree(juce::Component& root) {
  std::vector<juce::Component*> all;
  for (juce::Component* child : root.getChildren()) {
    all.push_back(child);
    const auto inner = tree(*child);
    all.insert(all.end(), inner.begin(), inner.end());
  }
  return all;
}

template <typename Kind>
std::vector<Kind*> all_of(juce::Component& root) {
  std::vector<Kind*> found;
  for (juce::Component* component : tree(root))
    if (auto* const kind = dynamic_cast<Kind*>(component)) found.push_back(kind);
  return found;
}

std::vector<juce::Component*> controls(juce::Component& root) {
  std::vector<juce::Component*> found = tree(root);
  std::erase_if(found, [](const juce::Component* component) { return !component->getWantsKeyboardFocus(); });
  return found;
}

juce::Component* find(juce::Component& root, const juce::String& id) {
  for (juce::Component* component : tree(root))
    if (component->getComponentID() == id) return component;
  return nullptr;
}

/// Counts how often anything in the window asks to be drawn.
struct CountedDrawing final : juce::CachedComponentImage {
  explicit CountedDrawing(int& asked) : count(asked) {}
  void paint(juce::Graphics&) override {}
  bool invalidateAll() override { return ++count, false; }
  bool invalidate(const juce::Rectangle<int>&) override { return ++count, false; }
  void releaseResources() override {}
  int& count;
};

/// WCAG 2: of relative luminances.
double contrast(juce::Colour one, juce::Colour other) {
  const auto luminance = [](juce::Colour colour) {
    const auto linear = [](float x) { return x <= 0.04045f ? x / 12.92f : std::pow((x + 0.055f) / 1.055f, 2.4f); };
    return 0.2126 * linear(colour.getFloatRed()) + 0.7152 * linear(colour.getFloatGreen()) +
           0.0722 * linear(colour.getFloatBlue());
  };
  const double a = luminance(one), b = luminance(other);
  return (std::max(a, b) + 0.05) / (std::min(a, b) + 0.05);
}

}  // namespace

TEST_CASE("Every parameter has a control, and every control a name, a role, a value and a tooltip") {
  for (const char* id : kBoth) {
    Opened opened(id);
    for (const HostParameter* parameter : opened.processor->host_parameters()) {
      CAPTURE(parameter->info().name);
      CHECK(find(*opened.window, parameter->getParameterID()) != nullptr);
    }
    for (juce::Component* control : controls(*opened.window)) {
      CAPTURE(control->getTitle());
      CHECK(control->getTitle().isNotEmpty());
      auto* const spoken = dynamic_cast<Spoken*>(control);
      auto* const tooltip = dynamic_cast<juce::TooltipClient*>(control);
      REQUIRE(spoken != nullptr);
      REQUIRE(tooltip != nullptr);
      CHECK(tooltip->getTooltip().isNotEmpty());
      const auto handler = spoken->make_handler();
      CHECK(handler->getRole() != juce::AccessibilityRole::ignored);
      CHECK(handler->getRole() != juce::AccessibilityRole::unspecified);
      if (handler->getRole() == juce::AccessibilityRole::button) continue;  // has no value
      REQUIRE(handler->getValueInterface() != nullptr);
      CHECK(handler->getValueInterface()->getCurrentValueAsString().isNotEmpty());
    }
  }
}

TEST_CASE("Every display has a name and says in words what it shows") {
  for (const char* id : kBoth) {
    Opened opened(id);
    opened.play(1.0, 1.0f);
    for (Display* display : all_of<Display>(*opened.window)) {
      CHECK(display->getTitle().isNotEmpty());
      CAPTURE(display->getTitle());
      CHECK(display->said().isNotEmpty());
      CHECK(display->getTooltip().isNotEmpty());
      CHECK(display->make_handler()->getValueInterface()->getCurrentValueAsString() == display->said());
    }
  }
}

TEST_CASE("The Tab key comes by every control, once, from the top to the bottom") {
  for (const char* id : kBoth) {
    Opened opened(id);
    const auto order = opened.window->createKeyboardFocusTraverser()->getAllComponents(opened.window.get());
    const std::vector<juce::Component*> wanted = controls(*opened.window);
    CHECK(order.size() == wanted.size());
    CHECK(std::set(order.begin(), order.end()) == std::set(wanted.begin(), wanted.end()));
    REQUIRE(!order.empty());
    CHECK(order.front()->getComponentID() == "instrument");
  }
}

TEST_CASE("Nothing is cut off or lies on something else, in any size") {
  for (const char* id : kBoth) {
    Opened opened(id);
    const int width = opened.window->getWidth(), height = opened.window->getHeight();
    for (const auto& [across, down] : {std::pair{1.0, 1.0}, {0.67, 0.67}, {1.5, 1.0}, {1.0, 1.6}, {2.0, 2.0}}) {
      opened.window->setSize(static_cast<int>(across * width), static_cast<int>(down * height));
      for (juce::Component* parent : tree(*opened.window)) {
        const auto& children = parent->getChildren();
        if (dynamic_cast<juce::Slider*>(parent) != nullptr) continue;
        for (int i = 0; i < children.size(); ++i) {
          CAPTURE(children[i]->getTitle());
          CHECK(parent->getLocalBounds().contains(children[i]->getBounds()));
          CHECK(!children[i]->getBounds().isEmpty());
          for (int k = i + 1; k < children.size(); ++k)
            CHECK(!children[i]->getBounds().intersects(children[k]->getBounds()));
        }
      }
      const juce::Font font = face(13.0f);
      for (ParameterSlider* slider : all_of<ParameterSlider>(*opened.window)) {
        const juce::Label* const box = all_of<juce::Label>(*slider).front();
        CAPTURE(slider->getTitle());
        for (const double value : {slider->getMinimum(), slider->getMaximum(), 0.77 * slider->getMinimum()})
          CHECK(font.getStringWidthFloat(slider->getTextFromValue(value)) <= static_cast<float>(box->getWidth()));
        CHECK(font.getStringWidthFloat(slider->getTitle()) +
                  font.getStringWidthFloat(slider->getTextFromValue(slider->getMinimum())) <
              static_cast<float>(slider->getWidth() - 8));
        for (const double value : {slider->getMinimum(), slider->getMaximum()})
          CHECK(font.getStringWidthFloat(slider->shown_name()) +
                    font.getStringWidthFloat(slider->getTextFromValue(value)) <
                static_cast<float>(slider->getWidth() - 8));
      }
    }
  }
}

TEST_CASE("The window knows every parameter of the engine's table, and where it belongs") {
  for (const char* id : kBoth) {
    const auto processor = make(id);
    for (const Group& group : groups_of(processor->host_parameters(), processor->door())) CHECK(group.title != "More");
  }
}

TEST_CASE("A slider is set by keys, by typing and by a double click, and the host hears of it") {
  Opened opened("transfer");
  auto& slider = dynamic_cast<ParameterSlider&>(*find(*opened.window, "transpose"));
  HostParameter& transpose = *opened.processor->host_parameter("transpose");
  slider.keyPressed(juce::KeyPress(juce::KeyPress::upKey));
  CHECK(transpose.value() == doctest::Approx(1.0));
  slider.keyPressed(juce::KeyPress(juce::KeyPress::downKey, juce::ModifierKeys::shiftModifier, 0));
  CHECK(transpose.value() == doctest::Approx(0.9));
  slider.keyPressed(juce::KeyPress(juce::KeyPress::pageUpKey));
  CHECK(transpose.value() == doctest::Approx(10.9));
  slider.keyPressed(juce::KeyPress(juce::KeyPress::endKey));
  CHECK(transpose.value() == 48.0f);
  slider.keyPressed(juce::KeyPress(juce::KeyPress::deleteKey));
  CHECK(transpose.value() == 0.0f);
  juce::Label& box = *all_of<juce::Label>(slider).front();
  CHECK(box.isEditable());
  box.setText("-7,5 semitones", juce::sendNotificationSync);
  CHECK(transpose.value() == doctest::Approx(-7.5));
  CHECK(slider.isDoubleClickReturnEnabled());
  CHECK(slider.getDoubleClickReturnValue() == 0.0);
  transpose.change(12.0f);  // as a host's automation
  CHECK(slider.getValue() == doctest::Approx(12.0));
}

TEST_CASE(
    "A control left to the instrument shows what plays, and says whether it was measured; a double click goes back") {
  Opened opened("instrument");
  while (opened.processor->status().loading) juce::Thread::sleep(1);
  opened.window->tick(opened.now += 1.0);
  const auto violin = ddsp_rt::load_shared(DDSP_RT_INSTRUMENTS "/violin.ddsp")->notes;
  auto& slider = dynamic_cast<ParameterSlider&>(*find(*opened.window, "attack"));
  HostParameter& attack = *opened.processor->host_parameter("attack");
  REQUIRE(violin.attack.has_value());
  const juce::String own = juce::String(juce::roundToInt(*violin.attack)) + " ms";
  const auto said = [&] { return slider.make_handler()->getValueInterface()->getCurrentValueAsString(); };
  CHECK(slider.getValue() == doctest::Approx(*violin.attack));
  CHECK(slider.getTextFromValue(slider.getValue()) == own);
  CHECK(slider.shown_name() == "Attack (own)");
  CHECK(said() == own + ", own");
  CHECK(slider.getTooltip().contains(own + ", as its recordings have it"));
  slider.keyPressed(juce::KeyPress(juce::KeyPress::upKey));
  CHECK(slider.shown_name() == "Attack");
  CHECK(!attack.left_alone());
  slider.mouseDoubleClick(juce::MouseEvent(juce::Desktop::getInstance().getMainMouseSource(), {}, {}, 0, 0, 0, 0, 0,
                                           &slider, &slider, {}, {}, {}, 2, false));
  CHECK(attack.left_alone());
  CHECK(slider.getValue() == doctest::Approx(*violin.attack));
  CHECK(slider.shown_name() == "Attack (own)");
  attack.set_own({});  // as an instrument does whose file does not say
  opened.window->tick(opened.now += 1.0);
  CHECK(slider.shown_name() == "Attack (usual)");
  CHECK(slider.getTooltip().contains("30 ms, as usual"));
  CHECK(slider.getDoubleClickReturnValue() == 30.0);  // where the mark on the scale stands
  auto& decay = dynamic_cast<ParameterSlider&>(*find(*opened.window, "decay"));
  CHECK(decay.shown_name() == "Decay");
  CHECK(decay.getTooltip().endsWith("a double click sets 0 ms."));
}

TEST_CASE("What is idle is not drawn") {
  for (const char* id : kBoth) {
    CAPTURE(id);
    Opened opened(id);
    while (opened.processor->status().loading) juce::Thread::sleep(1);
    opened.window->tick(opened.now += 1.0);
    int asked = 0;
    opened.window->setVisible(true);
    opened.window->setCachedComponentImage(new CountedDrawing(asked));
    asked = 0;
    for (int i = 0; i < 60; ++i) opened.window->tick(opened.now += 1.0 / 30.0);
    CHECK(asked == 0);  // the host does not play
    opened.play(0.5, 1.0f);
    CHECK(asked > 15);
    opened.play(20.0, 0.0f);
    asked = 0;
    opened.play(2.0, 0.0f);
    CHECK(asked <= 4);  // silence: the load alone, if it changes
  }
}

TEST_CASE("A host that stops leaves no meter standing") {
  Opened opened("transfer");
  opened.play(0.5, 1.0f);
  LevelMeter* const meter = all_of<LevelMeter>(*opened.window).front();
  CHECK(!meter->said().startsWith("silent"));
  for (int i = 0; i < 60; ++i) opened.window->tick(opened.now += 1.0 / 30.0);
  CHECK(meter->said().startsWith("silent"));
}

TEST_CASE("A key that is played in the window sounds, and ends when it is let go") {
  Opened opened("instrument");
  opened.processor->play_key({64, 100});
  opened.play(0.3, 0.0f);
  const KeyboardStrip* const keys = all_of<KeyboardStrip>(*opened.window).front();
  CHECK(keys->said() == "E4 sounds");
  opened.processor->play_key({64, 0});
  opened.play(2.0, 0.0f);
  CHECK(keys->said() == "no key sounds");
}

TEST_CASE("A window opens at once") {
  for (const char* id : kBoth) {
    const auto processor = make(id);
    processor->prepareToPlay(kRate, 512);
    const std::clock_t begun = std::clock();
    const std::unique_ptr<juce::AudioProcessorEditor> window(processor->createEditor());
    const juce::Image drawn = window->createComponentSnapshot(window->getLocalBounds());
    CHECK(drawn.isValid());
    CHECK(static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC < 0.5);  // of this process's time, not the clock's
  }
}

TEST_CASE("Pitch is judged against what can be followed and what the instrument has learnt") {
  ddsp_rt::plugin::Readings readings;
  const ddsp_rt::plugin::InstrumentFacts violin{
      .name = "violin", .author = {}, .licence = {}, .lowest_hz = 196.0f, .highest_hz = 2093.0f};
  readings.heard.loudness = -100.0f;
  CHECK(pitch_state(readings, &violin) == PitchState::kSilent);
  readings.heard.loudness = -20.0f;
  CHECK(pitch_state(readings, &violin) == PitchState::kUnsure);
  readings.heard.periodicity = 0.9f;
  readings.played_f0 = 440.0f;
  CHECK(pitch_state(readings, &violin) == PitchState::kInRange);
  CHECK(pitch_state(readings, nullptr) == PitchState::kInRange);
  readings.played_f0 = 110.0f;
  CHECK(pitch_state(readings, &violin) == PitchState::kBelowRange);
  CHECK(words(PitchState::kBelowRange, &violin) == "too low for the violin");
  readings.played_f0 = 3000.0f;
  CHECK(pitch_state(readings, &violin) == PitchState::kAboveRange);
  readings.heard.periodicity = 0.0f;
  readings.heard.outside = 1;
  CHECK(pitch_state(readings, &violin) == PitchState::kTooHighToFollow);
}

TEST_CASE("An input is too soft, good, or clipping, in words") {
  CHECK(input_state(-100.0f, false) == InputState::kSilent);
  CHECK(input_state(-50.0f, false) == InputState::kSoft);
  CHECK(input_state(-15.0f, false) == InputState::kGood);
  CHECK(input_state(-1.0f, false) == InputState::kLoud);
  CHECK(input_state(-15.0f, true) == InputState::kClipping);
  Opened opened("transfer");
  const LevelMeter* const meter = all_of<LevelMeter>(*opened.window).front();
  opened.play(0.5, 0.005f);
  CHECK(meter->said().endsWith("too soft"));
  opened.play(0.5, 0.5f);
  CHECK(meter->said().endsWith("good"));
  opened.play(0.5, 4.0f);
  CHECK(meter->said().endsWith("clipping"));
}

TEST_CASE("Notes are named as musicians name them") {
  CHECK(key_name(60) == "C4");
  CHECK(key_name(66) == "F#4");
  CHECK(key_name(0) == "C-1");
  CHECK(nearest_note(440.0f).key == 69);
  CHECK(nearest_note(440.0f * std::exp2(0.3f / 12.0f)).cents == 30);
  CHECK(nearest_note(440.0f * std::exp2(-0.3f / 12.0f)).cents == -30);
}

TEST_CASE("Texts can be read, and what is heard and played differ in lightness too") {
  CHECK(contrast(palette::kText, palette::kCard) > 7.0);
  CHECK(contrast(palette::kQuiet, palette::kCard) > 4.5);
  CHECK(contrast(palette::kQuiet, palette::kBackground) > 4.5);
  CHECK(contrast(palette::kWarning, palette::kCard) > 4.5);
  CHECK(contrast(palette::kPlayed, palette::kRange) > 3.0);
  CHECK(contrast(palette::kHeard, palette::kPlayed) > 1.8);
  CHECK(contrast(palette::kText, palette::kPlayed) > 2.0);
}
