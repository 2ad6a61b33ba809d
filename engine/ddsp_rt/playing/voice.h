// One sounding line: features or controls in, a frame of audio out. State is the voice's own, weights are shared.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/features.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/network/decoder.h"
#include "ddsp_rt/network/encoder.h"
#include "ddsp_rt/playing/gate.h"
#include "ddsp_rt/synthesis/filtered_noise.h"
#include "ddsp_rt/synthesis/harmonic_oscillators.h"
#include "ddsp_rt/synthesis/reverb.h"

namespace ddsp_rt {

/// What a front end may bend while a voice plays; one set a frame.
struct VoiceSettings {
  float gate_db = kSilenceDb;  // silence threshold on loudness
  float harmonic_gain = 1.0f;  // linear
  float noise_gain = 1.0f;     // linear
  float brightness = 0.0f;     // dB per octave about 1 kHz
  float reverb = 1.0f;         // linear gain of the wet part
  bool mean_z = false;         // z is the training set's mean, not what the source's spectrum says
};

/// Frames follow the clock of frame_clock.h from the last reset. Every method but the constructor is real-time.
class Voice {
 public:
  Voice(std::shared_ptr<const Instrument> instrument, int rate);

  void reset() noexcept;

  /// Samples in the next frame.
  int next_length() const noexcept;

  /// Plays one frame from features: network, gate, synthesis, reverb. `out` takes next_length() samples;
  /// `excitation`, where given, replaces the noise generator by FilteredNoise::excitation_size() samples; `deviation`,
  /// where given, has next_length() samples and modulates the oscillators' frequency by 1 + deviation[i].
  void render(const Features& features, const VoiceSettings& settings, float* out, const float* excitation = nullptr,
              const float* deviation = nullptr) noexcept;

  /// Plays one frame from controls given from outside, without network and gate.
  void render(float f0, const Controls& controls, const VoiceSettings& settings, float* out,
              const float* excitation = nullptr) noexcept;

  /// For a block in which no frame begins: does its share of what the next frame, `left` samples ahead, needs and what
  /// is known already; the blocks that follow, of `block` samples, do theirs, and render() what nobody did. Changes no
  /// sample, however often and whenever it is called. Real-time.
  void work_ahead(int left, int block) noexcept;

  /// The last frame taken apart: controls after gate and settings, harmonic and noise parts before the reverb.
  const Controls& controls() const noexcept { return controls_; }
  std::span<const float> harmonic_part() const noexcept {
    return {harmonic_.data(), static_cast<std::size_t>(length_)};
  }
  std::span<const float> noise_part() const noexcept { return {noise_.data(), static_cast<std::size_t>(length_)}; }

  const Instrument& instrument() const noexcept { return *instrument_; }
  std::size_t excitation_size() const noexcept { return filtered_noise_.excitation_size(); }

 private:
  static constexpr int kSteps = 2;

  void step_ahead() noexcept;
  void shape(float f0, const VoiceSettings& settings, float gate) noexcept;
  void synthesise(float f0, float reverb, float* out, const float* excitation, const float* deviation) noexcept;

  std::shared_ptr<const Instrument> instrument_;
  int rate_;
  std::int64_t frame_ = 0;
  int length_ = 0;
  int steps_done_ = 0;  // ahead
  Decoder::State decoder_state_;
  std::optional<Encoder::State> encoder_state_;
  Gate gate_;
  HarmonicOscillators oscillators_;
  FilteredNoise filtered_noise_;
  Reverb reverb_;
  Controls controls_;
  std::vector<float> z_, harmonic_, noise_;
};

}  // namespace ddsp_rt
