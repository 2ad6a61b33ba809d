// Fuzzes the note door: the bytes are a programme of events, blocks, parameters and instruments at some rate. Whatever
// it says, the output is finite, does not depend on how the blocks are cut and takes no memory, and once every note is
// off nothing sounds.
#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <vector>

#include "ddsp_rt/live/live.h"
#include "ddsp_rt/playing/midi_reader.h"
#include "ddsp_rt/playing/notes.h"
#include "programme.h"

namespace {

using namespace ddsp_rt;
using namespace ddsp_rt::fuzz;

constexpr int kBlocks = 12;  // of one programme
constexpr int kMostEvents = 24;
constexpr int kLongestBlock = 600;  // samples

thread_local bool playing = false;

void no_memory(const volatile void*, std::size_t) { require(!playing, "playing takes no memory"); }

/// How many events were played until the process ends.
struct Count {
  long events = 0;
  ~Count() { std::fprintf(stderr, "#%ld events played DONE\n", events); }
} count;

float any_amount(FuzzedDataProvider& bytes) {
  switch (bytes.ConsumeIntegralInRange(0, 7)) {
    case 0: return any_float(bytes);
    case 1: return 0.0f;
    case 2: return std::numeric_limits<float>::quiet_NaN();
    default: return bytes.ConsumeFloatingPointInRange(-0.2f, 1.2f);
  }
}

/// A few keys and channels, so that events meet, and some that do not exist.
NoteEvent any_event(FuzzedDataProvider& bytes, int n) {
  const int key = bytes.ConsumeBool() ? bytes.ConsumeIntegralInRange(58, 66) : bytes.ConsumeIntegralInRange(-2, 130);
  const int channel = bytes.ConsumeBool() ? bytes.ConsumeIntegralInRange(0, 1) : bytes.ConsumeIntegralInRange(-2, 17);
  return {bytes.ConsumeIntegralInRange(-5, n + 5), static_cast<NoteEvent::Kind>(bytes.ConsumeIntegralInRange(0, 9)),
          channel, key, any_amount(bytes)};
}

struct ToNotes {
  static constexpr bool kCuttable = true;
  Notes notes;

  ToNotes(FuzzedDataProvider& bytes, int rate) : notes(any_instruments(bytes), rate) {}
  void change(FuzzedDataProvider& bytes) {
    if (bytes.ConsumeIntegralInRange(0, 9) == 0) return notes.reset();
    const Parameter parameter = any_parameter(bytes);
    notes.set(parameter, any_value(bytes, parameter));
  }
  void set(Parameter parameter, float value) { notes.set(parameter, value); }
  void play(const NoteEvents& events, float* out, int n) { notes.process(events, out, n); }
  int sounding() const { return notes.sounding(); }
};

struct ToLive {
  static constexpr bool kCuttable = false;  // a new instrument is taken where a block begins
  Live<Notes> live;

  ToLive(FuzzedDataProvider&, int rate) : live(rate) {}
  void change(FuzzedDataProvider& bytes) {
    const int what = bytes.ConsumeIntegralInRange(0, 9);
    if (what == 0) return live.reset();
    if (what < 4) return live.load(any_instruments(bytes));
    const Parameter parameter = any_parameter(bytes);
    live.set(parameter, any_value(bytes, parameter));
  }
  void set(Parameter parameter, float value) { live.set(parameter, value); }
  void play(const NoteEvents& events, float* out, int n) { live.process(events, out, n); }
  int sounding() const { return live.current() ? live.current()->sounding() : 0; }
};

/// Plays the whole programme; where `cut` is given, in pieces of random length.
template <typename Stage>
std::vector<float> run(const std::uint8_t* data, std::size_t size, bool ends, std::optional<std::uint32_t> cut) {
  FuzzedDataProvider bytes(data, size);
  bytes.ConsumeIntegral<std::uint8_t>();  // has chosen the stage and the check
  const int rate = any_rate(bytes);
  Stage stage(bytes, rate);
  MidiReader reader;
  Cutter cutter(cut);
  std::vector<float> all;
  const auto play = [&](const std::vector<NoteEvent>& events, int n) {
    const NoteEvents whole(events, n);
    play_on(all, n, cutter, [&](int done, float* out, int part) {
      playing = true;
      stage.play(whole + done, out, part);
      playing = false;
    });
    count.events += static_cast<long>(events.size());
  };
  for (int block = 0; block < kBlocks && bytes.remaining_bytes() > 0; ++block) {
    for (int changes = bytes.ConsumeIntegralInRange(0, 2); changes > 0; --changes) stage.change(bytes);
    const int n = bytes.ConsumeIntegralInRange(1, kLongestBlock);
    std::vector<NoteEvent> events;
    for (int left = bytes.ConsumeIntegralInRange(0, kMostEvents); left > 0; --left) {
      if (bytes.ConsumeIntegralInRange(0, 3)) {
        events.push_back(any_event(bytes, n));
      } else {
        const auto message = bytes.ConsumeBytes<std::uint8_t>(3);
        if (message.size() == 3)
          reader.read(message[0], message[1], message[2], bytes.ConsumeIntegralInRange(0, n),
                      [&](const NoteEvent& event) { events.push_back(event); });
      }
    }
    play(events, n);
  }
  if (ends) {
    for (const auto& [parameter, value] : {std::pair{Parameter::kRelease, 50.0f}, {Parameter::kReverb, 0.0f}})
      stage.set(parameter, value);
    play({{0, NoteEvent::Kind::kAllNotesOff, kAllChannels, 0, 0.0f}}, rate / 4);
    play({}, rate / 8);
    play({}, rate / 16);
    require(stage.sounding() == 0, "no note hangs");
    require(std::all_of(all.end() - rate / 16, all.end(), [](float x) { return x == 0.0f; }), "the end is silence");
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  keep_rooms();
  require(__sanitizer_install_malloc_and_free_hooks(no_memory, [](const volatile void*) {}) > 0, "memory is watched");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[size - 1];  // ConsumeIntegral reads from the end
  if (choice % 2) {
    check(run<ToLive>, ToLive::kCuttable, data, size, choice / 2);
  } else {
    check(run<ToNotes>, ToNotes::kCuttable, data, size, choice / 2);
  }
  return 0;
}
