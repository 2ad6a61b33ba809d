// Rows of controls under a title.
#include "parameter_group.h"

#include <algorithm>

#include "look.h"
#include "palette.h"
#include "parameter_slider.h"
#include "parameter_switch.h"

namespace ddsp_rt::plugin::window {
namespace {

constexpr int kMostRows = 4;

/// Of a switch's name and its pill.
float switch_width(const juce::Component& component) {
  return face(13.0f).getStringWidthFloat(component.getTitle()) + 40.0f;
}

}  // namespace

ParameterGroup::ParameterGroup(const Group& group, int more_rows) {
  setTitle(group.title);
  setFocusContainerType(FocusContainerType::focusContainer);
  const bool crowded = static_cast<int>(group.parameters.size()) + more_rows > kMostRows;
  bool room_beside = false;
  for (HostParameter* parameter : group.parameters) {
    if (!parameter->is_switch()) {
      rows_.push_back({std::make_unique<ParameterSlider>(*parameter, group.title), nullptr, parameter});
      addChildComponent(*rows_.back().left);
      rows_.back().left->setVisible(parameter->useful());
      room_beside = false;
      continue;
    }
    auto made = std::make_unique<ParameterSwitch>(*parameter);
    addAndMakeVisible(*made);
    if (room_beside && crowded) {
      rows_.back().right = std::move(made);
      room_beside = false;
    } else {
      rows_.push_back({std::move(made), nullptr, nullptr});
      room_beside = true;
    }
  }
}

void ParameterGroup::add_row(std::unique_ptr<juce::Component> row) {
  addAndMakeVisible(*row);
  rows_.push_back({std::move(row), nullptr, nullptr});
}

void ParameterGroup::look() {
  bool moved = false;
  for (Row& row : rows_) {
    if (auto* const slider = dynamic_cast<ParameterSlider*>(row.left.get())) slider->look();
    if (row.parameter == nullptr || row.parameter->useful() == row.left->isVisible()) continue;
    row.left->setVisible(row.parameter->useful());
    moved = true;
  }
  if (moved) resized();
}

void ParameterGroup::paint(juce::Graphics& g) {
  g.setColour(palette::kCard);
  g.fillRoundedRectangle(getLocalBounds().toFloat(), 6.0f);
  g.setColour(palette::kText);
  g.setFont(face(13.0f, true));
  g.drawText(getTitle(), getLocalBounds().reduced(12, 6).removeFromTop(18), juce::Justification::centredLeft);
}

void ParameterGroup::resized() {
  juce::Rectangle<int> area = getLocalBounds().reduced(8, 6);
  area.removeFromTop(20);
  const auto shown = std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.left->isVisible(); });
  const int height = area.getHeight() / std::max(kMostRows, static_cast<int>(shown));
  for (Row& row : rows_) {
    if (!row.left->isVisible()) continue;
    juce::Rectangle<int> place = area.removeFromTop(height).reduced(0, 1);
    if (row.right) {
      const float left = switch_width(*row.left), right = switch_width(*row.right);
      row.left->setBounds(place.removeFromLeft(juce::roundToInt(place.getWidth() * left / (left + right))));
      row.right->setBounds(place);
    } else {
      row.left->setBounds(place);
    }
  }
}

}  // namespace ddsp_rt::plugin::window
