// A slider, its keys and its texts.
#include "parameter_slider.h"

#include <cmath>

#include "look.h"
#include "palette.h"
#include "words.h"

namespace ddsp_rt::plugin::window {
namespace {

/// 1, 2 or 5 times a power of ten, near a hundredth of the range.
double nice_step(double range) {
  const double wanted = range / 100.0, power = std::pow(10.0, std::floor(std::log10(wanted)));
  const double share = wanted / power;
  return power * (share < 1.5 ? 1.0 : share < 3.5 ? 2.0 : share < 7.5 ? 5.0 : 10.0);
}

}  // namespace

juce::String parameter_tooltip(const HostParameter& parameter) {
  const ParameterInfo& info = parameter.info();
  juce::String line = from_utf8(info.description);
  line = line.substring(0, 1).toUpperCase() + line.substring(1) + ".";
  if (parameter.is_switch()) return line;
  const juce::String start = parameter.text_of(parameter.initial());
  line << "\n" << parameter.text_of(info.minimum) << " to " << parameter.text_of(info.maximum) << "; a double click ";
  if (!parameter.is_instruments_own()) return line << "sets " << start << ".";
  return line << "leaves it to the instrument: " << start
              << (parameter.measured() ? ", as its recordings have it."
                                       : ", as usual; of this one it was not measured.");
}

// Says the value with its whole unit.
class ParameterSlider::Handler final : public juce::AccessibilityHandler {
 public:
  explicit Handler(ParameterSlider& slider)
      : AccessibilityHandler(slider, juce::AccessibilityRole::slider, {}, {std::make_unique<Value>(slider)}),
        slider_(slider) {}
  juce::String getHelp() const override { return slider_.getTooltip(); }

 private:
  struct Value final : juce::AccessibilityValueInterface {
    explicit Value(ParameterSlider& of) : slider(of) {}
    bool isReadOnly() const override { return false; }
    double getCurrentValue() const override { return slider.getValue(); }
    juce::String getCurrentValueAsString() const override {
      const juce::String text = slider.parameter_.text_of(static_cast<float>(slider.getValue()));
      return slider.word_.isEmpty() ? text : text + ", " + slider.word_;
    }
    void setValue(double value) override {
      const ScopedDragNotification drag(slider);
      slider.juce::Slider::setValue(value, juce::sendNotificationSync);
    }
    void setValueAsString(const juce::String& typed) override { setValue(slider.getValueFromText(typed)); }
    AccessibleValueRange getRange() const override {
      return {{slider.getMinimum(), slider.getMaximum()}, slider.step()};
    }
    ParameterSlider& slider;
  };

  ParameterSlider& slider_;
};

ParameterSlider::ParameterSlider(HostParameter& parameter, const juce::String& heading)
    : Slider(LinearHorizontal, TextBoxRight), parameter_(parameter), attachment_(parameter, *this) {
  const juce::String name = from_utf8(parameter.info().title);
  setComponentID(from_utf8(parameter.info().name));
  setName(name);
  setTitle(name);
  name_ = name.startsWith(heading + " ") ? name.substring(heading.length() + 1) : name;
  name_ = name_.substring(0, 1).toUpperCase() + name_.substring(1);
  setWantsKeyboardFocus(true);
  setTextBoxIsEditable(true);
  setScrollWheelEnabled(true);
  updateText();
  look();
}

juce::String ParameterSlider::shown_name() const { return word_.isEmpty() ? name_ : name_ + " (" + word_ + ")"; }

void ParameterSlider::look() {
  const juce::String word = !parameter_.left_alone() ? "" : parameter_.measured() ? "own" : "usual";
  const double initial = parameter_.initial();
  if (getTooltip().isNotEmpty() && word == word_ && initial == getDoubleClickReturnValue()) return;
  word_ = word;
  // Only a mark on the scale: to go back is more than to be set to that value.
  setDoubleClickReturnValue(true, initial, juce::ModifierKeys());
  if (parameter_.left_alone()) setValue(initial, juce::dontSendNotification);  // also while the host stands still
  setTooltip(parameter_tooltip(parameter_));
  setHelpText(getTooltip());
  for (juce::Component* child : getChildren())
    if (auto* const number = dynamic_cast<juce::Label*>(child)) number->setTooltip(getTooltip());
  repaint();
}

void ParameterSlider::go_back() {
  parameter_.restore();
  look();
}

juce::String ParameterSlider::getTextFromValue(double value) {
  return short_units(parameter_.text_of(static_cast<float>(value)));
}

// The number is a part of the slider, and no stop of its own for the Tab key.
void ParameterSlider::lookAndFeelChanged() {
  Slider::lookAndFeelChanged();
  for (juce::Component* child : getChildren()) child->setWantsKeyboardFocus(false);
}

void ParameterSlider::paint(juce::Graphics& g) {
  g.setFont(face(13.0f));
  g.setColour(palette::kQuiet);
  g.drawText(shown_name(), getLocalBounds().reduced(4, 1).removeFromTop(17), juce::Justification::centredLeft);
  Slider::paint(g);
  draw_focus(g, *this);
}

double ParameterSlider::step() const {
  return getInterval() > 0.0 ? getInterval() : nice_step(getMaximum() - getMinimum());
}

bool ParameterSlider::keyPressed(const juce::KeyPress& key) {
  const bool fine = key.getModifiers().isShiftDown() && getInterval() <= 0.0;
  const double one = fine ? 0.1 * step() : step(), many = 10.0 * step();
  const auto set = [this](double value) {
    const ScopedDragNotification drag(*this);
    setValue(value, juce::sendNotificationSync);
    look();
    return true;
  };
  const int code = key.getKeyCode();
  if (key.getModifiers().isCommandDown() || key.getModifiers().isAltDown()) return false;
  if (code == juce::KeyPress::rightKey || code == juce::KeyPress::upKey) return set(getValue() + one);
  if (code == juce::KeyPress::leftKey || code == juce::KeyPress::downKey) return set(getValue() - one);
  if (code == juce::KeyPress::pageUpKey) return set(getValue() + many);
  if (code == juce::KeyPress::pageDownKey) return set(getValue() - many);
  if (code == juce::KeyPress::homeKey) return set(getMinimum());
  if (code == juce::KeyPress::endKey) return set(getMaximum());
  if (code == juce::KeyPress::deleteKey || code == juce::KeyPress::backspaceKey) {
    go_back();
    return true;
  }
  if (code == juce::KeyPress::returnKey) {
    showTextBox();
    return true;
  }
  return false;
}

std::unique_ptr<juce::AccessibilityHandler> ParameterSlider::make_handler() { return std::make_unique<Handler>(*this); }

}  // namespace ddsp_rt::plugin::window
