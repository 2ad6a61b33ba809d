// What the fit panel says and does.
#include "fit_panel.h"

#include <cmath>

#include "look.h"

namespace ddsp_rt::plugin::window {
namespace {

juce::String fit_words(int octave, float offset_db) {
  const auto with_sign = [](int value) {
    return (value < 0 ? juce::String::fromUTF8("\xe2\x88\x92") : juce::String("+")) + juce::String(std::abs(value));
  };
  juce::StringArray parts;
  if (octave != 0) parts.add(with_sign(octave) + " oct");
  if (const int db = juce::roundToInt(offset_db); db != 0) parts.add(with_sign(db) + " dB");
  return parts.isEmpty() ? "no fit" : parts.joinIntoString(", ");
}

}  // namespace

FitPanel::FitPanel(Processor& processor)
    : Display("Fit",
              "What the fit adds to pitch and loudness, so that the performance lies where the instrument does."),
      processor_(processor),
      learn_("Learn fit",
             "Learns from the next five seconds of sound how to bring pitch and loudness to the instrument."),
      forget_("Forget", "Plays pitch and loudness as they come."),
      words_("no fit") {
  setOpaque(false);
  learn_.onClick = [this] { processor_.learn(); };
  forget_.onClick = [this] { processor_.set_fitting({}); };
  addAndMakeVisible(learn_);
  addAndMakeVisible(forget_);
}

void FitPanel::show(const Readings& readings, double) {
  const juce::String words = readings.learning ? juce::String::fromUTF8("listening\xe2\x80\xa6")
                                               : fit_words(readings.octave, readings.loudness_offset_db);
  if (words == words_) return;
  words_ = words;
  repaint();
}

void FitPanel::paint(juce::Graphics& g) {
  g.setFont(face(12.5f));
  g.setColour(palette::kQuiet);
  g.drawText(words_, getLocalBounds().withTrimmedLeft(forget_.getRight() + 8).withTrimmedRight(4),
             juce::Justification::centredRight);
}

void FitPanel::resized() {
  juce::Rectangle<int> area = getLocalBounds().withTrimmedLeft(4);
  learn_.setBounds(area.removeFromLeft(68).withSizeKeepingCentre(68, 24));
  area.removeFromLeft(4);
  forget_.setBounds(area.removeFromLeft(56).withSizeKeepingCentre(56, 24));
}

}  // namespace ddsp_rt::plugin::window
