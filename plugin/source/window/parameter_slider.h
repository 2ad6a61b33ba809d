// A parameter with a range.
#pragma once

#include "../host_parameter.h"
#include "spoken.h"

namespace ddsp_rt::plugin::window {

/// What a control says of itself: what the parameter does, its range, and what it is reset to.
juce::String parameter_tooltip(const HostParameter& parameter);

/// Its name, its value (click: typed entry) and a slider. Arrow keys step, with Shift finely, page keys far; Home and
/// End go to the ends, Delete and a double click back to the start, Return types. What was left to the instrument says
/// in a word beside its name whether it was measured of it ("own") or not ("usual").
class ParameterSlider final : public juce::Slider, public Spoken {
 public:
  /// Under `heading`, which is not repeated in what is shown.
  ParameterSlider(HostParameter& parameter, const juce::String& heading);

  /// Its name, and the word where there is one.
  juce::String shown_name() const;

  /// A few times a second: another instrument may have brought another value to go back to.
  void look();

  void paint(juce::Graphics& g) override;
  bool keyPressed(const juce::KeyPress& key) override;
  void mouseDoubleClick(const juce::MouseEvent&) override { go_back(); }
  void valueChanged() override { look(); }
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
  void go_back();

  HostParameter& parameter_;
  juce::String name_, word_;
  juce::SliderParameterAttachment attachment_;
};

}  // namespace ddsp_rt::plugin::window
