// The colours of the window, and what each stands for.
#pragma once

#include <juce_graphics/juce_graphics.h>

namespace ddsp_rt::plugin::window::palette {

// What comes in and what goes out differ in lightness as well as in hue, and wherever they meet also in form (thin and
// thick, words): blue and yellow are told apart by nearly all colour-blind eyes, lightness by the rest.
inline const juce::Colour kBackground{0xff121519};
inline const juce::Colour kCard{0xff1b1f25};
inline const juce::Colour kLine{0xff343b45};   // frames, grids
inline const juce::Colour kTrack{0xff3d4550};  // of a slider or a meter, where it is empty
inline const juce::Colour kText{0xffe9ecef};
inline const juce::Colour kQuiet{0xffa9b2bd};    // text of second rank
inline const juce::Colour kHeard{0xfff5d98b};    // what comes in
inline const juce::Colour kPlayed{0xff3f9cea};   // what goes out
inline const juce::Colour kNoise{0xff8b96a3};    // the noise part
inline const juce::Colour kWarning{0xffffab5e};  // always with words
inline const juce::Colour kRange{0xff232b35};    // where the instrument is at home

}  // namespace ddsp_rt::plugin::window::palette
