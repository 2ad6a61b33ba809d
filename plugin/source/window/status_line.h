// What the plugin costs, and how late it is.
#pragma once

#include "display.h"

namespace ddsp_rt::plugin::window {

class StatusLine final : public Display {
 public:
  explicit StatusLine(Processor& processor);

  void show(const Readings& readings, double now) override;
  void show(const Processor::Status& status) override;
  juce::String said() const override { return load_ + ", " + delay_; }
  void paint(juce::Graphics& g) override;

 private:
  Processor& processor_;
  juce::String load_, delay_, format_;
  double shown_at_ = -1e9;
};

}  // namespace ddsp_rt::plugin::window
