// A controlled voice whose instrument can be changed while it plays.
#include "ddsp_rt/live/control_player.h"

#include <utility>

namespace ddsp_rt {

ControlPlayer::ControlPlayer(int rate) : rate_(supported_rate(rate)), handover_(rate) {}

void ControlPlayer::load(std::shared_ptr<const Instrument> instrument) {
  handover_.give(std::make_unique<ControlVoice>(std::move(instrument), rate_));
}

void ControlPlayer::process(const ControlSignals& signals, float* out, int n) noexcept {
  handover_.process(
      out, n,
      [this](ControlVoice& taken, const ControlVoice*) {
        taken.set(values_);
        taken.set_ratio(ratio_);
        taken.set_unit(unit_);
        taken.reset();
      },
      [&signals](ControlVoice& voice, int first, float* to, int count) {
        voice.process({signals.f0 + first, signals.level + first, signals.modulator + first}, to, count);
      });
}

void ControlPlayer::set(Parameter parameter, float value) noexcept {
  values_.set(parameter, value);
  handover_.each([&](ControlVoice& voice) { voice.set(parameter, value); });
}

void ControlPlayer::set_ratio(float ratio) noexcept {
  ratio_ = ratio;
  handover_.each([&](ControlVoice& voice) { voice.set_ratio(ratio); });
}

void ControlPlayer::set_unit(LevelUnit unit) noexcept {
  unit_ = unit;
  handover_.each([&](ControlVoice& voice) { voice.set_unit(unit); });
}

void ControlPlayer::reset() noexcept {
  handover_.each([](ControlVoice& voice) { voice.reset(); });
}

}  // namespace ddsp_rt
