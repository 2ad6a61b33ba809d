// Rectangles and groups.
#include "layout.h"

#include <algorithm>
#include <map>

namespace ddsp_rt::plugin::window {
namespace {

using Names = std::vector<std::string_view>;
using NamedGroups = std::vector<std::pair<const char*, Names>>;

constexpr int kMargin = 12, kGap = 8, kPad = 10;

NamedGroups named_groups(Doors door) {
  if (door == Doors::kTransfer)
    return {{"Pitch", {"transpose", "fine_tune", "glide", "midi_out"}},
            {"Input", {"input_gain", "gate", "auto_fit", "mean_z"}},
            {"Tone", {"brightness", "harmonic_gain", "noise_gain", "breath", "life"}},
            {"Output", {"morph", "reverb", "dry_wet", "output_gain", "align"}}};
  return {{"Pitch", {"transpose", "fine_tune", "glide", "bend_range"}},
          {"Playing", {"voices", "velocity_curve", "gate", "legato", "mpe"}},
          {"Envelope", {"attack", "decay", "sustain", "release"}},
          {"Vibrato", {"vibrato_rate", "vibrato_depth", "vibrato_delay"}},
          {"Tone", {"brightness", "harmonic_gain", "noise_gain", "life"}},
          {"Output", {"morph", "reverb", "output_gain"}}};
}

}  // namespace

std::vector<Group> groups_of(const std::vector<HostParameter*>& parameters, Doors door) {
  std::map<std::string_view, HostParameter*> left;
  for (HostParameter* parameter : parameters) left[parameter->info().name] = parameter;
  left.erase("instrument");
  left.erase("bypass");
  std::vector<Group> groups;
  for (const auto& [title, names] : named_groups(door)) {
    Group group{title, {}};
    for (const std::string_view name : names) {
      const auto found = left.find(name);
      if (found == left.end()) continue;
      group.parameters.push_back(found->second);
      left.erase(found);
    }
    groups.push_back(std::move(group));
  }
  if (left.empty()) return groups;
  Group more{"More", {}};
  for (HostParameter* parameter : parameters)
    if (left.count(parameter->info().name) > 0) more.parameters.push_back(parameter);
  groups.push_back(std::move(more));
  return groups;
}

Layout lay_out(juce::Rectangle<int> window, Doors door, int group_count) {
  Layout layout;
  juce::Rectangle<int> area = window.reduced(kMargin, 0);
  area.removeFromTop(kMargin);

  juce::Rectangle<int> head = area.removeFromTop(40);
  layout.instrument = head.removeFromLeft(240);
  head.removeFromLeft(14);
  layout.bypass = head.removeFromRight(94);
  head.removeFromRight(6);
  layout.presets = head.removeFromRight(180);
  head.removeFromRight(14);
  layout.facts = head;
  area.removeFromTop(kMargin);

  layout.status = area.removeFromBottom(30).reduced(4, 0);
  juce::Rectangle<int> groups = area.removeFromBottom(172);
  area.removeFromBottom(kGap);
  const int each = (groups.getWidth() - kGap * (group_count - 1)) / std::max(1, group_count);
  for (int i = 0; i < group_count; ++i) {
    layout.groups.push_back(i + 1 < group_count ? groups.removeFromLeft(each) : groups);
    groups.removeFromLeft(kGap);
  }
  if (door == Doors::kNotes) {
    layout.keyboard = area.removeFromBottom(56);
    area.removeFromBottom(kGap);
  }

  const auto card = [&](juce::Rectangle<int> place) {
    layout.cards.push_back(place);
    return place.reduced(kPad, 8);
  };
  if (door == Doors::kTransfer) {
    layout.input = card(area.removeFromLeft(84));
    area.removeFromLeft(kGap);
  }
  layout.output = card(area.removeFromRight(84));
  area.removeFromRight(kGap);
  layout.spectrum = card(area.removeFromRight(juce::roundToInt(0.34 * area.getWidth())));
  area.removeFromRight(kGap);
  juce::Rectangle<int> middle = card(area);
  layout.readout = middle.removeFromLeft(128);
  middle.removeFromLeft(8);
  layout.loudness = middle.removeFromBottom(juce::roundToInt(0.32 * middle.getHeight()));
  middle.removeFromBottom(6);
  layout.pitch = middle;
  return layout;
}

}  // namespace ddsp_rt::plugin::window
