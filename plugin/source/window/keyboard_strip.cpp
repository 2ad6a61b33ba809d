// White keys, black keys, dots.
#include "keyboard_strip.h"

#include <cmath>
#include <utility>

#include "look.h"
#include "words.h"

namespace ddsp_rt::plugin::window {
namespace {

constexpr char kLetters[] = "AWSEDFTGYHUJK";  // an octave on a computer's keyboard
constexpr int kTypedVelocity = 96;

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

KeyboardStrip::KeyboardStrip(Processor& processor)
    : Display(
          "Keys",
          "Which keys sound; the lighter ones are what the instrument has learnt. Play by mouse, lower is louder, or "
          "once clicked by the keys A to K; the arrow keys change the octave."),
      processor_(processor) {
  typed_.fill(-1);
  setWantsKeyboardFocus(true);
}

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

int KeyboardStrip::key_at(juce::Point<float> point) const {
  for (const bool black : {true, false})
    for (int key = kFirst; key <= kLast; ++key)
      if (is_black(key) == black && key_area(key).expanded(black ? 0.0f : 0.5f, 0.0f).contains(point)) return key;
  return -1;
}

void KeyboardStrip::drag_to(const juce::MouseEvent& event) {
  const int key = key_at(event.position);
  if (key < 0) return drag_to(-1, 0);
  const float depth = event.position.y / key_area(key).getHeight();
  drag_to(key, juce::jlimit(1, 127, juce::roundToInt(30.0f + 97.0f * depth)));
}

void KeyboardStrip::drag_to(int key, int velocity) {
  if (key == dragged_) return;
  if (dragged_ >= 0) processor_.play_key({dragged_, 0});
  if (key >= 0) processor_.play_key({key, velocity});
  dragged_ = key;
}

void KeyboardStrip::move_octave(int by) {
  release_typed();
  octave_ = juce::jlimit(kFirst, kLast - 12, octave_ + 12 * by);
  repaint();
}

void KeyboardStrip::release_typed() {
  for (int& key : typed_)
    if (const int held = std::exchange(key, -1); held >= 0) processor_.play_key({held, 0});
}

bool KeyboardStrip::keyPressed(const juce::KeyPress& key) {
  if (key.isKeyCode(juce::KeyPress::leftKey) || key.isKeyCode(juce::KeyPress::rightKey)) {
    move_octave(key.isKeyCode(juce::KeyPress::leftKey) ? -1 : 1);
    return true;
  }
  // A letter that plays is not the host's as well.
  return !key.getModifiers().isAnyModifierKeyDown() &&
         juce::String(kLetters).containsChar(juce::CharacterFunctions::toUpperCase(key.getTextCharacter()));
}

bool KeyboardStrip::keyStateChanged(bool) {
  bool changed = false;
  for (std::size_t i = 0; i < typed_.size(); ++i) {
    const bool down = juce::KeyPress::isKeyCurrentlyDown(kLetters[i]);
    if (down == (typed_[i] >= 0)) continue;
    const int key = down ? octave_ + static_cast<int>(i) : typed_[i];
    processor_.play_key({key, down ? kTypedVelocity : 0});
    typed_[i] = down ? key : -1;
    changed = true;
  }
  return changed;
}

void KeyboardStrip::focusLost(FocusChangeType) {
  release_typed();
  repaint();
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
  if (!hasKeyboardFocus(true)) return;
  g.setColour(palette::kWarning);  // the octave that the letters play
  g.fillRect(key_area(octave_).getUnion(key_area(octave_ + 12)).removeFromTop(3.0f));
  draw_focus(g, *this);
}

}  // namespace ddsp_rt::plugin::window
