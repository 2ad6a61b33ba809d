// Whole performances through the engine's parts, for Python.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "_arrays.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/playing/morph.h"
#include "ddsp_rt/playing/rooms.h"
#include "ddsp_rt/playing/voice.h"
#include "ddsp_rt/realtime.h"
#include "ddsp_rt/synthesis/control_blend.h"
#include "ddsp_rt/synthesis/filtered_noise.h"

namespace ddsp_rt {

// Streams blocks of any size into an analyser, which wants whole frames.
class BlockAnalyser {
 public:
  BlockAnalyser(int rate, bool mfcc) : rate_(rate), mfcc_(mfcc), analyser_(rate, {.mfcc = mfcc}) {}

  nb::dict process(const Input<1>& block) {
    std::vector<Features> frames;
    for (std::size_t i = 0; i < block.shape(0); ++i) {
      if (static_cast<int>(pending_.size()) == length_) next(frames);
      pending_.push_back(block(i));
    }
    return as_dict(frames, mfcc_);
  }

  void reset() {
    analyser_.reset();
    pending_.clear();
    frame_ = 0;
    length_ = 0;
  }

 private:
  void next(std::vector<Features>& frames) {
    const FlushDenormals flush;
    frames.push_back(analyser_.frame(pending_.data(), length_));
    pending_.clear();
    length_ = frame_length(frame_++, rate_);
  }

  int rate_;
  bool mfcc_;
  Analyser analyser_;
  std::vector<float> pending_;
  std::int64_t frame_ = 0;
  int length_ = 0;
};

// Renders a whole sequence of frames and keeps what each part gave.
class PartsRenderer {
 public:
  PartsRenderer(const Instruments& instruments, int rate)
      : clock_(supported_rate(rate)), voice_(instruments, rate), rooms_(instruments, rate) {}

  // What is not given of the fast loudness and the balance is what it usually is at the loudness.
  nb::dict features(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness,
                    const Track& fast_loudness, const Track& balance, const std::optional<Input<2>>& mfcc,
                    const std::optional<float>& gate_db, float reverb, const std::optional<Input<2>>& excitation,
                    float life, float morph) {
    std::vector<Features> frames = gather(f0, periodicity, loudness, fast_loudness, balance, mfcc);
    const float share = voice_.instruments().two() ? std::clamp(morph / 100.0f, 0.0f, 1.0f) : 0.0f;
    for (Features& frame : frames) {
      Features usual = frame;
      voice_.instruments().complete(usual, share);
      if (!fast_loudness) frame.fast_loudness = usual.fast_loudness;
      if (!balance) frame.balance = usual.balance;
    }
    Morph at;
    at.reset(share);
    const VoiceSettings settings{.gate_db = gate_db.value_or(-1e9f), .life = life, .morph = at.now()};
    const auto play = [&](std::size_t k, const FrameClock::Frame& frame, float* out, const float* noise) {
      voice_.render(frames[k], settings, frame, out, noise);
    };
    return render(frames.size(), reverb, share, excitation, play);
  }

  nb::dict controls(const Input<1>& f0, const Input<1>& amplitude, const Input<2>& harmonics, const Input<2>& noise,
                    float reverb, const std::optional<Input<2>>& excitation) {
    const DecoderSpec& spec = voice_.instrument().decoder.spec();
    const std::size_t frames = f0.shape(0), harmonic_count = spec.harmonics, bands = spec.noise_bands;
    if (amplitude.shape(0) != frames || harmonics.shape(0) != frames || harmonics.shape(1) != harmonic_count ||
        noise.shape(0) != frames || noise.shape(1) != bands)
      throw std::invalid_argument("controls must be [frames], [frames, " + std::to_string(harmonic_count) +
                                  "] and [frames, " + std::to_string(bands) + "] for this instrument");
    Controls one(harmonic_count, bands);
    const auto play = [&](std::size_t k, const FrameClock::Frame& frame, float* out, const float* segment) {
      one.amplitude = amplitude(k);
      std::copy_n(&harmonics(k, 0), harmonic_count, one.harmonics.begin());
      std::copy_n(&noise(k, 0), bands, one.noise.begin());
      voice_.render(f0(k), one, {}, frame, out, segment);
    };
    return render(frames, reverb, 0.0f, excitation, play);
  }

