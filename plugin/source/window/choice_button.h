// A button that says what is chosen and opens a menu.
#pragma once

#include "spoken.h"

namespace ddsp_rt::plugin::window {

class ChoiceButton : public juce::Button, public Spoken {
 public:
  ChoiceButton(const juce::String& title, const juce::String& tooltip, float text_height);

  /// What is chosen, as the button shows and a screen reader says it.
  void set_chosen(const juce::String& choice);
  const juce::String& chosen() const noexcept { return chosen_; }

  /// Arrow keys: -1 the previous, 1 the next.
  std::function<void(int)> on_step;

  void paintButton(juce::Graphics& g, bool over, bool down) override;
  bool keyPressed(const juce::KeyPress& key) override;
  std::unique_ptr<juce::AccessibilityHandler> make_handler() override;

 private:
  std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override { return make_handler(); }
  juce::String chosen_;
  float text_height_;
};

}  // namespace ddsp_rt::plugin::window
