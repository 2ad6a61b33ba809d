// The segmenter: what counts as a note of a performance, and that what it tells plays the performance again.
#include "ddsp_rt/playing/note_segmenter.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <random>
#include <vector>

#include "ddsp_rt/frame_clock.h"
#include "realtime_guard.h"

using namespace ddsp_rt;
using Kind = NoteEvent::Kind;

namespace {

struct Note {
  int begin, end;  // frames
  int key;
  float velocity;
};

Features sung(double midi, float loudness = -20.0f) {
  return {
      .f0 = 440.0f * static_cast<float>(std::exp2((midi - 69.0) / 12.0)), .periodicity = 0.95f, .loudness = loudness};
}
Features breath(float loudness) { return {.periodicity = 0.1f, .loudness = loudness}; }

using Performance = std::vector<Features>;

void hold(Performance& performance, double seconds, const std::function<Features(double)>& at) {
  for (int k = 0; k < static_cast<int>(seconds * kFrameRate); ++k)
    performance.push_back(at(static_cast<double>(k) / kFrameRate));
}
Performance held(double seconds, const std::function<Features(double)>& at) {
  Performance performance;
  hold(performance, seconds, at);
  return performance;
}

/// Calls `tell(frame, event)` for all that is told of a performance, which ends in silence.
template <typename Tell>
void segment(Performance performance, const SegmenterSettings& settings, Tell&& tell) {
  NoteSegmenter segmenter(settings);
  performance.resize(performance.size() + static_cast<std::size_t>(settings.delay) + 50);
  for (std::size_t k = 0; k < performance.size(); ++k)
    segmenter.next(performance[k], [&](const NoteEvent& event) { tell(static_cast<int>(k) - settings.delay, event); });
}

std::vector<Note> notes_of(const Performance& performance, const SegmenterSettings& settings = {.delay = 50}) {
  std::vector<Note> notes;
  segment(performance, settings, [&](int frame, const NoteEvent& event) {
    if (event.kind == Kind::kNoteOn) notes.push_back({frame, -1, event.key, event.value});
    if (event.kind != Kind::kNoteOff) return;
    for (Note& note : notes)
      if (note.key == event.key && note.end < 0) note.end = frame;
  });
  for (const Note& note : notes) CHECK_MESSAGE(note.end > note.begin, "a note that never ends");
  return notes;
}

double sine(double hertz, double seconds) { return std::sin(2.0 * std::numbers::pi * hertz * seconds); }

}  // namespace

TEST_CASE("A scale is its keys, each beginning where its pitch does, in tune or not") {
  const std::vector<int> scale{48, 50, 52, 53, 55, 57, 59, 60};
  for (const double detuned : {0.0, 0.35, -0.4})
    for (const int delay : {10, 50}) {
      CAPTURE(detuned);
      CAPTURE(delay);
      Performance performance;
      for (const int key : scale) hold(performance, 0.2, [&](double) { return sung(key + detuned); });
      const std::vector<Note> notes = notes_of(performance, {.delay = delay});
      REQUIRE(notes.size() == scale.size());
      for (std::size_t i = 0; i < notes.size(); ++i) {
        CHECK(notes[i].key == scale[i]);
        CHECK(std::abs(notes[i].begin - static_cast<int>(i) * 50) <= 2);
      }
    }
}

TEST_CASE("Vibrato of up to 80 cents either way is one note, and a trill of a semitone is many") {
  for (const double rate : {4.5, 5.5, 7.0})
    for (const double depth : {0.3, 0.6, 0.8}) {
      CAPTURE(rate);
      CAPTURE(depth);
      const auto notes = notes_of(held(3.0, [&](double t) { return sung(60.0 + depth * sine(rate, t)); }));
      CHECK(notes.size() == 1);
      CHECK(std::abs(notes.front().key - 60) <= (depth > 0.7 ? 1 : 0));
    }
  const auto trill = notes_of(held(2.0, [](double t) { return sung(60.0 + (static_cast<int>(t * 10.0) % 2)); }));
  CHECK(trill.size() == 20);
}

TEST_CASE("A note struck again is another one, one that merely swells is not") {
  const auto struck = notes_of(held(3.0, [](double t) {
    const double into = std::fmod(t, 0.3);
    return sung(55.0, into < 0.03 && t > 0.1 ? -32.0f : -20.0f);
  }));
  REQUIRE(struck.size() == 10);
  for (std::size_t i = 1; i < struck.size(); ++i)
    CHECK(std::abs(struck[i].begin - static_cast<int>(75 * i)) <= 12);  // the dip, or the rise out of it
  CHECK(notes_of(held(3.0, [](double t) {
          return sung(55.0, -20.0f + 3.0f * static_cast<float>(sine(5.5, t)));
        })).size() == 1);
  CHECK(notes_of(held(3.0, [](double t) { return sung(55.0, -45.0f + 10.0f * static_cast<float>(t)); })).size() == 1);
}

TEST_CASE("A consonant parts two notes, a frame or two without a pitch do not") {
  const auto phrase = [](int gap, float loudness) {
    Performance performance = held(0.4, [](double) { return sung(62.0); });
    for (int k = 0; k < gap; ++k) performance.push_back(breath(loudness));
    hold(performance, 0.4, [](double) { return sung(62.0); });
    return notes_of(performance).size();
  };
  CHECK(phrase(2, -22.0f) == 1);
  CHECK(phrase(20, -45.0f) == 2);
}

