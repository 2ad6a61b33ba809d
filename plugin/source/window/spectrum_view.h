// The harmonics and the noise that are being played.
#pragma once

#include "display.h"

namespace ddsp_rt::plugin::window {

/// Levels over frequency, both logarithmic: a bar for each harmonic, an area for the noise.
class SpectrumView final : public Display {
 public:
  SpectrumView();

  void show(const Readings& readings, double now) override;
  juce::String said() const override;
  void paint(juce::Graphics& g) override;

 private:
  bool silent() const;
  juce::Path noise_area(const juce::Rectangle<float>& area) const;
  void draw_grid(juce::Graphics& g, const juce::Rectangle<float>& area) const;

  Readings shown_;
  bool drawn_silent_ = true;
};

}  // namespace ddsp_rt::plugin::window