  std::size_t excitation_size() const { return voice_.excitation_size(); }

 private:
  template <typename Play>
  nb::dict render(std::size_t frames, float reverb, float share, const std::optional<Input<2>>& excitation,
                  Play&& play) {
    if (excitation && (excitation->shape(0) != frames || excitation->shape(1) != voice_.excitation_size()))
      throw std::invalid_argument("excitation must be [" + std::to_string(frames) + ", " +
                                  std::to_string(voice_.excitation_size()) + "]");
    const auto samples = static_cast<std::size_t>(frame_start(static_cast<std::int64_t>(frames), clock_.rate()));
    std::vector<float> audio(samples), harmonic, noise, amplitude, harmonics, magnitudes;
    clock_.reset();
    voice_.start();
    rooms_.reset();
    {
      const FlushDenormals flush;
      std::size_t position = 0;
      for (std::size_t k = 0; k < frames; ++k) {
        const FrameClock::Frame frame = clock_.next();
        float* const out = audio.data() + position;
        play(k, frame, out, excitation ? &(*excitation)(k, 0) : nullptr);
        rooms_.process(out, frame.length, reverb, share);
        position += static_cast<std::size_t>(frame.length);
        const std::span<const float> tones = voice_.synthesizer().harmonic_part();
        const std::span<const float> breath = voice_.synthesizer().noise_part();
        harmonic.insert(harmonic.end(), tones.begin(), tones.end());
        noise.insert(noise.end(), breath.begin(), breath.end());
        const Controls& controls = voice_.controls();
        amplitude.push_back(controls.amplitude);
        harmonics.insert(harmonics.end(), controls.harmonics.begin(), controls.harmonics.end());
        magnitudes.insert(magnitudes.end(), controls.noise.begin(), controls.noise.end());
      }
    }
    const Controls& sizes = voice_.controls();
    nb::dict result;
    result["audio"] = array(std::move(audio));
    result["harmonic"] = array(std::move(harmonic));
    result["noise"] = array(std::move(noise));
    result["amplitude"] = array(std::move(amplitude));
    result["harmonics"] = array(std::move(harmonics), {frames, sizes.harmonics.size()});
    result["noise_magnitudes"] = array(std::move(magnitudes), {frames, sizes.noise.size()});
    return result;
  }

  FrameClock clock_;
  Voice voice_;
  Rooms rooms_;
};

// What lies between two models' controls in one frame, as it is played: (amplitudes of the harmonics, gains of the
// noise's bins from 1 on).
struct ModelControls {
  int model_rate;
  float amplitude;
  Input<1> harmonics, noise;

  ControlFormat format() const {
    return {model_rate, static_cast<int>(harmonics.shape(0)), static_cast<int>(noise.shape(0))};
  }
  Controls controls() const {
    Controls result(harmonics.shape(0), noise.shape(0));
    result.amplitude = amplitude;
    std::copy_n(harmonics.data(), harmonics.shape(0), result.harmonics.begin());
    std::copy_n(noise.data(), noise.shape(0), result.noise.begin());
    return result;
  }
};

inline std::pair<Output, Output> blend_controls(int rate, float f0, const ModelControls& first,
                                                const ModelControls& second, float share) {
  const FilteredNoise noise(supported_rate(rate), first.model_rate, first.format().noise_bands);
  ControlBlend blend(rate, first.format(), second.format(), noise.excitation_size());
  blend.mix(f0, first.controls(), second.controls(), share);
  const auto copied = [](std::span<const float> levels) {
    return array(std::vector<float>(levels.begin(), levels.end()));
  };
  return {copied(blend.harmonics()), copied(blend.noise())};
}

}  // namespace ddsp_rt
