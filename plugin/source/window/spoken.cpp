// Buttons, as a screen reader knows them.
#include "spoken.h"

namespace ddsp_rt::plugin::window {
namespace {

using Handler = juce::AccessibilityHandler;

class SwitchHandler final : public Handler {
 public:
  explicit SwitchHandler(juce::Button& button)
      : Handler(button, juce::AccessibilityRole::toggleButton,
                juce::AccessibilityActions()
                    .addAction(juce::AccessibilityActionType::press, [&button] { button.triggerClick(); })
                    .addAction(juce::AccessibilityActionType::toggle, [&button] { button.triggerClick(); }),
                Interfaces{std::make_unique<SaidValue>(
                    [&button] { return juce::String(button.getToggleState() ? "on" : "off"); })}),
        button_(button) {}

  juce::AccessibleState getCurrentState() const override {
    const juce::AccessibleState state = Handler::getCurrentState().withCheckable();
    return button_.getToggleState() ? state.withChecked() : state;
  }

 private:
  juce::Button& button_;
};

}  // namespace

std::unique_ptr<Handler> button_handler(juce::Button& button) {
  return std::make_unique<Handler>(button, juce::AccessibilityRole::button,
                                   juce::AccessibilityActions().addAction(juce::AccessibilityActionType::press,
                                                                          [&button] { button.triggerClick(); }));
}

std::unique_ptr<Handler> switch_handler(juce::Button& button) { return std::make_unique<SwitchHandler>(button); }

}  // namespace ddsp_rt::plugin::window
