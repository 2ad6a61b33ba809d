// How the window's controls are drawn: JUCE's own widgets in our colours, all of them vectors.
#pragma once

#include <juce_gui_basics/juce_gui_basics.h>

namespace ddsp_rt::plugin::window {

/// A modern face that the system has, else its own sans serif.
juce::Font face(float height, bool bold = false);

class Look final : public juce::LookAndFeel_V4 {
 public:
  Look();

  juce::Slider::SliderLayout getSliderLayout(juce::Slider& slider) override;
  int getSliderThumbRadius(juce::Slider&) override { return 5; }
  juce::Label* createSliderTextBox(juce::Slider& slider) override;
  void drawLinearSlider(juce::Graphics& g, int x, int y, int width, int height, float position, float lowest,
                        float highest, juce::Slider::SliderStyle style, juce::Slider& slider) override;
  void drawToggleButton(juce::Graphics& g, juce::ToggleButton& button, bool over, bool down) override;
  void drawButtonBackground(juce::Graphics& g, juce::Button& button, const juce::Colour& fill, bool over,
                            bool down) override;
  juce::Font getTextButtonFont(juce::TextButton&, int) override { return face(13.0f); }
  juce::Font getPopupMenuFont() override { return face(15.0f); }
  juce::Font getAlertWindowTitleFont() override { return face(18.0f, true); }
  juce::Font getAlertWindowMessageFont() override { return face(15.0f); }
  juce::Font getAlertWindowFont() override { return face(14.0f); }
  juce::Rectangle<int> getTooltipBounds(const juce::String& text, juce::Point<int> at,
                                        juce::Rectangle<int> area) override;
  void drawTooltip(juce::Graphics& g, const juce::String& text, int width, int height) override;
};

/// The ring around whatever the keyboard acts on; nothing when it acts elsewhere.
void draw_focus(juce::Graphics& g, const juce::Component& component);

}  // namespace ddsp_rt::plugin::window
