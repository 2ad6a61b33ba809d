// Two lines of facts; a notice takes the second one's place.
#include "fact_line.h"

#include "look.h"
#include "warning_sign.h"
#include "words.h"

namespace ddsp_rt::plugin::window {
FactLine::FactLine() : Display("About the instrument", {}) { setOpaque(false); }

void FactLine::show(const Processor::Status& status) {
  const juce::String dot = juce::String::fromUTF8("  \xc2\xb7  ");
  juce::StringArray facts;
  if (status.playing) {
    facts.add(range_text(*status.playing));
    facts.add(juce::String(juce::roundToInt(0.001 * status.playing->model_rate)) + " kHz");
    facts.add(from_utf8(status.playing->licence));
    facts.removeEmptyStrings();
  }
  juce::StringArray sources;
  for (const auto* one : {&status.playing, &status.second})
    if (one->has_value()) sources.addLines(from_utf8((*one)->author).trim());
  sources.removeEmptyStrings();
  sources.removeDuplicates(false);
  const juce::String authors = sources.joinIntoString("; ");
  if (status.second)
    facts.insert(0, "morphs to " + juce::File(from_utf8(status.second_path)).getFileNameWithoutExtension());
  juce::StringArray notices;
  for (const std::string& line : status.notices) notices.add(from_utf8(line));
  juce::String notice = notices.joinIntoString("; ");
  juce::String first = facts.joinIntoString(dot);
  if (status.loading)
    first = "loading" + juce::String::fromUTF8("\xe2\x80\xa6");
  else if (!status.playing)
    first = "no instrument plays";
  if (first == first_ && authors == second_ && notice == notice_) return;
  first_ = first, second_ = authors, notice_ = notice;
  juce::StringArray tooltip;
  tooltip.addArray(sources);
  for (const std::string* path : {&status.path, &status.second_path}) tooltip.add(from_utf8(*path));
  if (notice.isNotEmpty()) tooltip.insert(0, notice);
  tooltip.removeEmptyStrings();
  setTooltip(tooltip.joinIntoString("\n"));
  repaint();
}

juce::String FactLine::said() const {
  return first_ + (second_.isEmpty() ? "" : ", " + second_) + (notice_.isEmpty() ? "" : ". " + notice_);
}

void FactLine::paint(juce::Graphics& g) {
  juce::Rectangle<float> area = getLocalBounds().toFloat();
  juce::Rectangle<float> top = area.removeFromTop(0.5f * area.getHeight());
  g.setFont(face(13.5f));
  g.setColour(palette::kText);
  g.drawText(first_, top, juce::Justification::centredLeft);
  if (notice_.isNotEmpty()) draw_warning_sign(g, area.removeFromLeft(20.0f));
  g.setFont(face(12.5f));
  g.setColour(notice_.isEmpty() ? palette::kQuiet : palette::kWarning);
  g.drawText(notice_.isEmpty() ? second_ : notice_, area, juce::Justification::centredLeft);
}

}  // namespace ddsp_rt::plugin::window
