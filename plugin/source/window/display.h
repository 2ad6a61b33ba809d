// A part of the window that shows and is not set.
#pragma once

#include "../processor.h"
#include "palette.h"
#include "spoken.h"

namespace ddsp_rt::plugin::window {

/// Opaque, so that drawing it draws nothing else. It repaints itself only when what is seen has changed.
class Display : public juce::Component, public juce::SettableTooltipClient, public Spoken {
 public:
  Display(const juce::String& name, const juce::String& tooltip) {
    setTitle(name);
    setTooltip(tooltip);
    setOpaque(true);
    setInterceptsMouseClicks(true, false);
  }

  /// New readings, at most 30 times a second; `now` in seconds, from whenever.
  virtual void show(const Readings&, [[maybe_unused]] double now) {}
  /// A few times a second, and at once when the window opens.
  virtual void show(const Processor::Status&) {}
  /// What a screen reader says.
  virtual juce::String said() const = 0;

  std::unique_ptr<juce::AccessibilityHandler> make_handler() override {
    return std::make_unique<juce::AccessibilityHandler>(
        *this, juce::AccessibilityRole::staticText, juce::AccessibilityActions(),
        juce::AccessibilityHandler::Interfaces{std::make_unique<SaidValue>([this] { return said(); })});
  }

 private:
  std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override { return make_handler(); }
};

/// Takes a new value once it has been the same `times` times, so that words can be read.
template <typename T>
class Steady {
 public:
  explicit Steady(T first, int times = 5) : value_(first), next_(first), times_(times) {}

  /// True when the value has changed.
  bool offer(T value) {
    count_ = value == next_ ? count_ + 1 : 1;
    next_ = value;
    if (value == value_ || count_ < times_) return false;
    value_ = value;
    return true;
  }
  T get() const { return value_; }

 private:
  T value_, next_;
  int times_, count_ = 0;
};

}  // namespace ddsp_rt::plugin::window
