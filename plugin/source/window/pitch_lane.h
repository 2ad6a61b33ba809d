// Pitch over the last eight seconds.
#pragma once

#include <optional>

#include "display.h"
#include "history.h"

namespace ddsp_rt::plugin::window {

/// What is heard as a thin dotted line, what is played as a thick one, over the instrument's range.
class PitchLane final : public Display {
 public:
  explicit PitchLane(Doors door);

  void show(const Readings& readings, double now) override;
  void show(const Processor::Status& status) override;
  juce::String said() const override;
  void paint(juce::Graphics& g) override;

 private:
  static constexpr float kNone = -1000.0f;

  struct Column {
    float heard = kNone;  // MIDI
    std::array<float, Readings::kMostNotes> played = filled();
    static constexpr std::array<float, Readings::kMostNotes> filled() {
      std::array<float, Readings::kMostNotes> none{};
      none.fill(kNone);
      return none;
    }
    bool silent() const { return heard == kNone && played[0] == kNone; }
  };

  void draw_grid(juce::Graphics& g, juce::Rectangle<float> area) const;
  float y(float midi, const juce::Rectangle<float>& area) const;
  template <typename Value>
  juce::Path line(const juce::Rectangle<float>& area, Value&& value) const;

  const Doors door_;
  History<Column> history_;
  Stillness stillness_;
  std::optional<InstrumentFacts> facts_;
  float lowest_ = 38.0f, highest_ = 84.0f;  // of the lane, MIDI
};

}  // namespace ddsp_rt::plugin::window
