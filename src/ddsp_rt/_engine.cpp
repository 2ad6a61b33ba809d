// The engine seen from Python. Arrays are float32 and contiguous; values are checked here, at the door.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/instrument/instrument.h"
#include "ddsp_rt/instrument/search_path.h"
#include "ddsp_rt/kernels/kernels.h"
#include "ddsp_rt/playing/fitting.h"
#include "ddsp_rt/playing/fitting_json.h"
#include "ddsp_rt/playing/transfer.h"
#include "ddsp_rt/playing/voice.h"
#include "ddsp_rt/realtime.h"

#include "_block_times.h"
#include "_live.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace ddsp_rt;

namespace {

template <std::size_t Dimensions>
using Input = nb::ndarray<const float, nb::ndim<Dimensions>, nb::c_contig, nb::device::cpu>;
using Output = nb::ndarray<nb::numpy, float>;
using InstrumentPointer = std::shared_ptr<const Instrument>;

Output array(std::vector<float> values, std::vector<std::size_t> shape) {
  auto* held = new std::vector<float>(std::move(values));
  nb::capsule owner(held, [](void* p) noexcept { delete static_cast<std::vector<float>*>(p); });
  return Output(held->data(), shape.size(), shape.data(), owner);
}

Output array(std::vector<float> values) {
  const std::size_t n = values.size();
  return array(std::move(values), {n});
}

int checked_rate(int rate) {
  if (rate < kLowestRate || rate > kHighestRate)
    throw std::invalid_argument("sample rate " + std::to_string(rate) + " Hz is outside 8000..192000 Hz");
  return rate;
}

nb::dict as_dict(const std::vector<Features>& frames, bool mfcc) {
  std::vector<float> f0, periodicity, loudness, coefficients;
  for (const Features& frame : frames) {
    f0.push_back(frame.f0);
    periodicity.push_back(frame.periodicity);
    loudness.push_back(frame.loudness);
    if (mfcc) coefficients.insert(coefficients.end(), frame.mfcc.begin(), frame.mfcc.end());
  }
  nb::dict result;
  result["f0"] = array(std::move(f0));
  result["periodicity"] = array(std::move(periodicity));
  result["loudness"] = array(std::move(loudness));
  if (mfcc) result["mfcc"] = array(std::move(coefficients), {frames.size(), std::size_t{kMfccCount}});
  return result;
}

void check_frames(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness) {
  if (periodicity.shape(0) != f0.shape(0) || loudness.shape(0) != f0.shape(0))
    throw std::invalid_argument("f0, periodicity and loudness must hold the same number of frames");
}

Features frame_of(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness, std::size_t k) {
  Features frame;
  frame.f0 = f0(k);
  frame.periodicity = periodicity(k);
  frame.loudness = loudness(k);
  return frame;
}

std::vector<Features> gather(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness,
                             const std::optional<Input<2>>& mfcc = std::nullopt) {
  check_frames(f0, periodicity, loudness);
  const std::size_t frames = f0.shape(0);
  if (mfcc && (mfcc->shape(0) != frames || mfcc->shape(1) != kMfccCount))
    throw std::invalid_argument("mfcc must be [" + std::to_string(frames) + ", 30]");
  std::vector<Features> result(frames);
  for (std::size_t k = 0; k < frames; ++k) {
    result[k] = frame_of(f0, periodicity, loudness, k);
    if (mfcc) std::copy_n(&(*mfcc)(k, 0), kMfccCount, result[k].mfcc.begin());
  }
  return result;
}

// Streams blocks of any size into an analyser, which wants whole frames.
class BlockAnalyser {
 public:
  BlockAnalyser(int rate, bool mfcc) : rate_(checked_rate(rate)), mfcc_(mfcc), analyser_(rate, {.mfcc = mfcc}) {}

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
  PartsRenderer(const InstrumentPointer& instrument, int rate)
      : clock_(checked_rate(rate)), voice_(instrument, rate), room_(instrument->room(rate)) {}