TEST_CASE("Slips of the tracker to an octave stay within the note") {
  for (const double interval : {12.0, -12.0, 19.0}) {
    const auto notes = notes_of(
        held(3.0, [&](double t) { return sung(57.0 + (std::fmod(t, 0.5) < 0.03 && t > 0.1 ? interval : 0.0)); }));
    CHECK(notes.size() == 1);
    CHECK(notes.front().key == 57);
  }
}

TEST_CASE("Silence, breath and noise are no notes") {
  CHECK(notes_of(held(2.0, [](double) { return Features{}; })).empty());
  CHECK(notes_of(held(2.0, [](double) { return breath(-30.0f); })).empty());
  std::mt19937 random(1);
  std::uniform_real_distribution<float> any(0.0f, 1.0f);
  CHECK(notes_of(held(4.0, [&](double) {
          // a tracker's guesses at noise: here and there a frame with a pitch
          Features frame = sung(40.0 + 40.0 * static_cast<double>(any(random)), -30.0f);
          frame.periodicity = any(random) < 0.05f ? 0.55f : 0.2f;
          return frame;
        })).empty());
}

TEST_CASE("Key and bend together follow the pitch wherever it goes, key and velocity and swell the loudness") {
  const SegmenterSettings settings{.delay = 12, .softest = -55.0f, .loudest = -15.0f};
  const auto pitch = [](double t) { return 60.0 + 6.0 * sine(0.2, t) + 0.4 * sine(5.5, t); };
  const auto loudness = [](double t) { return -22.0 + 5.0 * sine(0.6, t); };
  const Performance performance = held(5.0, [&](double t) { return sung(pitch(t), static_cast<float>(loudness(t))); });
  int key = -1;
  double bend = 0.0, level = 0.0, pressure = 0.0, expression = 1.0, farthest = 0.0, loudest_error = 0.0;
  int last = -1;
  const auto compare = [&](int frame) {
    if (key < 0 || frame < 3 || frame >= static_cast<int>(performance.size())) return;
    const double t = static_cast<double>(frame) / kFrameRate;
    farthest = std::max(farthest, std::abs(key + bend - pitch(t)));
    // As the note door reads them.
    const double played = level + 6.0 * pressure + 40.0 * std::log10(expression);
    loudest_error = std::max(loudest_error, std::abs(played - loudness(t)));
  };
  segment(performance, settings, [&](int frame, const NoteEvent& event) {
    if (frame != last) compare(last);
    last = frame;
    if (event.kind == Kind::kBend) bend = event.value;
    if (event.kind == Kind::kPressure) pressure = event.value;
    if (event.kind == Kind::kExpression) expression = event.value;
    if (event.kind == Kind::kNoteOff && event.key == key) key = -1;
    if (event.kind != Kind::kNoteOn) return;
    key = event.key;
    level = settings.softest + (settings.loudest - settings.softest) * (127.0 * event.value - 1.0) / 126.0;
  });
  CHECK(farthest < 0.05);
  CHECK(loudest_error < 0.6);
}

TEST_CASE("A glide is no shower of notes") {
  const auto notes = notes_of(held(3.0, [](double t) { return sung(50.0 + 4.0 * t); }));
  CHECK(notes.size() <= 16);
  for (std::size_t i = 1; i < notes.size(); ++i) CHECK(notes[i].begin - notes[i - 1].begin >= 20);
}

TEST_CASE("Every note on has its note off, whatever comes in, and reset begins anew") {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> any(0.0f, 1.0f);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Performance wild = held(20.0, [&](double) {
    Features frame{
        .f0 = 20.0f * std::exp2(8.0f * any(random)), .periodicity = any(random), .loudness = -100.0f * any(random)};
    if (any(random) < 0.01f) frame.f0 = nan;
    if (any(random) < 0.01f) frame.loudness = nan;
    if (any(random) < 0.01f) frame.f0 = 0.0f;
    return frame;
  });
  int down = 0;
  segment(wild, {}, [&](int, const NoteEvent& event) {
    down += event.kind == Kind::kNoteOn ? 1 : event.kind == Kind::kNoteOff ? -1 : 0;
    CHECK(std::isfinite(event.value));
    CHECK(down >= 0);
    CHECK(down <= 2);  // two while one is slurred to the next
  });
  CHECK(down == 0);

  const Performance tune = held(1.0, [](double t) { return sung(60.0 + std::floor(4.0 * t)); });
  NoteSegmenter used, fresh;
  for (const Features& frame : wild) used.next(frame, [](const NoteEvent&) {});
  used.reset();
  for (const Features& frame : tune) {
    std::vector<float> first, second;
    used.next(frame, [&](const NoteEvent& event) { first.push_back(event.value); });
    fresh.next(frame, [&](const NoteEvent& event) { second.push_back(event.value); });
    CHECK(first == second);
  }
}

TEST_CASE("The segmenter is real-time") {
  std::unique_ptr<NoteSegmenter> segmenter;
  int heard = 0;
  const auto prepare = [&] { segmenter = std::make_unique<NoteSegmenter>(); };
  const auto process = [&] {
    for (int k = 0; k < 500; ++k)
      segmenter->next(sung(60.0 + k / 50, k % 100 < 8 ? -40.0f : -20.0f), [&](const NoteEvent&) { ++heard; });
  };
  CHECK(run_guarded(prepare, process) == "ok");
}

TEST_CASE("Settings that cannot be are refused") {
  CHECK_THROWS(NoteSegmenter({.delay = 3}));
  CHECK_THROWS(NoteSegmenter({.delay = NoteSegmenter::kLongestDelay + 1}));
  CHECK_THROWS(NoteSegmenter({.softest = -20.0f, .loudest = -20.0f}));
}
