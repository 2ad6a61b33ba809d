// A switch and its keys.
#include "parameter_switch.h"

#include "parameter_slider.h"

namespace ddsp_rt::plugin::window {

ParameterSwitch::ParameterSwitch(HostParameter& parameter) : parameter_(parameter), attachment_(parameter, *this) {
  setComponentID(parameter.getParameterID());
  setButtonText(parameter.getName(64));
  setTitle(parameter.getName(64));
  setTooltip(parameter_tooltip(parameter));
  setHelpText(getTooltip());
  setWantsKeyboardFocus(true);
}

bool ParameterSwitch::keyPressed(const juce::KeyPress& key) {
  if (key == juce::KeyPress::deleteKey || key == juce::KeyPress::backspaceKey) {
    setToggleState(parameter_.info().initial >= 0.5f, juce::sendNotificationSync);
    return true;
  }
  if (key == juce::KeyPress::spaceKey) {
    triggerClick();
    return true;
  }
  return ToggleButton::keyPressed(key);
}

}  // namespace ddsp_rt::plugin::window
