// The parameter table every front end shows: names, units, ranges and defaults live here and nowhere else.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace ddsp_rt {

enum class Parameter : std::size_t {
  kTranspose,
  kFineTune,
  kInputGain,
  kGate,
  kHarmonicGain,
  kNoiseGain,
  kBrightness,
  kReverb,
  kDryWet,
  kOutputGain,
  kGlide,
  kAutoFit,
};

struct ParameterInfo {
  std::string_view name;
  std::string_view unit;
  float minimum, maximum, initial;
  std::string_view description;
};

inline constexpr std::array kParameters{
    ParameterInfo{"transpose", "semitones", -48, 48, 0, "shifts the pitch that the instrument plays"},
    ParameterInfo{"fine_tune", "cents", -100, 100, 0, "shifts the pitch finely"},
    ParameterInfo{"input_gain", "dB", -40, 40, 0, "level of the input before analysis"},
    ParameterInfo{"gate", "dB", -40, 40, 0, "moves the silence threshold; higher closes earlier"},
    ParameterInfo{"harmonic_gain", "dB", -60, 20, 0, "level of the harmonic part; the lowest value mutes it"},
    ParameterInfo{"noise_gain", "dB", -60, 20, 0, "level of the noise part; the lowest value mutes it"},
    ParameterInfo{"brightness", "dB/octave", -6, 6, 0, "tilts the spectrum about 1 kHz"},
    ParameterInfo{"reverb", "ratio", 0, 2, 1, "amount of the learned room; 0 is dry"},
    ParameterInfo{"dry_wet", "ratio", 0, 1, 1, "0 plays the input, 1 the instrument"},
    ParameterInfo{"output_gain", "dB", -60, 20, 0, "level of the output; the lowest value mutes it"},
    ParameterInfo{"glide", "ms", 0, 1000, 0, "time in which the pitch moves to a new note"},
    ParameterInfo{"auto_fit", "on/off", 0, 1, 0, "1 keeps fitting pitch and loudness to the instrument while playing"},
};

constexpr const ParameterInfo& info(Parameter parameter) noexcept {
  return kParameters[static_cast<std::size_t>(parameter)];
}

/// The parameter of that name, if there is one.
std::optional<Parameter> find_parameter(std::string_view name) noexcept;

/// A value for each parameter. `set` clamps to the range and takes NaN as the default. Real-time.
class ParameterValues {
 public:
  ParameterValues() noexcept;
  void set(Parameter parameter, float value) noexcept;
  float operator[](Parameter parameter) const noexcept { return values_[static_cast<std::size_t>(parameter)]; }
  /// A dB parameter as a linear gain; its minimum mutes.
  float gain(Parameter parameter) const noexcept;

 private:
  std::array<float, kParameters.size()> values_;
};

}  // namespace ddsp_rt
