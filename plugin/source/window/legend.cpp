// Two short lines and their texts.
#include "legend.h"

#include "look.h"
#include "palette.h"

namespace ddsp_rt::plugin::window {

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
