// A live session, seen from Python, which opens the sound card and looks on.
#include "_session.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "_arrays.h"
#include "_bound.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace ddsp_rt;

namespace {

nb::dict named(const Session::Status& status) {
  nb::dict result;
  result["blocks"] = status.blocks;
  result["frames"] = status.frames;
  result["dropouts"] = status.dropouts;
  result["late"] = status.late;
  result["lost"] = status.lost;
  result["block"] = status.block;
  result["load"] = status.load;
  result["peak"] = status.peak;
  result["delay"] = status.delay;
  result["input_db"] = status.input_db;
  result["output_db"] = status.output_db;
  result["f0"] = status.f0;
  result["periodicity"] = status.periodicity;
  result["loudness"] = status.loudness;
  result["outside"] = status.outside;
  result["octave"] = status.octave;
  result["sounding"] = status.sounding;
  result["learning"] = status.learning;
  result["bypassed"] = status.bypassed;
  result["settled"] = status.settled;
  return result;
}

void make_session(Session* place, const Instruments& instruments, int rate, int inputs, int channel, int outputs,
                  int kept) {
  if (inputs < 0 || outputs < 1 || channel < 0 || (inputs > 0 && channel >= inputs) || kept < 0)
    throw std::invalid_argument("a session hears one of its inputs, and has an output");
  const Session::Setup setup{.rate = supported_rate(rate),
                             .inputs = inputs,
                             .channel = channel,
                             .outputs = outputs,
                             .kept = static_cast<std::size_t>(kept)};
  new (place) Session(instruments, setup);
}

}  // namespace

void ddsp_rt::bind_session(nb::module_& m) {
  const nb::call_guard<nb::gil_scoped_release> unlocked;
  nb::class_<Session>(m, "Session")
      .def("__init__", &make_session, "instruments"_a, "rate"_a, "inputs"_a, "channel"_a, "outputs"_a, "kept"_a)
      .def(
          "set",
          [](Session& session, const std::string& name, float value) {
            const Parameter parameter = named_parameter(name, session.from_keys() ? Doors::kNotes : Doors::kTransfer);
            return session.set(parameter, value);
          },
          "name"_a, "value"_a)
      .def("bypass", &Session::bypass, "on"_a)
      .def("learn", &Session::learn)
      .def("midi", &Session::midi, "status"_a, "first"_a, "second"_a)
      .def("swap", &Session::swap, "instruments"_a, unlocked)
      .def("status", [](Session& session) { return named(session.status()); })
      .def("frames", &Session::frames)
      .def("draw",
           [](Session& session) {
             std::vector<float> taken = session.draw();
             const auto tracks = static_cast<std::size_t>(session.tracks());
             const std::size_t frames = taken.size() / tracks;
             return array(std::move(taken), {frames, tracks});
           })
      // For PortAudio: the address of the callback, and of what it is called with.
      .def("callback", [](Session& session) {
        return std::pair(reinterpret_cast<std::uintptr_t>(&Session::portaudio),
                         reinterpret_cast<std::uintptr_t>(&session));
      });
}
