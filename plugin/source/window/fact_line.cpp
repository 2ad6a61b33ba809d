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
  juce::String authors;
  if (status.playing) {
    facts.add(range_text(*status.playing));
    facts.add(juce::String(juce::roundToInt(0.001 * status.playing->model_rate)) + " kHz");
    facts.add(from_utf8(status.playing->licence));
    facts.removeEmptyStrings();
    authors = juce::StringArray::fromLines(from_utf8(status.playing->author).trim()).joinIntoString("; ");
  }
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
  if (status.playing) tooltip.add(from_utf8(status.playing->author).trim());
  if (!status.path.empty()) tooltip.add(from_utf8(status.path));
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
