// A plugin around one of the engine's live doors.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "ddsp_rt/live/live.h"
#include "ddsp_rt/live/peak_meter.h"
#include "processor.h"

namespace ddsp_rt::plugin {

template <typename Door>
class LiveProcessor : public Processor {
 protected:
  LiveProcessor(Doors door, const BusesProperties& buses)
      : Processor(door, buses), live_(std::make_unique<Live<Door>>(kSomeRate)) {
    for (HostParameter* parameter : host_parameters())
      if (const auto known = find_parameter(parameter->info().name); known && *known != Parameter::kDryWet)
        followed_.push_back({parameter, *known});  // dry and wet are mixed by the plugin
  }

  /// Audio thread: what the host has set since the last block; what nobody has moved is the instrument's own, where it
  /// has one. Real-time.
  void follow_parameters() noexcept {
    for (Followed& followed : followed_) {
      const float value = followed.host->asked();
      if (value == followed.given || (std::isnan(value) && std::isnan(followed.given))) continue;
      followed.given = value;
      live_->set(followed.parameter, value);
    }
  }

  bool remake(int rate) override {
    try {
      live_ = std::make_unique<Live<Door>>(rate, *live_);
      return true;
    } catch (const std::exception& error) {
      notice(std::string(error.what()) + "; there will be no sound");
      return false;
    }
  }

  void silence() override { live_->reset(); }

  std::unique_ptr<Live<Door>> live_;
  LoadMeter load_;

 private:
  static constexpr int kSomeRate = 48000;  // until the host says

  struct Followed {
    HostParameter* host;
    Parameter parameter;
    float given = std::numeric_limits<float>::quiet_NaN();  // nothing yet: the engine leaves it alone
  };

  void give(const Loader::InstrumentPointer& instrument) override { live_->load(instrument); }
  void collect() override { live_->collect(); }

  std::vector<Followed> followed_;
};

}  // namespace ddsp_rt::plugin
