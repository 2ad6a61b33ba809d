// White keys, black keys, dots.
#include "keyboard_strip.h"

#include <cmath>

#include "look.h"
#include "words.h"

namespace ddsp_rt::plugin::window {
namespace {

bool is_black(int key) {
  const int step = key % 12;
  return step == 1 || step == 3 || step == 6 || step == 8 || step == 10;
}

/// How many white keys lie under `key`, from C-1.
int whites_under(int key) {
  static constexpr int kWhites[] = {0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6};
  return 7 * (key / 12) + kWhites[key % 12];
}

}  // namespace

KeyboardStrip::KeyboardStrip()
    : Display("Keys", "Which keys sound. The lighter ones are what the instrument has learnt.") {}

void KeyboardStrip::show(const Readings& readings, double) {
  std::array<bool, 128> sounds{};
  for (int i = 0; i < readings.note_count; ++i)
    if (const int key = readings.notes[static_cast<std::size_t>(i)].key; key >= 0 && key < 128)
      sounds[static_cast<std::size_t>(key)] = true;
  if (sounds == sounds_) return;
  sounds_ = sounds;
  repaint();
}

void KeyboardStrip::show(const Processor::Status& status) {
  if (status.playing == facts_) return;
  facts_ = status.playing;
  repaint();
}

juce::String KeyboardStrip::said() const {
  juce::StringArray names;
  for (int key = 0; key < 128; ++key)
    if (sounds_[static_cast<std::size_t>(key)]) names.add(key_name(key));
  return names.isEmpty() ? "no key sounds" : names.joinIntoString(", ") + (names.size() == 1 ? " sounds" : " sound");
}

juce::Rectangle<float> KeyboardStrip::key_area(int key) const {
  const int whites = whites_under(kLast) - whites_under(kFirst) + 1;
  const float width = static_cast<float>(getWidth()) / static_cast<float>(whites);
  const auto height = static_cast<float>(getHeight());
  const float x = width * static_cast<float>(whites_under(key) - whites_under(kFirst));
  if (is_black(key)) return {x - 0.3f * width, 0.0f, 0.6f * width, 0.6f * height};
  return {x + 0.5f, 0.0f, width - 1.0f, height};
}

void KeyboardStrip::draw_key(juce::Graphics& g, int key) const {
  const juce::Rectangle<float> area = key_area(key);
  const float hz = hz_from_midi(static_cast<float>(key));
  const bool learnt = !facts_ || !(facts_->highest_hz > facts_->lowest_hz) ||
                      (hz > 0.97f * facts_->lowest_hz && hz < 1.03f * facts_->highest_hz);
  const bool black = is_black(key), sounds = sounds_[static_cast<std::size_t>(key)];
  juce::Colour fill = black ? palette::kBackground : palette::kQuiet;
  if (!learnt) fill = black ? palette::kBackground : palette::kTrack;
  if (sounds) fill = palette::kPlayed;
  juce::Path shape;
  shape.addRoundedRectangle(area.getX(), area.getY(), area.getWidth(), area.getHeight(), 2.0f, 2.0f, false, false, true,
                            true);
  g.setColour(fill);
  g.fillPath(shape);
  if (black) {
    g.setColour(palette::kLine);
    g.strokePath(shape, juce::PathStrokeType(1.0f));
  }
  if (sounds) {
    g.setColour(palette::kText);
    g.fillEllipse(juce::Rectangle<float>(6.0f, 6.0f).withCentre({area.getCentreX(), area.getBottom() - 7.0f}));
  } else if (!black && key % 12 == 0) {
    g.setColour(learnt ? palette::kBackground : palette::kText);
    g.setFont(face(10.5f));
    g.drawText(key_name(key), area.withTrimmedBottom(2.0f), juce::Justification::centredBottom);
  }
}

void KeyboardStrip::paint(juce::Graphics& g) {
  g.fillAll(palette::kBackground);
  for (const bool black : {false, true})
    for (int key = kFirst; key <= kLast; ++key)
      if (is_black(key) == black) draw_key(g, key);
}

}  // namespace ddsp_rt::plugin::window
