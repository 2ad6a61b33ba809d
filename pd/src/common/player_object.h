// An instrument object around one of the engine's players.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "common/instrument_object.h"

namespace ddsp_rt::pd {

/// `P` is Player or ControlPlayer.
template <typename P>
class PlayerObject : public InstrumentObject {
 public:
  /// Makes the player for a sample rate, unless it is there. What was set stays, what was heard is forgotten.
  void prepare(float sample_rate) {
    const auto rate = static_cast<int>(std::lround(sample_rate));
    if (player_ && player_->rate() == rate) return;
    worker_.finish();
    try {
      auto made = std::make_unique<P>(rate);
      if (player_)
        for (const Parameter parameter : parameters()) made->set(parameter, player_->parameters()[parameter]);
      carry_over(*made);
      player_ = std::move(made);
      usable_ = true;
      worker_.give_again();
    } catch (const std::exception& error) {
      usable_ = false;
      if (!player_) player_ = std::make_unique<P>(kSomeRate);
      complain(std::string(error.what()) + "; there will be no sound");
    }
  }

  void reset() override { player_->reset(); }

 protected:
  using InstrumentObject::InstrumentObject;

  /// Sets in a new player what is not a parameter; player_ is the old one, or null.
  virtual void carry_over(P& made) = 0;

  /// To be called first in each block: false if there is no sound to be had, and `out` is silence.
  bool begin_block(float* out, int n) noexcept {
    if (!usable_) {
      std::fill_n(out, n, 0.0f);
      return false;
    }
    if (resumed(n, static_cast<float>(player_->rate()))) player_->reset();
    return true;
  }

  std::unique_ptr<P> player_;

 private:
  static constexpr int kSomeRate = 48000;  // holds what is set while Pd runs at a rate that cannot be played

  void collect() override { player_->collect(); }
  bool settled() const override { return player_->settled(); }
  void set(Parameter parameter, float value) override { player_->set(parameter, value); }
  const ParameterValues& values() const override { return player_->parameters(); }
  int rate() const override { return player_->rate(); }

  bool usable_ = false;
};

}  // namespace ddsp_rt::pd
