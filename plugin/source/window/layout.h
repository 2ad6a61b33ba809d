// Where everything is in the window, and which parameters stand together.
#pragma once

#include <juce_graphics/juce_graphics.h>

#include <string_view>
#include <vector>

#include "../host_parameter.h"

namespace ddsp_rt::plugin::window {

// The window at 100 %. At another size everything grows with it, and what is left over goes to the displays.
inline constexpr int kWidth = 1040, kTransferHeight = 600, kInstrumentHeight = 664;

/// Parameters that stand in one card, in order.
struct Group {
  juce::String title;
  std::vector<HostParameter*> parameters;
};

/// Every parameter is in a card but those of the window's head; what the engine's table has and this file does not know
/// of stands in a last card of its own.
std::vector<Group> groups_of(const std::vector<HostParameter*>& parameters, Doors door);

struct Layout {
  juce::Rectangle<int> instrument, facts, presets, bypass;                 // the head
  juce::Rectangle<int> input, readout, pitch, loudness, spectrum, output;  // the displays
  juce::Rectangle<int> keyboard;                                           // of the note door
  std::vector<juce::Rectangle<int>> groups;
  juce::Rectangle<int> status;
  std::vector<juce::Rectangle<int>> cards;  // drawn behind the displays
};
Layout lay_out(juce::Rectangle<int> window, Doors door, int group_count);

}  // namespace ddsp_rt::plugin::window
