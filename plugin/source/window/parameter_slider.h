// A parameter with a range.
#pragma once

#include "../host_parameter.h"
#include "spoken.h"

namespace ddsp_rt::plugin::window {

/// What a control says of itself: what the parameter does, its range, and how it is reset.
juce::String parameter_tooltip(const HostParameter& parameter);

/// Its name, its value (click: typed entry) and a slider. Arrow keys step, with Shift finely, page keys far; Home and
/// End go to the ends, Delete and a double click to the initial value, Return types.
class ParameterSlider final : public juce::Slider, public Spoken {
 public:
  /// Under `heading`, which is not repeated in what is shown.
  ParameterSlider(HostParameter& parameter, const juce::String& heading);

  const juce::String& shown_name() const noexcept { return shown_name_; }

  void paint(juce::Graphics& g) override;
  bool keyPressed(const juce::KeyPress& key) override;
  juce::String getTextFromValue(double value) override;
  void lookAndFeelChanged() override;
  std::unique_ptr<juce::AccessibilityHandler> make_handler() override;
  void focusOfChildComponentChanged(FocusChangeType) override { repaint(); }
  void focusGained(FocusChangeType) override { repaint(); }
  void focusLost(FocusChangeType) override { repaint(); }

 private:
  std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override { return make_handler(); }
  class Handler;
  double step() const;

  HostParameter& parameter_;
  juce::String shown_name_;
  juce::SliderParameterAttachment attachment_;
};

}  // namespace ddsp_rt::plugin::window