  nb::dict features(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness,
                    const std::optional<Input<2>>& mfcc, const std::optional<float>& gate_db, float reverb,
                    const std::optional<Input<2>>& excitation) {
    const std::vector<Features> frames = gather(f0, periodicity, loudness, mfcc);
    const VoiceSettings settings{.gate_db = gate_db.value_or(-1e9f)};
    const auto play = [&](std::size_t k, const FrameClock::Frame& frame, float* out, const float* noise) {
      voice_.render(frames[k], settings, frame, out, noise);
    };
    return render(frames.size(), reverb, excitation, play);
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
    return render(frames, reverb, excitation, play);
  }

  std::size_t excitation_size() const { return voice_.excitation_size(); }

 private:
  template <typename Play>
  nb::dict render(std::size_t frames, float reverb, const std::optional<Input<2>>& excitation, Play&& play) {
    if (excitation && (excitation->shape(0) != frames || excitation->shape(1) != voice_.excitation_size()))
      throw std::invalid_argument("excitation must be [" + std::to_string(frames) + ", " +
                                  std::to_string(voice_.excitation_size()) + "]");
    const auto samples = static_cast<std::size_t>(frame_start(static_cast<std::int64_t>(frames), clock_.rate()));
    std::vector<float> audio(samples), harmonic, noise, amplitude, harmonics, magnitudes;
    clock_.reset();
    voice_.start();
    room_.reset();
    {
      const FlushDenormals flush;
      std::size_t position = 0;
      for (std::size_t k = 0; k < frames; ++k) {
        const FrameClock::Frame frame = clock_.next();
        float* const out = audio.data() + position;
        play(k, frame, out, excitation ? &(*excitation)(k, 0) : nullptr);
        room_.process(out, frame.length, reverb);
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
  Reverb room_;
};

Fitting fit_to(const Instrument& instrument, const Input<1>& f0, const Input<1>& periodicity,
               const Input<1>& loudness) {
  check_frames(f0, periodicity, loudness);
  Fitter fitter;
  for (std::size_t k = 0; k < f0.shape(0); ++k) fitter.add(frame_of(f0, periodicity, loudness, k));
  return fitter.fit(instrument.quantiles);
}

nb::dict apply_fitting(const Fitting& fitting, const Input<1>& f0, const Input<1>& periodicity,
                       const Input<1>& loudness) {
  std::vector<Features> frames = gather(f0, periodicity, loudness);
  for (Features& frame : frames) frame = fitting.apply(frame);
  return as_dict(frames, false);
}

// Throws one of the package's own exceptions.
[[noreturn]] void raise(const char* exception, const std::string& message) {
  PyErr_SetString(nb::module_::import_("ddsp_rt.errors").attr(exception).ptr(), message.c_str());
  throw nb::python_error();
}

Fitting fitting_from_json(const std::string& text) {
  try {
    return parse_fitting(text);
  } catch (const FittingError& error) {
    raise("DataError", error.what());
  }
}

Doors named_door(const std::string& name) {
  if (name == "transfer") return Doors::kTransfer;
  if (name == "control") return Doors::kControl;
  if (name == "notes") return Doors::kNotes;
  raise("UsageError", "no door '" + name + "'; there are transfer, control, notes");
}

const char* scale_name(Scale scale) {
  return scale == Scale::kDecibels ? "decibels" : scale == Scale::kStepped ? "stepped" : "linear";
}

Parameter named_parameter(const std::string& name, Doors door) {
  const auto parameter = find_parameter(name);
  if (parameter && concerns(info(*parameter).doors, door)) return *parameter;
  std::string names;
  for (const Parameter p : parameters_of(door)) names += (names.empty() ? "" : ", ") + std::string(info(p).name);
  raise("UsageError", "no parameter '" + name + "'; there are " + names);
}

}  // namespace

NB_MODULE(_engine, m) {
  m.attr("ANALYSER_VERSION") = kAnalyserVersion;
  m.attr("FRAME_RATE") = kFrameRate;
  m.attr("SILENCE_DB") = kSilenceDb;
  m.attr("VOICED_PERIODICITY") = kVoicedPeriodicity;
  m.attr("FARTHEST_OCTAVE") = kFarthestShift;
  m.attr("FARTHEST_LOUDNESS_OFFSET") = kFarthestLoudnessOffset;
  m.attr("KERNELS") = kernels().name;
  m.def("frame_start", &frame_start, "frame"_a, "rate"_a);
  m.def("frame_count", &frame_count, "samples"_a, "rate"_a);

  nb::exception<InstrumentError>(m, "InstrumentError", PyExc_ValueError);
  nb::class_<Instrument>(m, "Instrument")
      .def_static(
          "load",
          [](const std::filesystem::path& path) { return std::const_pointer_cast<Instrument>(Instrument::load(path)); })
      .def_prop_ro("name", [](const Instrument& i) { return i.name; })
      .def_prop_ro("metadata", [](const Instrument& i) { return i.metadata; })
      .def_prop_ro("model_rate", [](const Instrument& i) { return i.model_rate; })
      .def_prop_ro("gate_db", [](const Instrument& i) { return i.gate_db; });

  nb::class_<Fitting>(m, "Fitting")
      .def(nb::init<>())
      .def_rw("octave", &Fitting::octave)
      .def_rw("gate_db", &Fitting::gate_db)
      .def_rw("unvoiced_drop_db", &Fitting::unvoiced_drop_db)
      .def("set_loudness_offset", &Fitting::set_loudness_offset, "db"_a)
      .def(
          "map_loudness", [](const Fitting& f, float db) { return f.loudness(db); }, "db"_a)
      .def("apply", &apply_fitting, "f0"_a, "periodicity"_a, "loudness"_a)
      .def("to_json", &to_json)
      .def_static("from_json", &fitting_from_json, "text"_a)
      .def("__getstate__", &to_json)
      .def("__setstate__", [](Fitting& f, const std::string& text) { new (&f) Fitting(fitting_from_json(text)); });

  m.def("fit", &fit_to, "instrument"_a, "f0"_a, "periodicity"_a, "loudness"_a);

  m.def(
      "analyse",
      [](const Input<1>& audio, int rate, bool mfcc, float f0_low, float f0_high) {
        std::vector<Features> frames;
        {
          const nb::gil_scoped_release release;
          const FlushDenormals flush;
          frames =
              analyse({audio.data(), audio.shape(0)}, checked_rate(rate), {.range = {f0_low, f0_high}, .mfcc = mfcc});
        }
        return as_dict(frames, mfcc);
      },
      "audio"_a, "rate"_a, "mfcc"_a = false, "f0_low"_a = PitchRange{}.low, "f0_high"_a = PitchRange{}.high);

  nb::class_<BlockAnalyser>(m, "Analyser")
      .def(nb::init<int, bool>(), "rate"_a, "mfcc"_a = false)
      .def("process", &BlockAnalyser::process, "block"_a)
      .def("reset", &BlockAnalyser::reset);

  // Played by block_times alone.
  nb::class_<Transfer>(m, "Transfer")
      .def(
          "__init__",
          [](Transfer* self, std::shared_ptr<Instrument> instrument, int rate) {
            new (self) Transfer(instrument, rate);
          },
          "instrument"_a, "rate"_a);

  nb::exception<StreamBusy>(m, "StreamBusy", PyExc_RuntimeError);
  const nb::call_guard<nb::gil_scoped_release> unlocked;
  nb::class_<LiveTransfer>(m, "LiveTransfer")
      .def(
          "__init__",
          [](LiveTransfer* self, std::shared_ptr<Instrument> instrument, int rate) {
            new (self) LiveTransfer(std::move(instrument), rate);
          },
          "instrument"_a, "rate"_a)
      .def(
          "process",
          [](LiveTransfer& stream, const Input<1>& block) {
            std::vector<float> out(block.shape(0));
            {
              const nb::gil_scoped_release release;
              stream.process(block.data(), out.data(), out.size());
            }
            return array(std::move(out));
          },
          "block"_a)
      .def("tail",
           [](LiveTransfer& stream) {
             std::vector<float> sounding;
             {
               const nb::gil_scoped_release release;
               sounding = stream.tail();
             }
             return array(std::move(sounding));
           })
      .def("reset", &LiveTransfer::reset, unlocked)
      .def(
          "swap",
          [](LiveTransfer& stream, std::shared_ptr<Instrument> instrument) { stream.swap(std::move(instrument)); },
          "instrument"_a, unlocked)
      .def(
          "set",
          [](LiveTransfer& stream, const std::string& name, float value) {
            const Parameter parameter = named_parameter(name, Doors::kTransfer);
            const nb::gil_scoped_release release;
            stream.set(parameter, value);
          },
          "name"_a, "value"_a)
      .def(
          "get",
          [](const LiveTransfer& stream, const std::string& name) {
            const Parameter parameter = named_parameter(name, Doors::kTransfer);
            const nb::gil_scoped_release release;
            return stream.get(parameter);
          },
          "name"_a)
      .def("set_fitting", &LiveTransfer::set_fitting, "fitting"_a, unlocked)
      .def("fitting", &LiveTransfer::fitting, unlocked)
      .def("follow", &LiveTransfer::follow, unlocked)
      .def("learn", &LiveTransfer::learn, unlocked)
      .def("learning", &LiveTransfer::learning, unlocked)
      .def("settled", &LiveTransfer::settled, unlocked)
      .def("levels", &LiveTransfer::levels, unlocked)
      .def("heard", [](const LiveTransfer& stream) {
        const Features frame = [&] {
          const nb::gil_scoped_release release;
          return stream.features();
        }();
        return nb::make_tuple(frame.f0, frame.periodicity, frame.loudness);
      });

  m.def(
      "block_times",
      [](Transfer* transfer, const Input<1>& audio, int rate, int block, bool paced) {
        if (block < 1) throw std::invalid_argument("a block holds at least one sample");
        std::vector<float> seconds;
        {
          const nb::gil_scoped_release release;
          seconds = block_times(transfer, {audio.data(), audio.shape(0)}, checked_rate(rate),
                                static_cast<std::size_t>(block), paced);
        }
        return array(std::move(seconds));
      },
      "transfer"_a.none(), "audio"_a, "rate"_a, "block"_a, "paced"_a = false);

  nb::class_<PartsRenderer>(m, "Voice")
      .def(
          "__init__",
          [](PartsRenderer* self, std::shared_ptr<Instrument> instrument, int rate) {
            new (self) PartsRenderer(instrument, rate);
          },
          "instrument"_a, "rate"_a)
      .def("render_parts", &PartsRenderer::features, "f0"_a, "periodicity"_a, "loudness"_a, "mfcc"_a = nb::none(),
           "gate_db"_a = nb::none(), "reverb"_a = 1.0f, "excitation"_a = nb::none())
      .def("render_controls", &PartsRenderer::controls, "f0"_a, "amplitude"_a, "harmonics"_a, "noise"_a,
           "reverb"_a = 1.0f, "excitation"_a = nb::none())
      .def_prop_ro("excitation_size", &PartsRenderer::excitation_size);

  m.def(
      "parameters",
      [](const std::string& door) {
        nb::list table;
        for (const Parameter parameter : parameters_of(named_door(door))) {
          const ParameterInfo& p = info(parameter);
          nb::dict row;
          row["name"] = std::string(p.name);
          row["title"] = std::string(p.title);
          row["scale"] = scale_name(p.scale);
          row["unit"] = std::string(p.unit);
          row["minimum"] = p.minimum;
          row["maximum"] = p.maximum;
          row["initial"] = p.initial;
          row["description"] = std::string(p.description);
          table.append(row);
        }
        return table;
      },
      "door"_a = "transfer");

  m.def(
      "find_instrument",
      [](const std::string& name, const std::filesystem::path& shipped) { return find_instrument(name, shipped); },
      "name_or_path"_a, "shipped"_a);
  m.def(
      "list_instruments", [](const std::filesystem::path& shipped) { return list_instruments(shipped); }, "shipped"_a);
}
