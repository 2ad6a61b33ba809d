// Keys that are played in the window, on their way to the audio thread.
#pragma once

#include <juce_core/juce_core.h>

#include <array>

namespace ddsp_rt::plugin {

/// One thread presses, one takes; both are wait-free. A key that finds no room is lost.
class ScreenKeys {
 public:
  struct Stroke {
    int key = 60;      // MIDI
    int velocity = 0;  // 0: released
  };

  void press(const Stroke& stroke) noexcept {
    fifo_.write(1).forEach([&](int at) { strokes_[static_cast<std::size_t>(at)] = stroke; });
  }

  /// Calls `play` with each stroke since the last call. Real-time.
  template <typename Play>
  void take(Play&& play) noexcept {
    fifo_.read(fifo_.getNumReady()).forEach([&](int at) { play(strokes_[static_cast<std::size_t>(at)]); });
  }

 private:
  static constexpr int kRoom = 256;
  juce::AbstractFifo fifo_{kRoom};
  std::array<Stroke, kRoom> strokes_{};
};

}  // namespace ddsp_rt::plugin
