// A peak meter that says what to do about the level.
#pragma once

#include "ddsp_rt/live/peak_meter.h"
#include "display.h"
#include "words.h"

namespace ddsp_rt::plugin::window {

class LevelMeter final : public Display {
 public:
  enum class Side { kInput, kOutput };
  explicit LevelMeter(Side side);

  void show(const Readings& readings, double now) override;
  juce::String said() const override;
  void paint(juce::Graphics& g) override;

 private:
  float db(const Readings& readings) const { return side_ == Side::kInput ? readings.input_db : readings.output_db; }

  const Side side_;
  Steady<InputState> state_{InputState::kSilent, 3};
  float level_ = PeakMeter::kFloorDb;   // dB, of now
  float recent_ = PeakMeter::kFloorDb;  // dB, the largest of late
  int clipped_ = 0;
  double clipped_at_ = -1e9, shown_at_ = 0.0;
  int drawn_height_ = -1;
};

}  // namespace ddsp_rt::plugin::window
