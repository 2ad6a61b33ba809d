// The keys, and which of them sound.
#pragma once

#include <optional>

#include "display.h"

namespace ddsp_rt::plugin::window {

/// Keys that the instrument has learnt are light; those that sound are filled and dotted. The mouse plays them, and
/// with the keyboard on the strip so do the keys A to K (black ones in the row above) from the marked octave on, which
/// the arrow keys move.
class KeyboardStrip final : public Display {
 public:
  explicit KeyboardStrip(Processor& processor);

  void show(const Readings& readings, double now) override;
  void show(const Processor::Status& status) override;
  juce::String said() const override;
  void paint(juce::Graphics& g) override;

  void mouseDown(const juce::MouseEvent& event) override { drag_to(event); }
  void mouseDrag(const juce::MouseEvent& event) override { drag_to(event); }
  void mouseUp(const juce::MouseEvent&) override { drag_to(-1, 0); }
  bool keyPressed(const juce::KeyPress& key) override;
  bool keyStateChanged(bool down) override;
  void focusGained(FocusChangeType) override { repaint(); }
  void focusLost(FocusChangeType) override;

 private:
  static constexpr int kFirst = 24, kLast = 108;  // C1 to C8

  juce::Rectangle<float> key_area(int key) const;
  int key_at(juce::Point<float> point) const;
  void drag_to(const juce::MouseEvent& event);
  void drag_to(int key, int velocity);
  void move_octave(int by);
  void release_typed();
  void draw_key(juce::Graphics& g, int key) const;

  Processor& processor_;
  std::array<bool, 128> sounds_{};
  std::array<int, 13> typed_{};  // the key that each letter holds; -1: none
  int dragged_ = -1;             // the key under the mouse
  int octave_ = 60;              // where the letters begin
  std::optional<InstrumentFacts> facts_;
};

}  // namespace ddsp_rt::plugin::window
