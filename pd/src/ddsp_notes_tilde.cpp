// [ddsp.notes~]: keys in, the instrument out.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "common/live_object.h"
#include "common/midi_bytes.h"
#include "common/timed_events.h"
#include "ddsp_rt/playing/midi_reader.h"
#include "ddsp_rt/playing/notes.h"

namespace ddsp_rt::pd {
namespace {

t_class* notes_class = nullptr;

using Kind = NoteEvent::Kind;

/// What a message says about all notes, or those of a channel.
struct Word {
  const char* name;
  Kind kind;
  float low, high;
  const char* usage;
};
constexpr Word kWords[] = {
    {"bend", Kind::kBend, -96.0f, 96.0f, "bend: give semitones, and a channel from 1 to 16 if it is for one"},
    {"press", Kind::kPressure, 0.0f, 1.0f, "press: give 0 to 1, and a channel from 1 to 16 if it is for one"},
    {"timbre", Kind::kTimbre, 0.0f, 1.0f, "timbre: give 0 to 1, and a channel from 1 to 16 if it is for one"},
    {"expression", Kind::kExpression, 0.0f, 1.0f,
     "expression: give 0 to 1, and a channel from 1 to 16 if it is for one"},
    {"pedal", Kind::kSustain, 0.0f, 1.0f, "pedal: give 1 or 0, and a channel from 1 to 16 if it is for one"},
};

class NotesObject final : public LiveObject<Notes> {
 public:
  explicit NotesObject(t_object* owner) : LiveObject(owner, notes_class, ddsp_rt::Doors::kNotes) {
    outlet_new(owner, &s_signal);
    add_status_outlet();
    prepare(sys_getsr());
  }
  ~NotesObject() override { stop(); }

  void process(float* out, int n) noexcept {
    const auto events = events_.take(n, live_->rate());
    if (begin_block(out, n)) live_->process({events, n}, out, n);
  }

  void reset() override {
    events_.clear();
    midi_.reset();
    live_->reset();
  }

  void note(int argc, t_atom* argv) {
    const auto channel = channel_of(argc, argv, 2, 0);
    const float key = number(argc, argv, 0), velocity = number(argc, argv, 1);
    if (argc < 2 || !channel || !(key >= 0.0f && key <= 127.0f) || key != std::floor(key) || std::isnan(velocity)) {
      complain(
          "note: give a key, a whole number from 0 to 127, a velocity from 0 (the key is lifted) to 127, and a "
          "channel from 1 to 16 if it is not 1");
      return;
    }
    const Kind kind = velocity > 0.0f ? Kind::kNoteOn : Kind::kNoteOff;
    say({0, kind, *channel, static_cast<int>(key), std::fmin(velocity, 127.0f) / 127.0f});
  }

  void word(const char* name, int argc, t_atom* argv) {
    for (const Word& word : kWords) {
      if (std::strcmp(name, word.name) != 0) continue;
      const auto channel = channel_of(argc, argv, 1, kAllChannels);
      const float value = number(argc, argv, 0);
      if (!channel || std::isnan(value)) {
        complain(word.usage);
        return;
      }
      say({0, word.kind, *channel, 0, std::clamp(value, word.low, word.high)});
    }
  }

  void end(Kind kind) { say({0, kind, kAllChannels, 0, 0.0f}); }

  void midi(int argc, t_atom* argv) {
    for (int i = 0; i < argc; ++i) {
      const float byte = number(argc, argv, i);
      if (!(byte >= 0.0f && byte <= 255.0f)) {
        complain("midi: give bytes, 0 to 255, one or many at once");
        return;
      }
      bytes_.read(static_cast<int>(byte), [this](int status, int first, int second) {
        midi_.read(status, first, second, 0, [this](const NoteEvent& event) { say(event); });
      });
    }
  }

