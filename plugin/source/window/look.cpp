// Sliders, switches, buttons, tooltips.
#include "look.h"

#include "palette.h"

namespace ddsp_rt::plugin::window {
namespace {

constexpr float kTextHeight = 13.0f;
constexpr int kNameHeight = 17;  // the line over a slider: its name and its value
constexpr float kTooltipWidth = 360.0f;

juce::TextLayout tooltip_layout(const juce::String& text) {
  juce::AttributedString line;
  line.append(text, face(13.5f), palette::kText);
  juce::TextLayout layout;
  layout.createLayoutWithBalancedLineLengths(line, kTooltipWidth);
  return layout;
}

}  // namespace

juce::Font face(float height, bool bold) {
  static const juce::String name = [] {
    const juce::StringArray here = juce::Font::findAllTypefaceNames();
    for (const char* wanted :
         {"Inter", "SF Pro Text", "Helvetica Neue", "Segoe UI", "Noto Sans", "Cantarell", "Ubuntu"})
      if (here.contains(wanted)) return juce::String(wanted);
    return juce::Font::getDefaultSansSerifFontName();
  }();
  return {name, height, bold ? juce::Font::bold : juce::Font::plain};
}

Look::Look() {
  setColour(juce::ResizableWindow::backgroundColourId, palette::kBackground);
  setColour(juce::Slider::textBoxTextColourId, palette::kText);
  setColour(juce::Slider::textBoxBackgroundColourId, juce::Colours::transparentBlack);
  setColour(juce::Slider::textBoxOutlineColourId, juce::Colours::transparentBlack);
  setColour(juce::Slider::textBoxHighlightColourId, palette::kPlayed.withAlpha(0.5f));
  setColour(juce::TextEditor::backgroundColourId, palette::kBackground);
  setColour(juce::TextEditor::textColourId, palette::kText);
  setColour(juce::TextEditor::highlightColourId, palette::kPlayed.withAlpha(0.5f));
  setColour(juce::TextEditor::highlightedTextColourId, palette::kText);
  setColour(juce::TextEditor::outlineColourId, palette::kLine);
  setColour(juce::TextEditor::focusedOutlineColourId, palette::kPlayed);
  setColour(juce::Label::textWhenEditingColourId, palette::kText);
  setColour(juce::Label::backgroundWhenEditingColourId, palette::kBackground);
  setColour(juce::CaretComponent::caretColourId, palette::kText);
  setColour(juce::TextButton::buttonColourId, palette::kCard);
  setColour(juce::TextButton::textColourOffId, palette::kText);
  setColour(juce::TextButton::textColourOnId, palette::kText);
  setColour(juce::PopupMenu::backgroundColourId, palette::kCard);
  setColour(juce::PopupMenu::textColourId, palette::kText);
  setColour(juce::PopupMenu::headerTextColourId, palette::kQuiet);
  setColour(juce::PopupMenu::highlightedBackgroundColourId, palette::kPlayed.withAlpha(0.35f));
  setColour(juce::PopupMenu::highlightedTextColourId, palette::kText);
  setColour(juce::AlertWindow::backgroundColourId, palette::kCard);
  setColour(juce::AlertWindow::textColourId, palette::kText);
  setColour(juce::AlertWindow::outlineColourId, palette::kLine);
}

void draw_focus(juce::Graphics& g, const juce::Component& component) {
  if (!component.hasKeyboardFocus(true)) return;
  g.setColour(palette::kText.withAlpha(0.75f));
  g.drawRoundedRectangle(component.getLocalBounds().toFloat().reduced(0.75f), 4.0f, 1.5f);
}

juce::Slider::SliderLayout Look::getSliderLayout(juce::Slider& slider) {
  juce::Rectangle<int> area = slider.getLocalBounds().reduced(4, 1);
  juce::Rectangle<int> text = area.removeFromTop(kNameHeight);
  const double lowest = slider.getMinimum(), highest = slider.getMaximum();
  float widest = 0.0f;
  for (const double value : {lowest, highest, 0.77 * lowest, 0.77 * highest})
    widest = std::max(widest, face(kTextHeight).getStringWidthFloat(slider.getTextFromValue(value)));
  return {area.reduced(getSliderThumbRadius(slider), 0),
          text.removeFromRight(std::min(text.getWidth(), static_cast<int>(std::ceil(widest)) + 4))};
}

juce::Label* Look::createSliderTextBox(juce::Slider& slider) {
  juce::Label* label = LookAndFeel_V4::createSliderTextBox(slider);
  label->setFont(face(kTextHeight));
  label->setJustificationType(juce::Justification::centredRight);
  label->setBorderSize({});
  label->setMinimumHorizontalScale(1.0f);
  return label;
}

void Look::drawLinearSlider(juce::Graphics& g, int x, int y, int width, int height, float position, float, float,
                            juce::Slider::SliderStyle, juce::Slider& slider) {
  const auto left = static_cast<float>(x), right = static_cast<float>(x + width);
  const float middle = static_cast<float>(y) + 0.5f * static_cast<float>(height);
  const auto at = [&](double value) {
    return left + static_cast<float>(slider.valueToProportionOfLength(value)) * (right - left);
  };
  const bool both_ways = slider.getMinimum() < 0.0 && slider.getMaximum() > 0.0;
  const float from = both_ways ? at(0.0) : left - static_cast<float>(getSliderThumbRadius(slider));
  g.setColour(palette::kTrack);
  const auto reach = static_cast<float>(getSliderThumbRadius(slider));  // the track goes on to the thumb's edge
  g.fillRoundedRectangle(left - reach, middle - 1.5f, right - left + 2.0f * reach, 3.0f, 1.5f);
  const float initial = at(slider.getDoubleClickReturnValue());
  g.fillRect(initial - 0.75f, middle - 4.0f, 1.5f, 8.0f);
  g.setColour(palette::kPlayed);
  g.fillRoundedRectangle(std::min(from, position), middle - 1.5f, std::abs(position - from), 3.0f, 1.5f);
  const float radius = slider.isMouseOverOrDragging() ? 5.5f : 4.5f;
  g.setColour(palette::kText);
  g.fillEllipse(position - radius, middle - radius, 2.0f * radius, 2.0f * radius);
}

void Look::drawToggleButton(juce::Graphics& g, juce::ToggleButton& button, bool over, bool) {
  juce::Rectangle<float> area = button.getLocalBounds().toFloat().reduced(4.0f, 1.0f);
  const bool on = button.getToggleState();
  juce::Rectangle<float> pill = area.removeFromRight(26.0f).withSizeKeepingCentre(26.0f, 14.0f);
  g.setColour(on ? palette::kPlayed : palette::kTrack);
  g.fillRoundedRectangle(pill, 7.0f);
  if (over) {
    g.setColour(palette::kQuiet);
    g.drawRoundedRectangle(pill, 7.0f, 1.0f);
  }
  g.setColour(palette::kText);
  g.fillEllipse((on ? pill.removeFromRight(14.0f) : pill.removeFromLeft(14.0f)).reduced(2.5f));
  g.setFont(face(13.0f));
  g.setColour(button.isEnabled() ? palette::kQuiet.interpolatedWith(palette::kText, on ? 1.0f : 0.0f)
                                 : palette::kTrack);
  g.drawText(button.getButtonText(), area, juce::Justification::centredLeft);
  draw_focus(g, button);
}

void Look::drawButtonBackground(juce::Graphics& g, juce::Button& button, const juce::Colour&, bool over, bool down) {
  const juce::Rectangle<float> area = button.getLocalBounds().toFloat().reduced(0.5f);
  g.setColour(palette::kTrack.withAlpha(down ? 1.0f : over ? 0.8f : 0.45f));
  g.fillRoundedRectangle(area, 4.0f);
  draw_focus(g, button);
}

juce::Rectangle<int> Look::getTooltipBounds(const juce::String& text, juce::Point<int> at, juce::Rectangle<int> area) {
  const juce::TextLayout layout = tooltip_layout(text);
  const int width = static_cast<int>(std::ceil(layout.getWidth())) + 18;
  const int height = static_cast<int>(std::ceil(layout.getHeight())) + 12;
  return juce::Rectangle<int>(at.x > area.getCentreX() ? at.x - width - 12 : at.x + 16,
                              at.y > area.getCentreY() ? at.y - height - 6 : at.y + 16, width, height)
      .constrainedWithin(area);
}

void Look::drawTooltip(juce::Graphics& g, const juce::String& text, int width, int height) {
  const juce::Rectangle<int> area(width, height);
  g.fillAll(palette::kTrack);
  tooltip_layout(text).draw(g, area.reduced(9, 6).toFloat());
}

}  // namespace ddsp_rt::plugin::window
