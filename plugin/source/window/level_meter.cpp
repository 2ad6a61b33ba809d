// A bar, its scale, a number and a word.
#include "level_meter.h"

#include "legend.h"
#include "look.h"

namespace ddsp_rt::plugin::window {
namespace {

constexpr float kLowest = -72.0f, kHighest = 0.0f;  // of the scale, dB
constexpr float kFall = 12.0f;                      // of what counts as recent, dB a second
constexpr double kClipShows = 3.0;                  // seconds

float share(float db) { return juce::jlimit(0.0f, 1.0f, (db - kLowest) / (kHighest - kLowest)); }

}  // namespace

LevelMeter::LevelMeter(Side side)
    : Display(side == Side::kInput ? "Input level" : "Output level",
              side == Side::kInput ? "Peak level of the input. Between the marks it is heard best."
                                   : "Peak level of the output."),
      side_(side) {}

void LevelMeter::show(const Readings& readings, double now) {
  level_ = db(readings);
  const auto passed = static_cast<float>(juce::jlimit(0.0, 1.0, now - shown_at_));
  shown_at_ = now;
  recent_ = std::max(level_, recent_ - kFall * passed);
  if (side_ == Side::kInput ? readings.clipped > clipped_ : level_ >= 0.0f) clipped_at_ = now;
  clipped_ = readings.clipped;
  const bool worded = state_.offer(input_state(recent_, now - clipped_at_ < kClipShows));
  const int height = juce::roundToInt(share(level_) * 2.0f * static_cast<float>(getHeight()));
  if (!worded && height == drawn_height_) return;
  drawn_height_ = height;
  repaint();
}

juce::String LevelMeter::said() const { return level_text(level_, kLowest) + ", " + words(state_.get()); }

void LevelMeter::paint(juce::Graphics& g) {
  juce::Rectangle<float> area = getLocalBounds().toFloat();
  draw_title(g, area, side_ == Side::kInput ? "Input" : "Output", 0.0f, juce::Justification::centred);
  const juce::Rectangle<float> word = area.removeFromBottom(18.0f), number = area.removeFromBottom(18.0f);
  area.reduce(0.0f, 5.0f);

  const float width = 12.0f, x = area.getCentreX() - 18.0f;
  const juce::Rectangle<float> bar(x, area.getY(), width, area.getHeight());
  const auto y = [&](float decibels) { return bar.getBottom() - share(decibels) * bar.getHeight(); };
  g.setColour(palette::kTrack.withAlpha(0.6f));
  g.fillRoundedRectangle(bar, 3.0f);
  const bool over = state_.get() == InputState::kClipping;
  g.setColour(over ? palette::kWarning : side_ == Side::kInput ? palette::kHeard : palette::kPlayed);
  g.fillRoundedRectangle(bar.withTop(y(level_)), 3.0f);
  g.setFont(face(11.5f));
  for (const int mark : {0, -12, -24, -36, -48, -60}) {
    const float at = y(static_cast<float>(mark));
    g.setColour(palette::kLine);
    g.fillRect(bar.getRight() + 3.0f, at - 0.5f, 4.0f, 1.0f);
    g.setColour(palette::kQuiet);
    const juce::Rectangle<float> place(bar.getRight() + 9.0f, at - 7.0f, 26.0f, 14.0f);
    g.drawText(mark == 0 ? "0" : juce::String::fromUTF8("\xe2\x88\x92") + juce::String(-mark), place,
               juce::Justification::centredLeft);
  }
  if (side_ == Side::kInput) {  // where it is heard best
    g.setColour(palette::kQuiet);
    g.fillRect(x - 5.0f, y(-3.0f), 1.5f, y(-36.0f) - y(-3.0f));
  }

  g.setFont(face(13.0f));
  g.setColour(palette::kText);
  g.drawText(level_text(level_, kLowest), number, juce::Justification::centred);
  const bool wordy = side_ == Side::kInput || over;
  if (!wordy || level_text(level_, kLowest) == words(state_.get())) return;
  g.setColour(worrying(state_.get()) ? palette::kWarning : palette::kQuiet);
  g.setFont(face(13.0f, worrying(state_.get())));
  g.drawText(words(state_.get()), word, juce::Justification::centred);
}

}  // namespace ddsp_rt::plugin::window
