// The parameter table every front end shows: names, units, ranges and defaults live here and nowhere else.
#pragma once

#include <array>
#include <cmath>
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
  kBreath,
  kLife,
  kMorph,
  kBrightness,
  kReverb,
  kDryWet,
  kOutputGain,
  kGlide,
  kAutoFit,
  kMeanZ,
  kRatio,
  kLevelInDb,
  kVoices,
  kLegato,
  kVelocityCurve,
  kAttack,
  kDecay,
  kSustain,
  kRelease,
  kVibratoRate,
  kVibratoDepth,
  kVibratoDelay,
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
    ParameterInfo{"breath", "Breath", "dB", -60, 20, 0, Scale::kDecibels, Doors::kTransfer,
                  "level of consonants and breath; the lowest value mutes them"},
    ParameterInfo{"life", "Life", "%", 0, 150, 100, Scale::kLinear, Doors::kAll,
                  "how much held notes move as the instrument's own do; 0 holds them still"},
    ParameterInfo{"morph", "Morph", "%", 0, 100, 0, Scale::kLinear, Doors::kAll,
                  "from the instrument, 0, to the second one, where one is loaded"},
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
    ParameterInfo{"voices", "Voices", "voices", 1, 8, 8, Scale::kStepped, Doors::kNotes,
                  "notes that sound at once; a further one takes over the oldest"},
    ParameterInfo{"legato", "Legato", "on/off", 0, 1, 0, Scale::kStepped, Doors::kNotes,
                  "1 plays one line and slurs overlapping notes, 0 plays each for itself"},
    ParameterInfo{"velocity_curve", "Velocity curve", "exponent", -1, 1, 0, Scale::kLinear, Doors::kNotes,
                  "below 0 a light touch plays louder, above 0 softer"},
    ParameterInfo{"attack", "Attack", "ms", 0, 2000, 30, Scale::kLinear, Doors::kNotes,
                  "time in which a note rises by 40 dB to its loudness"},
    ParameterInfo{"decay", "Decay", "ms", 0, 5000, 0, Scale::kLinear, Doors::kNotes,
                  "time in which a note falls from its loudness to the sustain level"},
    ParameterInfo{"sustain", "Sustain", "dB", -40, 0, 0, Scale::kLinear, Doors::kNotes,
                  "level of a held note, from the loudness of its velocity"},
    ParameterInfo{"release", "Release", "ms", 0, 5000, 250, Scale::kLinear, Doors::kNotes,
                  "time in which a released note falls by 60 dB"},
    ParameterInfo{"vibrato_rate", "Vibrato rate", "Hz", 0.1f, 12, 5.5f, Scale::kLinear, Doors::kNotes,
                  "how fast the pitch of a held note swings"},
    ParameterInfo{"vibrato_depth", "Vibrato depth", "cents", 0, 200, 0, Scale::kLinear, Doors::kNotes,
                  "how far the pitch swings to either side"},
    ParameterInfo{"vibrato_delay", "Vibrato delay", "ms", 0, 2000, 300, Scale::kLinear, Doors::kNotes,
                  "time from a note's start to its vibrato"},
};

constexpr const ParameterInfo& info(Parameter parameter) noexcept {
  return kParameters[static_cast<std::size_t>(parameter)];
}

/// The parameter of that name, if there is one.
std::optional<Parameter> find_parameter(std::string_view name) noexcept;

/// The parameters that concern `door`, in the table's order. Not real-time.
std::vector<Parameter> parameters_of(Doors door);

/// A value for each parameter. Whatever is set counts, from whichever front end: beyond the range as the nearest value
/// within it. What nobody has set is left alone, and has its initial value; NaN leaves it alone again. Real-time.
class ParameterValues {
 public:
  ParameterValues() noexcept;
  void set(Parameter parameter, float value) noexcept;
  /// Sets what is set in `other`, and leaves alone what is left alone there.
  void set(const ParameterValues& other) noexcept { asked_ = other.asked_; }
  /// Puts another initial value in the place of the table's, held within the range.
  void set_initial(Parameter parameter, float value) noexcept;
  bool left_alone(Parameter parameter) const noexcept {
    return std::isnan(asked_[static_cast<std::size_t>(parameter)]);
  }
  float operator[](Parameter parameter) const noexcept {
    return (left_alone(parameter) ? initial_ : asked_)[static_cast<std::size_t>(parameter)];
  }
  /// A dB parameter as a linear gain; its minimum mutes.
  float gain(Parameter parameter) const noexcept;
  /// Whether a switch is on.
  bool on(Parameter parameter) const noexcept { return (*this)[parameter] >= 0.5f; }

 private:
  std::array<float, kParameters.size()> initial_, asked_;  // NaN where nobody asked
};

}  // namespace ddsp_rt
