// Which line is what is heard and which is what is played.
#pragma once

#include <juce_graphics/juce_graphics.h>

namespace ddsp_rt::plugin::window {

/// At the right end of `area`; `heard` and `played` stand beside a dotted and a thick line. An empty text leaves its
/// line out.
void draw_legend(juce::Graphics& g, juce::Rectangle<float> area, const juce::String& heard, const juce::String& played);

/// A dot of the dotted line.
inline void draw_dot(juce::Graphics& g, juce::Point<float> at) {
  g.fillEllipse(at.x - 0.95f, at.y - 0.95f, 1.9f, 1.9f);
}

}  // namespace ddsp_rt::plugin::window
