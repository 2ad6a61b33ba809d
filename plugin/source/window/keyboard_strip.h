// The keys, and which of them sound.
#pragma once

#include <optional>

#include "display.h"

namespace ddsp_rt::plugin::window {

/// Keys that the instrument has learnt are light; those that sound are filled and dotted.
class KeyboardStrip final : public Display {
 public:
  KeyboardStrip();

  void show(const Readings& readings, double now) override;
  void show(const Processor::Status& status) override;
  juce::String said() const override;
  void paint(juce::Graphics& g) override;

 private:
  static constexpr int kFirst = 24, kLast = 108;  // C1 to C8

  juce::Rectangle<float> key_area(int key) const;
  void draw_key(juce::Graphics& g, int key) const;

  std::array<bool, 128> sounds_{};
  std::optional<InstrumentFacts> facts_;
};

}  // namespace ddsp_rt::plugin::window
