// An instrument: everything its file says, ready to be played by any number of voices.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/network/decoder.h"
#include "ddsp_rt/network/encoder.h"
#include "ddsp_rt/quantiles.h"
#include "ddsp_rt/synthesis/life.h"
#include "ddsp_rt/synthesis/shared_responses.h"

namespace ddsp_rt {

/// A file that cannot be used; one line that names it, the field and what is wrong.
class InstrumentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a feature usually is at a loudness, over the training set's voiced frames: what the doors that analyse nothing
/// feed the network.
struct Usual {
  float offset = 0.0f, slope = 0.0f;

  float at(float loudness_db) const noexcept { return offset + slope * loudness_db; }
};

/// How the notes of an instrument's recordings begin and move; nothing where too few told.
struct NoteManner {
  std::optional<float> attack;         // ms in which a note rises by 40 dB
  std::optional<float> vibrato_rate;   // Hz
  std::optional<float> vibrato_depth;  // cents, to either side
  std::optional<float> vibrato_delay;  // ms from a note's start
};

/// Immutable once loaded, so that threads and voices share it. docs/instrument-file.md specifies the file.
struct Instrument {
  /// Reads a file. Throws InstrumentError. Not real-time.
  static std::shared_ptr<const Instrument> load(const std::filesystem::path& path);

  /// Reads a file's bytes; `label` names them in messages. Throws InstrumentError. Not real-time.
  static std::shared_ptr<const Instrument> parse(std::span<const std::byte> file, std::string_view label);

  std::string name;
  int model_rate;             // Hz, the training sample rate
  AnalyserSettings analyser;  // as in training; MFCCs where there is an encoder to read them
  Decoder decoder;
  std::optional<Encoder> encoder;
  std::vector<float> impulse_response;  // at the model rate; empty: no reverb
  TargetQuantiles quantiles;            // of the training set's voiced frames
  float periodicity_median;             // of the same frames
  Usual fast_loudness, balance;         // likewise, where the network reads them
  float gate_db;                        // loudness below which the instrument is silent
  std::vector<float> z_mean;            // of the training set, [z_dims]; zeros where the file does not say
  NoteManner notes;                     // of the recordings
  LifeDepth life;                       // how deeply harmonics fade beyond what network and room make of them
  std::string metadata;                 // the file's JSON, as it stands
  std::shared_ptr<SharedResponses> rooms = std::make_shared<SharedResponses>();

  /// Sets what nobody heard, the fast loudness and the balance, to what they usually are at the loudness. Real-time.
  void complete(Features& features) const noexcept;

  /// The impulse response made ready for `rate` (Hz). Any thread; not real-time.
  std::shared_ptr<const ReverbResponse> room(int rate) const { return rooms->get(impulse_response, model_rate, rate); }
};

}  // namespace ddsp_rt
