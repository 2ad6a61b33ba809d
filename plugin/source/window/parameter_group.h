// A card of parameters that belong together.
#pragma once

#include <memory>
#include <vector>

#include "layout.h"

namespace ddsp_rt::plugin::window {

class ParameterGroup final : public juce::Component {
 public:
  /// With room for `more_rows` that are no parameters.
  explicit ParameterGroup(const Group& group, int more_rows = 0);

  /// The next of those, under the parameters.
  void add_row(std::unique_ptr<juce::Component> row);

  /// A few times a second.
  void look();

  void paint(juce::Graphics& g) override;
  void resized() override;
  std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override {
    return std::make_unique<juce::AccessibilityHandler>(*this, juce::AccessibilityRole::group);
  }

 private:
  struct Row {
    std::unique_ptr<juce::Component> left, right;  // two switches share a row
    const HostParameter* parameter;                // of a slider, which is shown while it is useful
  };
  std::vector<Row> rows_;
};

}  // namespace ddsp_rt::plugin::window
