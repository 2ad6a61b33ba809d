// Who made the instrument, under which licence, and what it can do; or what is wrong with it.
#pragma once

#include "display.h"

namespace ddsp_rt::plugin::window {

class FactLine final : public Display {
 public:
  FactLine();

  void show(const Processor::Status& status) override;
  juce::String said() const override;
  void paint(juce::Graphics& g) override;

 private:
  juce::String first_, second_;
  juce::String notice_;
};

}  // namespace ddsp_rt::plugin::window
