// What the controllers of each channel say.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "ddsp_rt/playing/note_event.h"

namespace ddsp_rt {

/// What a channel says of its notes; NoteEvent has the ranges.
struct ChannelState {
  float bend = 0.0f, pressure = 0.0f, timbre = 0.5f, expression = 1.0f;
  bool sustain = false, legato = false;
};

/// Every method is real-time.
class Channels {
 public:
  const ChannelState& operator[](int channel) const noexcept { return states_[static_cast<std::size_t>(channel)]; }

  /// Takes in a bend, a pressure, a timbre, an expression, a pedal or a footswitch; other events pass by.
  void hear(const NoteEvent& event) noexcept {
    using Kind = NoteEvent::Kind;
    const auto set = [&](float ChannelState::*what, float low, float high) {
      each(event.channel, [&](ChannelState& state) { state.*what = finite(event.value, low, high); });
    };
    switch (event.kind) {
      case Kind::kBend: set(&ChannelState::bend, -96.0f, 96.0f); break;
      case Kind::kPressure: set(&ChannelState::pressure, 0.0f, 1.0f); break;
      case Kind::kTimbre: set(&ChannelState::timbre, 0.0f, 1.0f); break;
      case Kind::kExpression: set(&ChannelState::expression, 0.0f, 1.0f); break;
      case Kind::kSustain:
        each(event.channel, [&](ChannelState& state) { state.sustain = event.value >= 0.5f; });
        break;
      case Kind::kLegato: each(event.channel, [&](ChannelState& state) { state.legato = event.value >= 0.5f; }); break;
      default: break;
    }
  }

  /// A value within its range; 0 for what is no number.
  static float finite(float value, float low, float high) noexcept {
    return std::isfinite(value) ? std::clamp(value, low, high) : 0.0f;
  }

 private:
  template <typename Change>
  void each(int channel, Change&& change) noexcept {
    if (channel >= 0 && channel < kChannels) {
      change(states_[static_cast<std::size_t>(channel)]);
    } else if (channel == kAllChannels) {
      for (ChannelState& state : states_) change(state);
    }
  }

  std::array<ChannelState, kChannels> states_;
};

}  // namespace ddsp_rt
