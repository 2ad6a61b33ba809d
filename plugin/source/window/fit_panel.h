// Learning a fit, and what has been learnt.
#pragma once

#include "display.h"
#include "text_button.h"

namespace ddsp_rt::plugin::window {

/// Two buttons and the fit in words.
class FitPanel final : public Display {
 public:
  explicit FitPanel(Processor& processor);

  void show(const Readings& readings, double now) override;
  juce::String said() const override { return words_; }
  void paint(juce::Graphics& g) override;
  void resized() override;

 private:
  Processor& processor_;
  TextButton learn_, forget_;
  juce::String words_;
};

}  // namespace ddsp_rt::plugin::window
