// One line at the foot of the window.
#include "status_line.h"

#include "look.h"

namespace ddsp_rt::plugin::window {
namespace {

constexpr double kLoadEvery = 0.5;  // seconds: numbers that flicker cannot be read

juce::String percent(float share) {
  return share < 0.095f ? juce::String(100.0f * share, 1) + " %"
                        : juce::String(juce::roundToInt(100.0f * share)) + " %";
}

}  // namespace

StatusLine::StatusLine(Processor& processor)
    : Display("Load and delay",
              juce::String("CPU: how much of a block's duration the plugin takes, in the mean and at worst of late. "
                           "Delay: what the host is told") +
                  (processor.door() == Doors::kTransfer
                       ? ", and from an onset going in to the instrument's sound, measured when it was made, or as "
                         "usual where that was not."
                       : ".")),
      processor_(processor),
      load_("CPU 0 %") {}

void StatusLine::show(const Readings& readings, double now) {
  if (now - shown_at_ < kLoadEvery) return;
  shown_at_ = now;
  const juce::String load = "CPU " + percent(readings.load) + ", at worst " + percent(readings.worst_load);
  if (load == load_) return;
  load_ = load;
  repaint();
}

void StatusLine::show(const Processor::Status& status) {
  const double rate = processor_.getSampleRate();
  juce::String delay =
      "Delay reported: " + juce::String(status.reported_delay) + (status.reported_delay == 1 ? " sample" : " samples");
  if (status.playing && processor_.door() == Doors::kTransfer)
    delay << juce::String::fromUTF8("  \xc2\xb7  ") << (status.playing->onset_ms ? "measured: " : "usual: ")
          << juce::String(status.playing->delay_ms(), 1) << " ms";
  juce::String format;
  if (rate > 0.0)
    format << juce::String(0.001 * rate, rate == 1000.0 * std::round(0.001 * rate) ? 0 : 1)
           << juce::String::fromUTF8(" kHz  \xc2\xb7  blocks of ") << processor_.getBlockSize();
  if (delay == delay_ && format == format_) return;
  delay_ = delay, format_ = format;
  repaint();
}

void StatusLine::paint(juce::Graphics& g) {
  g.fillAll(palette::kBackground);
  juce::Rectangle<int> area = getLocalBounds();
  g.setFont(face(12.5f));
  g.setColour(palette::kQuiet);
  g.drawText(load_, area.removeFromLeft(200), juce::Justification::centredLeft);
  g.drawText(delay_, area.removeFromLeft(330), juce::Justification::centredLeft);
  const juce::String name = processor_.getName() + " " DDSP_RT_PLUGIN_VERSION;
  g.drawText(name, area.withTrimmedRight(16).removeFromRight(190), juce::Justification::centredRight);
  g.drawText(format_, area, juce::Justification::centredLeft);
}

}  // namespace ddsp_rt::plugin::window
