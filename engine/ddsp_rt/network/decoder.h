// The control network: features of the performance in, controls of the synthesizer out.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ddsp_rt/controls.h"
#include "ddsp_rt/features.h"
#include "ddsp_rt/network/dense.h"
#include "ddsp_rt/network/dense_stack.h"
#include "ddsp_rt/network/gru.h"

namespace ddsp_rt {

enum class Feature { kF0, kLoudness, kPeriodicity, kFastLoudness, kBalance, kZ };
inline constexpr std::size_t kFeatures = 6;

struct DecoderSpec {
  /// In the order they are joined.
  std::vector<Feature> features{Feature::kF0, Feature::kLoudness, Feature::kPeriodicity};
  /// Of each Feature: multiples of half a turn by which its first layer also reads it as sine and cosine. What depends
  /// on pitch or level sharply is learnt sooner from these than from one number.
  std::array<std::vector<float>, kFeatures> waves;
  std::size_t hidden = 64, layers = 2;           // dense layers that read one feature: width, number
  std::size_t gru = 256;                         // width
  std::size_t out_hidden = 128, out_layers = 2;  // dense layers after the recurrent one
  std::size_t harmonics = 100, noise_bands = 65;
  std::size_t z_dims = 0;  // 0: no z

  bool reads(Feature feature) const noexcept;
  const std::vector<float>& waves_of(Feature feature) const noexcept {
    return waves[static_cast<std::size_t>(feature)];
  }
  std::size_t width(Feature feature) const noexcept;  // of what its first layer reads
};

const char* feature_name(Feature feature) noexcept;

/// Immutable, shared between voices; each voice has a State. The twin of ddsp_rt.network.Decoder.
class Decoder {
 public:
  struct State {
    Gru::State gru;
    AlignedVector<float> scratch, joined, recurrent_and_joined, layer_scratch, layer_output, output;
    Features expected;  // what is answered ahead
    int answered = 0;   // parts of that answer that are there
    void reset() noexcept {
      gru.reset();
      answered = 0;
    }
  };

  /// Reads the tensors decoder.*. Throws FileFault.
  Decoder(const Safetensors& file, const DecoderSpec& spec);

  const DecoderSpec& spec() const noexcept { return spec_; }
  std::size_t bytes() const noexcept;  // of weights
  State make_state() const;
  Controls make_controls() const { return Controls(spec_.harmonics, spec_.noise_bands); }

  /// Does the half of the next frame's work that needs no features: for moments with time to spare. Real-time.
  void anticipate(State& state) const noexcept { gru_.anticipate(state.gru); }
  static constexpr int kHiddenParts = Gru::kHiddenParts;
  void anticipate(std::span<State* const> states, int part) const noexcept;  // kMostAtOnce at most; parts in order

  /// One frame. `z` is [z_dims], unused (and may be null) where the spec does not name it; values that are no finite
  /// number count as silence or 0. Real-time.
  void step(State& state, const Features& features, const float* z, Controls& controls) const noexcept {
    step(std::array{Pass{&state, &features, z, &controls}});
  }

  /// A frame of several voices, kMostAtOnce at most, each as it would step alone: the weights, which are most of what a
  /// frame reads, come from memory once for all of them. Real-time.
  struct Pass {
    State* state;
    const Features* features;
    const float* z;
    Controls* controls;
  };
  void step(std::span<const Pass> passes) const noexcept;

  /// Answers features that are expected, part by part from 0 to kParts - 1, for moments with time to spare: the step
  /// that brings these very features has the rest left to do; one that brings others does all of it anew. Controls stay
  /// as they are until then; `z` must be the same then. Changes no answer. Real-time.
  static constexpr int kParts = 4;
  void expect(std::span<const Pass> passes, int part) const noexcept;

 private:
  void answer(std::span<const Pass> passes, int part) const noexcept;
  void take_in(std::span<const Pass> passes) const noexcept;
  void read_hidden(std::span<const Pass> passes) const noexcept;
  void put_out(std::span<const Pass> passes) const noexcept;
  void read(const Pass& pass, std::size_t feature, float* input) const noexcept;

  DecoderSpec spec_;
  std::vector<DenseStack> inputs_;  // one per feature
  Gru gru_;
  DenseStack out_;
  Dense head_;
};

}  // namespace ddsp_rt
