// What displays write around what they show: their title, marks on a scale, and which line is which.
#pragma once

#include <juce_graphics/juce_graphics.h>

namespace ddsp_rt::plugin::window {

inline constexpr float kLabels = 30.0f;  // width of what stands at the left of a plot

/// On a card of its own; gives the line that `title` stands in, and leaves what is under it in `area`.
juce::Rectangle<float> draw_title(juce::Graphics& g, juce::Rectangle<float>& area, const juce::String& title,
                                  float from_left = 0.0f, juce::Justification where = juce::Justification::centredLeft);

/// A line across `plot` at height `y`, its text to the left of it.
void draw_mark(juce::Graphics& g, const juce::Rectangle<float>& plot, float y, const juce::String& text);

/// At the right end of `area`; `heard` and `played` stand beside a dotted and a thick line. An empty text leaves its
/// line out.
void draw_legend(juce::Graphics& g, juce::Rectangle<float> area, const juce::String& heard, const juce::String& played);

/// A dot of the dotted line.
inline void draw_dot(juce::Graphics& g, juce::Point<float> at) {
  g.fillEllipse(at.x - 0.95f, at.y - 0.95f, 1.9f, 1.9f);
}

}  // namespace ddsp_rt::plugin::window
