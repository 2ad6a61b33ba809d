// The parameter table every front end shows: names, units, ranges and defaults live here and nowhere else.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

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
  kMeanZ,
  kRatio,
  kLevelInDb,
};

/// Which doors a parameter concerns; a set of flags.
enum class Doors : unsigned {
  kTransfer = 1,  // audio in
  kControl = 2,   // control signals in
  kNotes = 4,     // notes in
  kAll = kTransfer | kControl | kNotes,
};
constexpr bool concerns(Doors doors, Doors door) noexcept {
  return (static_cast<unsigned>(doors) & static_cast<unsigned>(door)) != 0;
}

/// How a host shows a value, which is set and read in its unit all the same.
enum class Scale {
  kLinear,    // evenly from minimum to maximum
  kDecibels,  // a level: a fader
  kStepped,   // whole numbers; from 0 to 1 a switch
};

struct ParameterInfo {
  std::string_view name;   // as it is typed
  std::string_view title;  // as it is shown
  std::string_view unit;
  float minimum, maximum, initial;
  Scale scale;
  Doors doors;
  std::string_view description;
};

inline constexpr std::array kParameters{
    ParameterInfo{"transpose", "Transpose", "semitones", -48, 48, 0, Scale::kLinear, Doors::kAll,
                  "shifts the pitch that the instrument plays"},
    ParameterInfo{"fine_tune", "Fine tune", "cents", -100, 100, 0, Scale::kLinear, Doors::kAll,
                  "shifts the pitch finely"},
    ParameterInfo{"input_gain", "Input gain", "dB", -40, 40, 0, Scale::kDecibels, Doors::kTransfer,
                  "level of the input before analysis"},
    ParameterInfo{"gate", "Gate", "dB", -40, 40, 0, Scale::kLinear, Doors::kAll,
                  "moves the silence threshold; higher closes earlier"},
    ParameterInfo{"harmonic_gain", "Harmonics", "dB", -60, 20, 0, Scale::kDecibels, Doors::kAll,
                  "level of the harmonic part; the lowest value mutes it"},
    ParameterInfo{"noise_gain", "Noise", "dB", -60, 20, 0, Scale::kDecibels, Doors::kAll,
                  "level of the noise part; the lowest value mutes it"},
    ParameterInfo{"brightness", "Brightness", "dB/octave", -6, 6, 0, Scale::kLinear, Doors::kAll,
                  "tilts the spectrum about 1 kHz"},
    ParameterInfo{"reverb", "Reverb", "ratio", 0, 2, 1, Scale::kLinear, Doors::kAll,
                  "amount of the learned room; 0 is dry"},
    ParameterInfo{"dry_wet", "Dry/wet", "ratio", 0, 1, 1, Scale::kLinear, Doors::kTransfer,
                  "0 plays the input, 1 the instrument"},
    ParameterInfo{"output_gain", "Output gain", "dB", -60, 20, 0, Scale::kDecibels, Doors::kAll,
                  "level of the output; the lowest value mutes it"},
    ParameterInfo{"glide", "Glide", "ms", 0, 1000, 0, Scale::kLinear, Doors::kAll,
                  "time in which the pitch moves to a new note"},
    ParameterInfo{"auto_fit", "Auto fit", "on/off", 0, 1, 0, Scale::kStepped, Doors::kTransfer,
                  "1 keeps fitting pitch and loudness to the instrument while playing"},
    ParameterInfo{"mean_z", "Mean timbre", "on/off", 0, 1, 0, Scale::kStepped, Doors::kTransfer,
                  "1 plays the mean timbre of an instrument with z, 0 what the input's spectrum says"},
    ParameterInfo{"ratio", "Modulation ratio", "ratio", -1000, 1000, 0, Scale::kLinear, Doors::kControl,
                  "how far the modulator moves the frequency: r of f0 (1 + r m)"},
    ParameterInfo{"level_in_db", "Envelope in dB", "on/off", 0, 1, 0, Scale::kStepped, Doors::kControl,
                  "1 reads the envelope in decibels, 0 as a linear gain"},
};

constexpr const ParameterInfo& info(Parameter parameter) noexcept {
  return kParameters[static_cast<std::size_t>(parameter)];
}

/// The parameter of that name, if there is one.
std::optional<Parameter> find_parameter(std::string_view name) noexcept;

/// The parameters that concern `door`, in the table's order. Not real-time.
std::vector<Parameter> parameters_of(Doors door);

/// A value for each parameter. Whatever is set counts, from whichever front end: beyond the range as the nearest value
/// within it, NaN as the initial value. Real-time.
class ParameterValues {
 public:
  ParameterValues() noexcept;
  void set(Parameter parameter, float value) noexcept;
  float operator[](Parameter parameter) const noexcept { return values_[static_cast<std::size_t>(parameter)]; }
  /// A dB parameter as a linear gain; its minimum mutes.
  float gain(Parameter parameter) const noexcept;
  /// Whether a switch is on.
  bool on(Parameter parameter) const noexcept { return (*this)[parameter] >= 0.5f; }

 private:
  std::array<float, kParameters.size()> values_;
};

}  // namespace ddsp_rt
