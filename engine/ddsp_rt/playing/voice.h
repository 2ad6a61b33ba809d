// One dry sounding line: features or controls in, a frame of audio out. State is the voice's own, weights are shared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/features.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/instrument/instruments.h"
#include "ddsp_rt/network/decoder.h"
#include "ddsp_rt/playing/gate.h"
#include "ddsp_rt/playing/performer.h"
#include "ddsp_rt/playing/voice_settings.h"
#include "ddsp_rt/synthesis/synthesizer.h"

namespace ddsp_rt {

/// Counts no frames: whoever holds it says how long each one is (FrameClock), so that a voice may begin at any frame.
/// Every method but the constructor is real-time.
class Voice {
 public:
  /// `rate` in Hz. Voices that sound together want a `seed` each, or their noise would add up like one voice's.
  Voice(const Instruments& instruments, int rate, std::uint32_t seed = 1);
  Voice(Voice&&) noexcept;
  ~Voice();

  /// Begins anew, from silence: the next frame is the first of a note, or of a performance.
  void start() noexcept;

  /// What the networks remember.
  struct Memory {
    Decoder::State first;
    std::optional<Decoder::State> second{};
  };

  /// The same, but the networks remember what they did in `memory`, of these instruments.
  void start(const Memory& memory) noexcept;

  /// Another note begins on a voice that sounds: its tone is not what the last one glides to, however near.
  void leap() noexcept { synthesizer_.leap(); }

  /// Plays one frame from features: network, breath, life, gate, synthesizer. `out` takes frame.length samples;
  /// `excitation`, where given, replaces the noise generator by excitation_size() samples; `deviation`, where given,
  /// has frame.length samples and modulates the oscillators' frequency by 1 + deviation[i].
  void render(const Features& features, const VoiceSettings& settings, const FrameClock::Frame& frame, float* out,
              const float* excitation = nullptr, const float* deviation = nullptr) noexcept;

  /// Plays one frame from controls of the first instrument given from outside, without network, breath and gate.
  void render(float f0, const Controls& controls, const VoiceSettings& settings, const FrameClock::Frame& frame,
              float* out, const float* excitation = nullptr) noexcept;

  /// render() in two halves, so that each instrument's network can answer several voices at once: after prepare(),
  /// decoders step through the performers' passes, then play() does the rest. `features` must stay until both are done.
  void prepare(const Morph::Frame& morph) noexcept;
  Performer& first() noexcept { return first_; }
  Performer& second() noexcept { return *second_; }  // where there are two
  void play(const Features& features, const VoiceSettings& settings, const FrameClock::Frame& frame, float* out,
            const float* excitation = nullptr, const float* deviation = nullptr) noexcept;

  /// Does one part, 0..kSteps - 1, of what the next frame needs and what is known already. What nobody did is done when
  /// it is rendered: this changes no sample, however often and whenever it is called.
  static constexpr int kSteps = 3;  // one network, the other, the synthesizer
  void work_ahead(int step) noexcept;

  /// The end of the voice: its gate is shut, and nothing that was played sounds on. It stays silent until features
  /// above the gate come in.
  bool silent() const noexcept { return gate_.gain() == 0.0f && synthesizer_.silent(); }

  /// The last frame taken apart: the synthesizer's two parts, and the controls after gate and settings of the
  /// instrument that has the greater share in it.
  const Controls& controls() const noexcept { return leading().controls(); }
  const Synthesizer& synthesizer() const noexcept { return synthesizer_; }
  const Instrument& sounding() const noexcept { return leading().instrument(); }

  const Instrument& instrument() const noexcept { return *instruments_.first(); }
  const Instruments& instruments() const noexcept { return instruments_; }
  std::size_t excitation_size() const noexcept { return synthesizer_.excitation_size(); }

 private:
  const Performer& leading() const noexcept { return morph_.share > 0.5f ? *second_ : first_; }

  Instruments instruments_;
  Performer first_;
  std::optional<Performer> second_;
  Gate gate_;
  Synthesizer synthesizer_;
  Morph::Frame morph_;  // of the last frame; of none, all are ready
};

}  // namespace ddsp_rt
