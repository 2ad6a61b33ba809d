// A door whose instrument can be changed while it plays.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <memory>
#include <numbers>
#include <type_traits>
#include <utility>

#include "ddsp_rt/live/handover.h"
#include "ddsp_rt/playing/adaptive_fitting.h"
#include "ddsp_rt/playing/transfer.h"

namespace ddsp_rt {

/// A door that hears a performance and fits it to its instrument.
template <typename Door>
concept Fits = requires(Door& door) {
  door.learn();
};

/// A door that goes on with what another one was playing, where its input alone does not say what sounds.
template <typename Door>
concept TakesOver = requires(Door& door, const Door& before) {
  door.take_over(before);
};

/// A door that catches up with what came while it had no instrument.
template <typename Door>
concept Waits = requires(Door& door, const typename Door::Waiting& waiting) {
  door.catch_up(waiting);
};

/// A door from audio to audio.
template <typename Door>
concept PassesAudio = std::same_as<typename Door::Input, const float*>;

/// Two threads meet here: a control thread loads instruments and frees old ones, the audio thread plays. Handover says
/// how one instrument follows another; the first one starts at once. `Door` is Transfer, ControlVoice, Notes or another
/// made like them: built on Framed, with an `Input` that can be advanced by adding samples. What has been set stays
/// from before the first instrument to after the last.
template <typename Door>
class Live {
 public:
  using Input = typename Door::Input;

  /// Throws std::invalid_argument for a rate outside 8..192 kHz. Not real-time.
  explicit Live(int rate) : rate_(supported_rate(rate)), handover_(rate) {}

  /// For another rate: what was set for `other` holds here too, and what waits for its first instrument; what it has
  /// heard is forgotten. Neither may be playing.
  Live(int rate, const Live& other) : Live(rate) {
    values_ = other.values_;
    bypassed_ = other.bypassed_;
    if constexpr (Fits<Door>) {
      fitting_.set(other.fitting());
      if (other.learning()) fitting_.learn();
    }
    waiting_ = other.waiting_;
  }
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  // ---- the control thread's side ------------------------------------------------------------------------------------

  /// Hands an instrument, or two, to the audio thread. What was handed over before and not yet taken is dropped.
  /// `setup` and exceptions are those of the door's constructor.
  template <typename... Setup>
  void load(const Instruments& instruments, Setup&&... setup) {
    handover_.give(std::make_unique<Door>(instruments, rate_, std::forward<Setup>(setup)...));
  }

  /// Frees what the audio thread has done with. `load` does it too.
  void collect() noexcept { handover_.collect(); }

  /// Any thread: how many instruments have taken over so far.
  int swaps() const noexcept { return handover_.swaps(); }

  // ---- the audio thread's side; real-time ---------------------------------------------------------------------------

  /// Without an instrument the output is silence; keys that are held when the first one comes sound then.
  void process(const Input& in, float* out, int n) noexcept {
    if constexpr (PassesAudio<Door>) {
      if (bypassed_ || through_ > 0.0f) return pass_through(in, out, n);
    }
    play(in, out, n);
  }

  void set(Parameter parameter, float value) noexcept {
    values_.set(parameter, value);
    handover_.each([&](Door& door) { door.set(parameter, value); });
  }
  /// As they hold now, with the instrument's own initial values.
  const ParameterValues& parameters() const noexcept { return current() ? current()->parameters() : values_; }

  /// Back to silence; what was set stays.
  void reset() noexcept {
    handover_.each([](Door& door) { door.reset(); });
    waiting_ = {};
  }

  /// No new instrument is on its way in.
  bool settled() const noexcept { return handover_.settled(); }
  /// The door that sounds, or null.
  const Door* current() const noexcept { return handover_.current(); }
  int rate() const noexcept { return rate_; }

  /// Passes the input through instead, by a crossfade of 20 ms; the instrument goes on listening.
  void bypass(bool on) noexcept requires PassesAudio<Door> { bypassed_ = on; }
  bool bypassed() const noexcept requires PassesAudio<Door> { return bypassed_; }

  /// As of the door; without an instrument, for the first one.
  void set_fitting(const Fitting& fitting) noexcept requires Fits<Door> {
    fitting_.set(fitting);
    handover_.each([&](Door& door) { door.set_fitting(fitting); });
  }
  const Fitting& fitting() const noexcept requires Fits<Door> {
    return current() ? current()->fitting() : fitting_.fitting();
  }
  void learn() noexcept requires Fits<Door> {
    fitting_.learn();
    handover_.each([](Door& door) { door.learn(); });
  }
  bool learning() const noexcept requires Fits<Door> { return current() ? current()->learning() : fitting_.learning(); }
  const Features& features() const noexcept requires Fits<Door> {
    static constexpr Features silence{};
    return current() ? current()->features() : silence;
  }

 private:
  static constexpr float kBypassFade = 0.02f;  // seconds

  void play(const Input& in, float* out, int n) noexcept {
    const auto start = [this](Door& taken, const Door* before) {
      taken.set(values_);
      if constexpr (Fits<Door>) taken.adopt(before ? before->adaptive_fitting() : fitting_);
      taken.reset();
      if constexpr (TakesOver<Door>) {
        if (before) taken.take_over(*before);
      }
      if constexpr (Waits<Door>) {
        if (!before) taken.catch_up(waiting_);
        waiting_ = {};
      }
    };
    const auto sound = [&in](Door& door, int first, float* to, int count) { door.process(in + first, to, count); };
    handover_.process(out, n, start, sound);
    if constexpr (Waits<Door>) {
      if (!current()) waiting_.hear(in, n);
    }
  }

  void pass_through(Input in, float* out, int n) noexcept requires PassesAudio<Door> {
    const float step = (bypassed_ ? 1.0f : -1.0f) / (kBypassFade * static_cast<float>(rate_));
    while (n > 0) {
      const int count = std::min(n, static_cast<int>(dry_.size()));
      std::transform(in, in + count, dry_.data(), admitted);  // out may be in
      play(in, out, count);
      for (int i = 0; i < count; ++i) {
        through_ = std::clamp(through_ + step, 0.0f, 1.0f);
        const float angle = 0.5f * std::numbers::pi_v<float> * through_;
        const float dry = dry_[static_cast<std::size_t>(i)];
        out[i] = through_ == 1.0f ? dry : out[i] * std::cos(angle) + dry * std::sin(angle);
      }
      in += count;
      out += count;
      n -= count;
    }
  }

  struct Nothing {};
  template <typename>
  struct WaitingOf {
    using Type = Nothing;
  };
  template <Waits Of>
  struct WaitingOf<Of> {
    using Type = typename Of::Waiting;
  };

  int rate_;
  ParameterValues values_;
  Handover<Door> handover_;
  [[no_unique_address]] std::conditional_t<Fits<Door>, AdaptiveFitting, Nothing> fitting_;  // for the first instrument
  [[no_unique_address]] typename WaitingOf<Door>::Type waiting_;
  bool bypassed_ = false;
  float through_ = 0.0f;  // share of the way to the bypassed signal
  std::array<float, 256> dry_;
};

}  // namespace ddsp_rt