  void bend_range(int argc, t_atom* argv) {
    const float semitones = number(argc, argv, 0);
    if (argc == 1 && semitones >= 0.0f && semitones <= 96.0f) {
      midi_.set_bend_range(semitones);
    } else {
      complain("bend_range: give the semitones of a full MIDI pitch bend, 0 to 96");
    }
  }

 private:
  void give(const Instruments& instruments, const Loader::Range&) override { live_->load(instruments); }

  void say(const NoteEvent& event) {
    if (!events_.add(event)) complain("more notes than can be kept while the sound is off; the oldest are forgotten");
  }

  // NaN where there is no number.
  static float number(int argc, t_atom* argv, int index) {
    return index < argc && argv[index].a_type == A_FLOAT ? atom_getfloat(argv + index) : std::nanf("");
  }
  // Pd counts channels from 1; `otherwise` where none is given.
  static std::optional<int> channel_of(int argc, t_atom* argv, int index, int otherwise) {
    if (argc <= index) return otherwise;
    const float channel = number(argc, argv, index);
    if (argc > index + 1 || !(channel >= 1.0f && channel <= kChannels)) return std::nullopt;
    return static_cast<int>(channel) - 1;
  }

  TimedEvents events_;
  MidiBytes bytes_;
  MidiReader midi_;
};

NotesObject* self(PdObject* x) { return static_cast<NotesObject*>(x->self); }

t_int* perform(t_int* w) {
  reinterpret_cast<NotesObject*>(w[1])->process(reinterpret_cast<float*>(w[2]), static_cast<int>(w[3]));
  return w + 4;
}

void dsp(PdObject* x, t_signal** signals) {
  self(x)->prepare(signals[0]->s_sr);
  dsp_add(perform, 3, self(x), signals[0]->s_vec, static_cast<t_int>(signals[0]->s_n));
}

void* make(t_symbol*, int argc, t_atom* argv) {
  auto* x = reinterpret_cast<PdObject*>(pd_new(notes_class));
  x->self = new NotesObject(&x->head);
  x->self->create(argc, argv);
  return x;
}

void destroy(PdObject* x) { delete x->self; }

void note(PdObject* x, t_symbol*, int argc, t_atom* argv) { self(x)->note(argc, argv); }

}  // namespace
}  // namespace ddsp_rt::pd

// The name Pd's loader makes of ddsp.notes~: what no C symbol may have, in hex.
extern "C" __attribute__((visibility("default"))) void setup_ddsp0x2enotes_tilde() {
  using namespace ddsp_rt::pd;
  notes_class = class_new(gensym("ddsp.notes~"), as_new_method(make), as_method(destroy), sizeof(PdObject),
                          CLASS_DEFAULT, A_GIMME, A_NULL);
  class_addmethod(notes_class, as_method(dsp), gensym("dsp"), A_CANT, A_NULL);
  add_common_methods(notes_class, ddsp_rt::Doors::kNotes);
  const auto add = [](const char* name, auto method) {
    class_addmethod(notes_class, as_method(method), gensym(name), A_GIMME, A_NULL);
  };
  add("note", note);
  class_addlist(notes_class, as_method(note));
  for (const Word& word : kWords)
    add(
        word.name,
        +[](PdObject* x, t_symbol* name, int argc, t_atom* argv) { self(x)->word(name->s_name, argc, argv); });
  add(
      "midi", +[](PdObject* x, t_symbol*, int argc, t_atom* argv) { self(x)->midi(argc, argv); });
  add(
      "bend_range", +[](PdObject* x, t_symbol*, int argc, t_atom* argv) { self(x)->bend_range(argc, argv); });
  class_addmethod(notes_class, as_method(+[](PdObject* x) { self(x)->end(Kind::kAllNotesOff); }), gensym("off"),
                  A_NULL);
  class_addmethod(notes_class, as_method(+[](PdObject* x) { self(x)->end(Kind::kAllSoundOff); }), gensym("panic"),
                  A_NULL);
}
