// An instrument object around one of the engine's live doors.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "common/instrument_object.h"
#include "ddsp_rt/live/live.h"

namespace ddsp_rt::pd {

template <typename Door>
class LiveObject : public InstrumentObject {
 public:
  /// Makes the live door for a sample rate, unless it is there. What was set stays, what was heard is forgotten.
  void prepare(float sample_rate) {
    const auto rate = static_cast<int>(std::lround(sample_rate));
    if (live_ && live_->rate() == rate) return;
    loader_.finish();
    try {
      live_ = live_ ? std::make_unique<Live<Door>>(rate, *live_) : std::make_unique<Live<Door>>(rate);
      usable_ = true;
      loader_.give_again();
    } catch (const std::exception& error) {
      usable_ = false;
      if (!live_) live_ = std::make_unique<Live<Door>>(kSomeRate);
      complain(std::string(error.what()) + "; there will be no sound");
    }
  }

  void reset() override { live_->reset(); }

 protected:
  using InstrumentObject::InstrumentObject;

  /// To be called first in each block: false if there is no sound to be had, and `out` is silence.
  bool begin_block(float* out, int n) noexcept {
    if (!usable_) {
      std::fill_n(out, n, 0.0f);
      return false;
    }
    if (resumed(n, static_cast<float>(live_->rate()))) live_->reset();
    return true;
  }

  std::unique_ptr<Live<Door>> live_;

 private:
  static constexpr int kSomeRate = 48000;  // holds what is set while Pd runs at a rate that cannot be played

  void collect() override { live_->collect(); }
  bool settled() const override { return live_->settled(); }
  void set(Parameter parameter, float value) override { live_->set(parameter, value); }
  const ParameterValues& values() const override { return live_->parameters(); }
  int rate() const override { return live_->rate(); }

  bool usable_ = false;
};

}  // namespace ddsp_rt::pd
