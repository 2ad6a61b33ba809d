// What a screen reader says of a part of the window.
#pragma once

#include <juce_gui_basics/juce_gui_basics.h>

#include <functional>
#include <memory>

namespace ddsp_rt::plugin::window {

/// Every control and every display is one, and gives JUCE what it makes here.
class Spoken {
 public:
  virtual ~Spoken() = default;
  virtual std::unique_ptr<juce::AccessibilityHandler> make_handler() = 0;
};

/// A value that is said and not set.
class SaidValue final : public juce::AccessibilityTextValueInterface {
 public:
  explicit SaidValue(std::function<juce::String()> text) : text_(std::move(text)) {}
  bool isReadOnly() const override { return true; }
  juce::String getCurrentValueAsString() const override { return text_(); }
  void setValueAsString(const juce::String&) override {}

 private:
  std::function<juce::String()> text_;
};

/// What is said of a button, and of one that stays on or off.
std::unique_ptr<juce::AccessibilityHandler> button_handler(juce::Button& button);
std::unique_ptr<juce::AccessibilityHandler> switch_handler(juce::Button& button);

}  // namespace ddsp_rt::plugin::window
