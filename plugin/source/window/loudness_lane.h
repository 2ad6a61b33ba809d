// Loudness over the last eight seconds.
#pragma once

#include "display.h"
#include "history.h"

namespace ddsp_rt::plugin::window {

/// As the pitch lane: what is heard dotted, what is played thick.
class LoudnessLane final : public Display {
 public:
  explicit LoudnessLane(Doors door);

  void show(const Readings& readings, double now) override;
  juce::String said() const override;
  void paint(juce::Graphics& g) override;

 private:
  struct Column {
    float heard = kSilenceDb, played = kSilenceDb;  // dB, A-weighted
  };

  const Doors door_;
  History<Column> history_;
  Stillness stillness_;
};

}  // namespace ddsp_rt::plugin::window
