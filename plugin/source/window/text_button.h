// A button that does something.
#pragma once

#include "spoken.h"

namespace ddsp_rt::plugin::window {

/// Return and Space press it.
class TextButton final : public juce::TextButton, public Spoken {
 public:
  TextButton(const juce::String& title, const juce::String& tooltip) : juce::TextButton(title, tooltip) {
    setTitle(title);
    setHelpText(tooltip);
    setWantsKeyboardFocus(true);
  }

  bool keyPressed(const juce::KeyPress& key) override {
    if (key != juce::KeyPress::spaceKey) return juce::TextButton::keyPressed(key);
    triggerClick();
    return true;
  }

  std::unique_ptr<juce::AccessibilityHandler> make_handler() override { return button_handler(*this); }

 private:
  std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override { return make_handler(); }
};

}  // namespace ddsp_rt::plugin::window
