// One dry sounding line: features or controls in, a frame of audio out. State is the voice's own, weights are shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/features.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/network/decoder.h"
#include "ddsp_rt/network/encoder.h"
#include "ddsp_rt/playing/gate.h"
#include "ddsp_rt/synthesis/breath.h"
#include "ddsp_rt/synthesis/life.h"
#include "ddsp_rt/synthesis/synthesizer.h"

namespace ddsp_rt {

/// What a door may bend while a voice plays; one set a frame.
struct VoiceSettings {
  float gate_db = kSilenceDb;  // silence threshold on loudness
  float harmonic_gain = 1.0f;  // linear
  float noise_gain = 1.0f;     // linear
  float breath = 1.0f;         // linear: of the unvoiced part
  float life = 0.0f;           // of the instrument's depth
  float brightness = 0.0f;     // dB per octave about 1 kHz
  bool mean_z = false;         // z is the training set's mean, not what the source's spectrum says
};

/// Counts no frames: whoever holds it says how long each one is (FrameClock), so that a voice may begin at any frame.
/// Every method but the constructor is real-time.
class Voice {
 public:
  /// `rate` in Hz. Voices that sound together want a `seed` each, or their noise would add up like one voice's.
  Voice(std::shared_ptr<const Instrument> instrument, int rate, std::uint32_t seed = 1);

  /// Begins anew, from silence: the next frame is the first of a note, or of a performance.
  void start() noexcept;

  /// The same, but the network remembers what it did in `state`, one of this instrument's decoder.
  void start(const Decoder::State& state) noexcept;

  /// Plays one frame from features: network, breath, life, gate, synthesizer. `out` takes frame.length samples;
  /// `excitation`, where given, replaces the noise generator by excitation_size() samples; `deviation`, where given,
  /// has frame.length samples and modulates the oscillators' frequency by 1 + deviation[i].
  void render(const Features& features, const VoiceSettings& settings, const FrameClock::Frame& frame, float* out,
              const float* excitation = nullptr, const float* deviation = nullptr) noexcept;

  /// Plays one frame from controls given from outside, without network, breath and gate.
  void render(float f0, const Controls& controls, const VoiceSettings& settings, const FrameClock::Frame& frame,
              float* out, const float* excitation = nullptr) noexcept;

  /// render() in two halves, so that the network can answer several voices at once: the decoder steps through the pass,
  /// which plays the mean z, then play() does the rest. `features` must stay until both are done.
  Decoder::Pass pass(const Features& features) noexcept {
    return {&decoder_state_, &features, instrument_->z_mean.data(), &controls_};
  }
  Decoder::State* decoder_state() noexcept { return &decoder_state_; }
  void play(const Features& features, const VoiceSettings& settings, const FrameClock::Frame& frame, float* out,
            const float* excitation = nullptr, const float* deviation = nullptr) noexcept;

  /// Does one part, 0..kSteps - 1, of what the next frame needs and what is known already. What nobody did is done when
  /// it is rendered: this changes no sample, however often and whenever it is called.
  static constexpr int kSteps = 2;
  void work_ahead(int step) noexcept;

  /// The end of the voice: its gate is shut, and nothing that was played sounds on. It stays silent until features
  /// above the gate come in.
  bool silent() const noexcept { return gate_.gain() == 0.0f && synthesizer_.silent(); }

  /// The last frame taken apart: controls after gate and settings, and the synthesizer's two parts.
  const Controls& controls() const noexcept { return controls_; }
  const Synthesizer& synthesizer() const noexcept { return synthesizer_; }

  const Instrument& instrument() const noexcept { return *instrument_; }
  std::size_t excitation_size() const noexcept { return synthesizer_.excitation_size(); }

 private:
  void shape(float f0, const VoiceSettings& settings, float gate) noexcept;

  std::shared_ptr<const Instrument> instrument_;
  Decoder::State decoder_state_;
  std::optional<Encoder::State> encoder_state_;
  Gate gate_;
  Breath breath_;
  Life life_;
  Synthesizer synthesizer_;
  Controls controls_;
  std::vector<float> z_;
};

}  // namespace ddsp_rt
