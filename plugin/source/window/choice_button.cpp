// A text and a chevron.
#include "choice_button.h"

#include "look.h"
#include "palette.h"

namespace ddsp_rt::plugin::window {

ChoiceButton::ChoiceButton(const juce::String& title, const juce::String& tooltip, float text_height)
    : Button(title), text_height_(text_height) {
  setTitle(title);
  setTooltip(tooltip);
  setHelpText(tooltip);
  setWantsKeyboardFocus(true);
  setTriggeredOnMouseDown(true);
}

void ChoiceButton::set_chosen(const juce::String& choice) {
  if (choice == chosen_) return;
  chosen_ = choice;
  repaint();
  if (auto* handler = getAccessibilityHandler())
    handler->notifyAccessibilityEvent(juce::AccessibilityEvent::valueChanged);
}

void ChoiceButton::paintButton(juce::Graphics& g, bool over, bool down) {
  juce::Rectangle<float> area = getLocalBounds().toFloat().reduced(0.5f);
  g.setColour(palette::kTrack.withAlpha(down ? 1.0f : over ? 0.8f : 0.45f));
  g.fillRoundedRectangle(area, 5.0f);
  area.reduce(12.0f, 0.0f);
  const juce::Rectangle<float> chevron = area.removeFromRight(10.0f).withSizeKeepingCentre(9.0f, 5.0f);
  juce::Path path;
  path.startNewSubPath(chevron.getTopLeft());
  path.lineTo(chevron.getCentreX(), chevron.getBottom());
  path.lineTo(chevron.getTopRight());
  g.setColour(palette::kQuiet);
  g.strokePath(path, juce::PathStrokeType(1.6f, juce::PathStrokeType::curved, juce::PathStrokeType::rounded));
  g.setColour(palette::kText);
  g.setFont(face(text_height_, text_height_ > 16.0f));
  g.drawText(chosen_, area.withTrimmedRight(8.0f), juce::Justification::centredLeft);
  draw_focus(g, *this);
}

bool ChoiceButton::keyPressed(const juce::KeyPress& key) {
  const int step = key == juce::KeyPress::downKey || key == juce::KeyPress::rightKey ? 1
                   : key == juce::KeyPress::upKey || key == juce::KeyPress::leftKey  ? -1
                                                                                     : 0;
  if (step != 0 && on_step) {
    on_step(step);
    return true;
  }
  if (key == juce::KeyPress::spaceKey) {
    triggerClick();
    return true;
  }
  return Button::keyPressed(key);
}

std::unique_ptr<juce::AccessibilityHandler> ChoiceButton::make_handler() {
  const auto open = [this] { triggerClick(); };
  return std::make_unique<juce::AccessibilityHandler>(
      *this, juce::AccessibilityRole::comboBox,
      juce::AccessibilityActions()
          .addAction(juce::AccessibilityActionType::press, open)
          .addAction(juce::AccessibilityActionType::showMenu, open),
      juce::AccessibilityHandler::Interfaces{std::make_unique<SaidValue>([this] { return chosen_; })});
}

}  // namespace ddsp_rt::plugin::window
