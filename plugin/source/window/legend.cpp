// Lines and their texts.
#include "legend.h"

#include "look.h"
#include "palette.h"

namespace ddsp_rt::plugin::window {

juce::Rectangle<float> draw_title(juce::Graphics& g, juce::Rectangle<float>& area, const juce::String& title,
                                  float from_left, juce::Justification where) {
  g.fillAll(palette::kCard);
  const juce::Rectangle<float> line = area.removeFromTop(18.0f);
  g.setFont(face(13.0f));
  g.setColour(palette::kQuiet);
  g.drawText(title, line.withTrimmedLeft(from_left), where);
  return line;
}

void draw_mark(juce::Graphics& g, const juce::Rectangle<float>& plot, float y, const juce::String& text) {
  g.setFont(face(11.5f));
  g.setColour(palette::kLine);
  g.fillRect(plot.getX(), y - 0.5f, plot.getWidth(), 1.0f);
  g.setColour(palette::kQuiet);
  g.drawText(text, juce::Rectangle<float>(plot.getX() - kLabels, y - 7.0f, kLabels - 6.0f, 14.0f),
             juce::Justification::centredRight);
}

void draw_legend(juce::Graphics& g, juce::Rectangle<float> area, const juce::String& heard,
                 const juce::String& played) {
  const juce::Font font = face(12.0f);
  g.setFont(font);
  const auto item = [&](const juce::String& text, bool dotted) {
    if (text.isEmpty()) return;
    g.setColour(palette::kQuiet);
    g.drawText(text, area.removeFromRight(font.getStringWidthFloat(text) + 1.0f), juce::Justification::centredRight);
    const juce::Rectangle<float> line = area.removeFromRight(22.0f).withTrimmedRight(5.0f).withTrimmedLeft(1.0f);
    g.setColour(dotted ? palette::kHeard : palette::kPlayed);
    if (dotted) {
      for (float x = line.getX(); x < line.getRight() - 1.0f; x += 5.5f)
        g.fillRect(x, line.getCentreY() - 0.75f, 2.5f, 1.5f);
    } else {
      g.fillRoundedRectangle(line.withSizeKeepingCentre(line.getWidth(), 2.6f), 1.3f);
    }
    area.removeFromRight(14.0f);
  };
  item(played, false);
  item(heard, true);
}

}  // namespace ddsp_rt::plugin::window
