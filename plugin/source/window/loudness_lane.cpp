// Two lines of decibels.
#include "loudness_lane.h"

#include "legend.h"
#include "look.h"
#include "words.h"

namespace ddsp_rt::plugin::window {
namespace {

constexpr float kLowest = -80.0f, kHighest = 0.0f;  // dB

}  // namespace

LoudnessLane::LoudnessLane(Doors door)
    : Display("Loudness",
              door == Doors::kTransfer
                  ? "A-weighted loudness of the last eight seconds: of what is heard (dotted), and what the "
                    "instrument is asked for (thick)."
                  : "A-weighted loudness that the loudest note is played with, of the last eight seconds."),
      door_(door) {}

void LoudnessLane::show(const Readings& readings, double) {
  const Column column{readings.heard.loudness, readings.played_loudness};
  history_.push(column);
  if (stillness_.moves(std::max(column.heard, column.played) <= kLowest)) repaint();
}

juce::String LoudnessLane::said() const {
  const Column& now = history_.newest();
  const juce::String played = "played " + level_text(now.played, kLowest);
  return door_ == Doors::kTransfer ? "heard " + level_text(now.heard, kLowest) + ", " + played : played;
}

void LoudnessLane::paint(juce::Graphics& g) {
  juce::Rectangle<float> area = getLocalBounds().toFloat();
  const juce::Rectangle<float> legend = draw_title(g, area, "Loudness", kLabels);
  const Column& now = history_.newest();
  draw_legend(g, legend, door_ == Doors::kTransfer ? "heard " + level_text(now.heard, kLowest) : juce::String(),
              "played " + level_text(now.played, kLowest));
  area.removeFromTop(2.0f);
  area.removeFromBottom(1.0f);

  const juce::Rectangle<float> plot = area.withTrimmedLeft(kLabels).withTrimmedRight(4.0f);
  const auto y = [&](float db) {
    return area.getBottom() - juce::jlimit(0.0f, 1.0f, (db - kLowest) / (kHighest - kLowest)) * area.getHeight();
  };
  for (const int mark : {-20, -40, -60})
    draw_mark(g, area.withTrimmedLeft(kLabels), y(static_cast<float>(mark)),
              juce::String::fromUTF8("\xe2\x88\x92") + juce::String(-mark));
  const auto line = [&](auto&& value) {
    juce::Path path;
    for (int i = 0; i < kLaneColumns; ++i) {
      const juce::Point<float> point(column_x(i, plot.getX(), plot.getWidth()), y(value(history_.at(i))));
      i == 0 ? path.startNewSubPath(point) : path.lineTo(point);
    }
    return path;
  };
  g.setColour(palette::kPlayed);
  g.strokePath(line([](const Column& column) { return column.played; }),
               juce::PathStrokeType(2.2f, juce::PathStrokeType::curved));
  if (door_ != Doors::kTransfer) return;
  g.setColour(palette::kHeard);
  for (int i = 0; i < kLaneColumns; ++i)
    if (history_.dotted(i)) draw_dot(g, {column_x(i, plot.getX(), plot.getWidth()), y(history_.at(i).heard)});
}

}  // namespace ddsp_rt::plugin::window
