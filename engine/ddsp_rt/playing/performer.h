// One instrument at work in a voice: features in, controls out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/features.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/network/decoder.h"
#include "ddsp_rt/network/encoder.h"
#include "ddsp_rt/playing/voice_settings.h"
#include "ddsp_rt/synthesis/breath.h"
#include "ddsp_rt/synthesis/control_blend.h"
#include "ddsp_rt/synthesis/life.h"

namespace ddsp_rt {

/// Every method but the constructor is real-time.
class Performer {
 public:
  /// A `seed` for each voice.
  Performer(std::shared_ptr<const Instrument> instrument, std::uint32_t seed);
  Performer(Performer&&) noexcept;
  ~Performer();

  /// Begins anew, as if nothing had been heard.
  void start() noexcept;

  /// The same, but the network remembers what it did in `state`, one of this instrument's decoder.
  void start(const Decoder::State& state) noexcept;

  /// What the network says of one frame.
  void hear(const Features& features, bool mean_z) noexcept;

  /// The same in two halves, for several voices at once: the decoder steps through the pass, which plays the mean z.
  Decoder::Pass pass(const Features& features) noexcept {
    return {&state_, &features, instrument_->z_mean.data(), &controls_};
  }
  Decoder::State* state() noexcept { return &state_; }

  /// What nothing but the past decides of the next frame.
  void anticipate() noexcept;

  /// Bends what the network said: breath, life, and the settings.
  void bend(const Features& features, const VoiceSettings& settings, float gate) noexcept;

  /// Puts controls from outside in the place of the network's, under the settings alone.
  void take(float f0, const Controls& controls, const VoiceSettings& settings) noexcept;

  const Instrument& instrument() const noexcept { return *instrument_; }
  const Controls& controls() const noexcept { return controls_; }
  ControlFormat format() const noexcept;

 private:
  void shape(float f0, const VoiceSettings& settings, float gate) noexcept;

  std::shared_ptr<const Instrument> instrument_;
  Decoder::State state_;
  std::optional<Encoder::State> encoder_state_;
  Breath breath_;
  Life life_;
  Controls controls_;
  std::vector<float> z_;
};

}  // namespace ddsp_rt
