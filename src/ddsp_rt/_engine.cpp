// The engine seen from Python. Arrays are float32 and contiguous; values are checked here, at the door.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "ddsp_rt/analysis/analyser.h"
#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/instrument/instruments.h"
#include "ddsp_rt/instrument/search_path.h"
#include "ddsp_rt/kernels/kernels.h"
#include "ddsp_rt/playing/fitting.h"
#include "ddsp_rt/playing/fitting_json.h"
#include "ddsp_rt/playing/transfer.h"
#include "ddsp_rt/playing/voice.h"
#include "ddsp_rt/realtime.h"
#include "ddsp_rt/synthesis/resample.h"

#include "_arrays.h"
#include "_block_times.h"
#include "_bound.h"
#include "_live.h"
#include "_renderers.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace ddsp_rt;

namespace {

void hear(Fitter& fitter, const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness,
          const Track& balance) {
  for (const Features& frame : gather(f0, periodicity, loudness, std::nullopt, balance)) fitter.add(frame);
}

nb::dict apply_fitting(const Fitting& fitting, const Input<1>& f0, const Input<1>& periodicity,
                       const Input<1>& loudness, const Track& fast_loudness, const Track& balance) {
  std::vector<Features> frames = gather(f0, periodicity, loudness, fast_loudness, balance);
  NoiseGate gate;
  for (Features& frame : frames) {
    const bool sounds = gate.next(frame, fitting.gate_db);
    frame = fitting.apply(frame);
    if (!sounds) silence(frame);
  }
  return as_dict(frames, false);
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
  raise("UsageError", "There is no door '" + name + "'. The doors are transfer, control, notes.");
}

const char* scale_name(Scale scale) {
  return scale == Scale::kDecibels ? "decibels" : scale == Scale::kStepped ? "stepped" : "linear";
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

  // Wherever these are wanted, an instrument will do.
  nb::class_<Instruments>(m, "Instruments")
      .def(
          "__init__",
          [](Instruments* self, std::shared_ptr<Instrument> first, std::shared_ptr<Instrument> second) {
            new (self) Instruments(std::move(first), std::move(second));
          },
          "first"_a, "second"_a.none() = nb::none());
  nb::implicitly_convertible<Instrument, Instruments>();

  nb::class_<Fitting>(m, "Fitting")
      .def(nb::init<>())
      .def_rw("octave", &Fitting::octave)
      .def_rw("gate_db", &Fitting::gate_db)
      .def_prop_rw(
          "loudness_offset_db", [](const Fitting& f) { return f.loudness.offset_db; },
          [](Fitting& f, float db) { f.loudness.offset_db = db; })
      .def_prop_rw(
          "loudness_range", [](const Fitting& f) { return f.loudness.range; },
          [](Fitting& f, float range) { f.loudness.range = range; })
      .def_prop_ro("loud_db", [](const Fitting& f) { return f.loudness.loud_db; })
      .def(
          "map_loudness", [](const Fitting& f, float db) { return f.loudness(db); }, "db"_a)
      .def("apply", &apply_fitting, "f0"_a, "periodicity"_a, "loudness"_a, "fast_loudness"_a = nb::none(),
           "balance"_a = nb::none())
      .def("to_json", &to_json)
      .def_static("from_json", &fitting_from_json, "text"_a)
      .def("__getstate__", &to_json)
      .def("__setstate__", [](Fitting& f, const std::string& text) { new (&f) Fitting(fitting_from_json(text)); });

  nb::class_<Fitter>(m, "Fitter")
      .def(nb::init<>())
      .def("add", &hear, "f0"_a, "periodicity"_a, "loudness"_a, "balance"_a = nb::none())
      .def(
          "fit",
          [](const Fitter& fitter, const Instruments& instruments, float range, float morph) {
            return fitter.fit(instruments.quantiles(morph / 100.0f), range);
          },
          "instruments"_a, "loudness_range"_a = 1.0f, "morph"_a = 0.0f)
      .def(
          "beyond",
          [](const Fitter& fitter, const Instruments& instruments, int octave, float morph) {
            const Beyond shares = fitter.beyond(instruments.quantiles(morph / 100.0f), octave);
            return std::pair(shares.below, shares.above);
          },
          "instruments"_a, "octave"_a, "morph"_a = 0.0f);

  m.def(
      "analyse",
      [](const Input<1>& audio, int rate, bool mfcc, float f0_low, float f0_high) {
        std::vector<Features> frames;
        {
          const nb::gil_scoped_release release;
          const FlushDenormals flush;
          frames = analyse({audio.data(), audio.shape(0)}, rate, {.range = {f0_low, f0_high}, .mfcc = mfcc});
        }
        return as_dict(frames, mfcc);
      },
      "audio"_a, "rate"_a, "mfcc"_a = false, "f0_low"_a = PitchRange{}.low, "f0_high"_a = PitchRange{}.high);

  m.def(
      "resample_response",
      [](const Input<1>& response, int from_rate, int to_rate) {
        return array(resample_response({response.data(), response.shape(0)}, supported_rate(from_rate),
                                       supported_rate(to_rate)));
      },
      "response"_a, "from_rate"_a, "to_rate"_a);

  m.def(
      "analysis_filters",
      [](int rate, float f0_low, float f0_high) {
        const Analyser::Filters filters = Analyser(rate, {.range = {f0_low, f0_high}}).filters();
        const auto rows = [](const std::vector<Biquad>& sections) {
          std::vector<std::array<double, 5>> result;
          for (const Biquad& s : sections) result.push_back({s.b0, s.b1, s.b2, s.a1, s.a2});
          return result;
        };
        return std::map<std::string, std::vector<std::array<double, 5>>>{{"decimator", rows(filters.decimator)},
                                                                         {"band", rows(filters.band)},
                                                                         {"weighting", rows(filters.weighting)},
                                                                         {"high_pass", rows(filters.high_pass)},
                                                                         {"low_band", rows(filters.low_band)}};
      },
      "rate"_a, "f0_low"_a, "f0_high"_a);

  nb::class_<BlockAnalyser>(m, "Analyser")
      .def(nb::init<int, bool>(), "rate"_a, "mfcc"_a = false)
      .def("process", &BlockAnalyser::process, "block"_a)
      .def("reset", &BlockAnalyser::reset);

  // Played by block_times alone.
  nb::class_<Transfer>(m, "Transfer")
      .def(nb::init<const Instruments&, int>(), "instruments"_a, "rate"_a)
      .def(
          "set",
          [](Transfer& transfer, const std::string& name, float value) {
            transfer.set(named_parameter(name, Doors::kTransfer), value);
          },
          "name"_a, "value"_a);

  nb::exception<StreamBusy>(m, "StreamBusy", PyExc_RuntimeError);
  const nb::call_guard<nb::gil_scoped_release> unlocked;
  nb::class_<LiveTransfer>(m, "LiveTransfer")
      .def(nb::init<const Instruments&, int>(), "instruments"_a, "rate"_a)
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
      .def("swap", &LiveTransfer::swap, "instruments"_a, unlocked)
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
        return std::tuple(frame.f0, frame.periodicity, frame.loudness, frame.outside);
      });

  m.def(
      "block_times",
      [](Transfer* transfer, const Input<1>& audio, int rate, int block, bool paced) {
        if (block < 1) throw std::invalid_argument("a block holds at least one sample");
        std::vector<float> seconds;
        {
          const nb::gil_scoped_release release;
          seconds = block_times(transfer, {audio.data(), audio.shape(0)}, supported_rate(rate),
                                static_cast<std::size_t>(block), paced);
        }
        return array(std::move(seconds));
      },
      "transfer"_a.none(), "audio"_a, "rate"_a, "block"_a, "paced"_a = false);

  nb::class_<PartsRenderer>(m, "Voice")
      .def(nb::init<const Instruments&, int>(), "instruments"_a, "rate"_a)
      .def("render_parts", &PartsRenderer::features, "f0"_a, "periodicity"_a, "loudness"_a,
           "fast_loudness"_a = nb::none(), "balance"_a = nb::none(), "mfcc"_a = nb::none(), "gate_db"_a = nb::none(),
           "reverb"_a = 1.0f, "excitation"_a = nb::none(), "life"_a = 0.0f, "morph"_a = 0.0f)
      .def("render_controls", &PartsRenderer::controls, "f0"_a, "amplitude"_a, "harmonics"_a, "noise"_a,
           "reverb"_a = 1.0f, "excitation"_a = nb::none())
      .def_prop_ro("excitation_size", &PartsRenderer::excitation_size);

  m.def(
      "blend_controls",
      [](int rate, float f0, const std::tuple<int, float, Input<1>, Input<1>>& first,
         const std::tuple<int, float, Input<1>, Input<1>>& second, float share) {
        const auto controls = [](const auto&... parts) { return ModelControls{parts...}; };
        return blend_controls(rate, f0, std::apply(controls, first), std::apply(controls, second), share);
      },
      "rate"_a, "f0"_a, "first"_a, "second"_a, "share"_a);

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
  bind_notes(m);
  bind_session(m);
}
