// A parameter that is on or off.
#pragma once

#include "../host_parameter.h"
#include "spoken.h"

namespace ddsp_rt::plugin::window {

/// Its name and a switch. Space and Return switch, Delete sets the initial value.
class ParameterSwitch final : public juce::ToggleButton, public Spoken {
 public:
  explicit ParameterSwitch(HostParameter& parameter);

  bool keyPressed(const juce::KeyPress& key) override;
  std::unique_ptr<juce::AccessibilityHandler> make_handler() override { return switch_handler(*this); }

 private:
  std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override { return make_handler(); }
  HostParameter& parameter_;
  juce::ButtonParameterAttachment attachment_;
};

}  // namespace ddsp_rt::plugin::window
