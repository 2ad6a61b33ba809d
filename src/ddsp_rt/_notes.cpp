// The note door, its MIDI reader and the segmenter that finds notes in a performance, seen from Python.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "_arrays.h"
#include "_bound.h"
#include "_live.h"
#include "ddsp_rt/playing/midi_reader.h"
#include "ddsp_rt/playing/note_segmenter.h"
#include "ddsp_rt/playing/notes.h"
#include "ddsp_rt/playing/tail.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace ddsp_rt;

namespace {

constexpr std::array<std::string_view, 10> kKinds{"note_on",    "note_off", "bend",          "pressure",      "timbre",
                                                  "expression", "sustain",  "all_notes_off", "all_sound_off", "legato"};

NoteEvent::Kind kind_of(std::string_view name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    if (kKinds[i] == name) return static_cast<NoteEvent::Kind>(i);
  throw std::invalid_argument("there is no event '" + std::string(name) + "'");
}

/// Collects events until the next block is played. Blocks belong to one thread at a time, and say so when two come at
/// once; everything else waits for the end of the block at hand.
class NotePlayer {
 public:
  NotePlayer(const Instruments& instruments, int rate) : notes_(instruments, rate) {}

  void say(const std::string& kind, int channel, int key, float value, int offset) {
    const NoteEvent event{offset, kind_of(kind), channel, key, value};
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }

  void midi(int status, int first, int second, int offset) {
    const std::lock_guard lock(mutex_);
    reader_.read(status, first, second, offset, [&](const NoteEvent& event) { events_.push_back(event); });
  }

  Output process(int samples) {
    if (samples < 0) throw std::invalid_argument("a block cannot hold fewer than no samples");
    std::vector<float> out(static_cast<std::size_t>(samples));
    const Playing playing(playing_);
    {
      const nb::gil_scoped_release release;
      const std::lock_guard lock(mutex_);
      play(out.data(), samples);
    }
    return array(std::move(out));
  }

  Output rest() {
    std::vector<float> sounding;
    const Playing playing(playing_);
    {
      const nb::gil_scoped_release release;
      const std::lock_guard lock(mutex_);
      sounding = tail(notes_.rate(), [&](float* out, int n) { play(out, n); });
    }
    return array(std::move(sounding));
  }

  void set_bend_range(float semitones) {
    const std::lock_guard lock(mutex_);
    reader_.set_bend_range(semitones);
  }

  void reset() {
    const Playing playing(playing_);
    const std::lock_guard lock(mutex_);
    notes_.reset();
    reader_.reset();
    events_.clear();
  }

  std::vector<std::tuple<int, int, float, float>> sounding() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::tuple<int, int, float, float>> result;
    notes_.each_note([&](int channel, int key, const Features& features) {
      result.emplace_back(channel, key, features.f0, features.loudness);
    });
    return result;
  }

  void set(const std::string& name, float value) {
    const Parameter parameter = named_parameter(name, Doors::kNotes);
    const std::lock_guard lock(mutex_);
    notes_.set(parameter, value);
  }

  float get(const std::string& name) const {
    const Parameter parameter = named_parameter(name, Doors::kNotes);
    const std::lock_guard lock(mutex_);
    return notes_.parameters()[parameter];
  }

 private:
  void play(float* out, int samples) {
    notes_.process({events_, samples}, out, samples);
    if (samples > 0) events_.clear();
  }

  mutable std::mutex mutex_;
  std::atomic_flag playing_ = ATOMIC_FLAG_INIT;
  Notes notes_;
  MidiReader reader_;
  std::vector<NoteEvent> events_;
};

/// What was told, with the frame that it belongs to.
using Told = std::tuple<std::int64_t, std::string_view, int, float>;

/// The notes of a performance, frame by frame.
class Segmenter {
 public:
  Segmenter(int delay, float softest, float loudest)
      : segmenter_({.delay = delay, .softest = softest, .loudest = loudest}) {}

  std::vector<Told> process(const Input<1>& f0, const Input<1>& periodicity, const Input<1>& loudness,
                            const std::optional<Input<1>>& outside) {
    check_frames(f0, periodicity, loudness);
    if (outside && outside->shape(0) != f0.shape(0))
      throw std::invalid_argument("outside must hold as many frames as f0");
    std::vector<Told> told;
    for (std::size_t k = 0; k < f0.shape(0); ++k) {
      Features frame = frame_of(f0, periodicity, loudness, k);
      if (outside) frame.outside = static_cast<int>((*outside)(k));
      hear(frame, told);
    }
    return told;
  }

  /// What the last frames held, and the end of the last note.
  std::vector<Told> finish() {
    std::vector<Told> told;
    Features silence;
    for (int k = 0; k <= segmenter_.delay(); ++k) hear(silence, told);
    reset();
    return told;
  }

  void reset() {
    segmenter_.reset();
    frame_ = 0;
  }

 private:
  void hear(const Features& frame, std::vector<Told>& told) {
    const std::int64_t at = frame_++ - segmenter_.delay();
    segmenter_.next(frame, [&](const NoteEvent& event) {
      told.emplace_back(at, kKinds[static_cast<std::size_t>(event.kind)], event.key, event.value);
    });
  }

  NoteSegmenter segmenter_;
  std::int64_t frame_ = 0;
};

}  // namespace

void ddsp_rt::bind_notes(nb::module_& m) {
  nb::class_<NotePlayer>(m, "Notes")
      .def(nb::init<const Instruments&, int>(), "instruments"_a, "rate"_a)
      .def("say", &NotePlayer::say, "kind"_a, "channel"_a, "key"_a, "value"_a, "offset"_a)
      .def("midi", &NotePlayer::midi, "status"_a, "first"_a, "second"_a, "offset"_a)
      .def("set_bend_range", &NotePlayer::set_bend_range, "semitones"_a)
      .def("process", &NotePlayer::process, "samples"_a)
      .def("tail", &NotePlayer::rest)
      .def("reset", &NotePlayer::reset)
      .def("sounding", &NotePlayer::sounding)
      .def("set", &NotePlayer::set, "name"_a, "value"_a)
      .def("get", &NotePlayer::get, "name"_a);

  m.attr("LONGEST_NOTE_DELAY") = NoteSegmenter::kLongestDelay;
  m.attr("HEARD_AFTER") = NoteSegmenter::kHeardAfter;
  nb::class_<Segmenter>(m, "NoteSegmenter")
      .def(nb::init<int, float, float>(), "delay"_a = SegmenterSettings{}.delay,
           "softest"_a = SegmenterSettings{}.softest, "loudest"_a = SegmenterSettings{}.loudest)
      .def("process", &Segmenter::process, "f0"_a, "periodicity"_a, "loudness"_a, "outside"_a = nb::none())
      .def("finish", &Segmenter::finish)
      .def("reset", &Segmenter::reset);
}
