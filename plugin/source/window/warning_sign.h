// What goes before words that warn, so that they do not rely on a colour.
#pragma once

#include "look.h"
#include "palette.h"

namespace ddsp_rt::plugin::window {

/// A triangle with an exclamation mark, at the left of `area`.
inline void draw_warning_sign(juce::Graphics& g, juce::Rectangle<float> area) {
  const juce::Rectangle<float> box = area.removeFromLeft(15.0f).withSizeKeepingCentre(15.0f, 13.0f);
  juce::Path path;
  path.addTriangle(box.getCentreX(), box.getY(), box.getX(), box.getBottom(), box.getRight(), box.getBottom());
  g.setColour(palette::kWarning);
  g.fillPath(path.createPathWithRoundedCorners(1.5f));
  g.setColour(palette::kBackground);
  g.fillRect(box.getCentreX() - 0.8f, box.getY() + 4.5f, 1.6f, 4.5f);
  g.fillRect(box.getCentreX() - 0.8f, box.getY() + 10.0f, 1.6f, 1.6f);
}

}  // namespace ddsp_rt::plugin::window
