// [ddsp.transfer~]: audio in, the instrument out.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/live_object.h"
#include "ddsp_rt/playing/transfer.h"

namespace ddsp_rt::pd {
namespace {

t_class* transfer_class = nullptr;

class TransferObject final : public LiveObject<Transfer> {
 public:
  explicit TransferObject(t_object* owner)
      : LiveObject(owner, transfer_class, ddsp_rt::Doors::kTransfer),
        report_clock_(clock_new(this, as_method(+[](TransferObject* self) {
                                  self->report();
                                  self->schedule();
                                }))) {
    outlet_new(owner, &s_signal);
    for (t_outlet*& outlet : feature_outlets_) outlet = outlet_new(owner, &s_float);
    add_status_outlet();
    prepare(sys_getsr());
    schedule();
  }
  ~TransferObject() override {
    stop();
    clock_free(report_clock_);
  }

  void process(const float* in, float* out, int n) noexcept {
    if (!begin_block(out, n)) return;
    live_->process(in, out, n);
    fresh_ = true;
  }

  void range(int argc, t_atom* argv) {
    Loader::Range range;
    if (argc > 0) range = PitchRange{atom_getfloatarg(0, argc, argv), atom_getfloatarg(1, argc, argv)};
    if (range && !range->usable()) {
      char line[200];
      snprintf(line, sizeof line,
               "range: give the lowest and the highest pitch in Hz, within %g to %g and an octave apart",
               static_cast<double>(PitchRange::kLowest), static_cast<double>(PitchRange::kHighest));
      complain(line);
      return;
    }
    loader_.set_range(range);
    watch();
  }

  void fit(int argc, t_atom* argv) {
    if (argc > 3 || !std::all_of(argv, argv + argc, [](const t_atom& given) { return given.a_type == A_FLOAT; })) {
      complain("fit: give octaves, and if need be dB louder and the gate in dB; alone: no fit");
      return;
    }
    Fitting fitting;
    const auto number = [&](int index, float farthest) {
      return std::clamp(atom_getfloatarg(index, argc, argv), -farthest, farthest);
    };
    if (argc > 0) fitting.octave = static_cast<int>(std::lround(number(0, kFarthestShift)));
    if (argc > 1) fitting.loudness.offset_db = number(1, kFarthestLoudnessOffset);
    if (argc > 2) fitting.gate_db = atom_getfloatarg(2, argc, argv);
    live_->set_fitting(fitting);
    learning_ = false;
  }

  void learn() {
    live_->learn();
    learning_ = true;
  }

  void z(const std::string& name) {
    if (name != "source" && name != "mean") {
      complain("z: give source or mean");
      return;
    }
    live_->set(Parameter::kMeanZ, name == "mean" ? 1.0f : 0.0f);
  }

  void bypass(float on) { live_->bypass(on != 0.0f); }

  void report_every(float milliseconds) {
    period_ = milliseconds > 0.0f ? std::max(1.0f, milliseconds) : 0.0f;
    schedule();
  }

  void report() {
    if (learning_ && live_->current() && !live_->current()->learning()) {
      learning_ = false;
      t_atom octave;
      SETFLOAT(&octave, static_cast<float>(live_->fitting().octave));
      tell("learned", {&octave, 1});
    }
    if (!std::exchange(fresh_, false)) return;
    const Features& features = live_->features();
    if (std::exchange(outside_, features.outside) != features.outside) {
      t_atom side;
      SETFLOAT(&side, static_cast<float>(features.outside));
      tell("outside", {&side, 1});
    }
    outlet_float(feature_outlets_[2], features.loudness);
    outlet_float(feature_outlets_[1], features.periodicity);
    outlet_float(feature_outlets_[0], features.f0);
  }

 private:
  void give(const Instruments& instruments, const Loader::Range& range) override { live_->load(instruments, range); }
  void more_info() override {
    t_atom atoms[2];
    if (const auto playing = loader_.instrument()) {
      const auto range = loader_.range();
      SETFLOAT(&atoms[0], range.value_or(playing->analyser.range).low);
      SETFLOAT(&atoms[1], range.value_or(playing->analyser.range).high);
      tell_info("range", atoms);
    }
    tell_info("octave", static_cast<float>(live_->fitting().octave));
    tell_info("z", live_->parameters().on(Parameter::kMeanZ) ? "mean" : "source");
    tell_info("bypass", live_->bypassed() ? 1.0f : 0.0f);
  }

  void schedule() {
    if (period_ > 0.0) {
      clock_delay(report_clock_, period_);
    } else {
      clock_unset(report_clock_);
    }
  }

  std::array<t_outlet*, 3> feature_outlets_;
  t_clock* report_clock_;
  double period_ = 20.0;  // ms between reports; 0: none
  bool learning_ = false;
  int outside_ = 0;     // last told
  bool fresh_ = false;  // something was played since the last report
};

TransferObject* self(PdObject* x) { return static_cast<TransferObject*>(x->self); }

t_int* perform(t_int* w) {
  reinterpret_cast<TransferObject*>(w[1])->process(reinterpret_cast<float*>(w[2]), reinterpret_cast<float*>(w[3]),
                                                   static_cast<int>(w[4]));
  return w + 5;
}

void dsp(PdObject* x, t_signal** signals) {
  self(x)->prepare(signals[0]->s_sr);
  dsp_add(perform, 4, self(x), signals[0]->s_vec, signals[1]->s_vec, static_cast<t_int>(signals[0]->s_n));
}

void* make(t_symbol*, int argc, t_atom* argv) {
  auto* x = reinterpret_cast<PdObject*>(pd_new(transfer_class));
  x->self = new TransferObject(&x->head);
  x->self->create(argc, argv);
  return x;
}

void destroy(PdObject* x) { delete x->self; }

}  // namespace
}  // namespace ddsp_rt::pd

// The name Pd's loader makes of ddsp.transfer~: what no C symbol may have, in hex.
extern "C" __attribute__((visibility("default"))) void setup_ddsp0x2etransfer_tilde() {
  using namespace ddsp_rt::pd;
  transfer_class = class_new(gensym("ddsp.transfer~"), as_new_method(make), as_method(destroy), sizeof(PdObject),
                             CLASS_DEFAULT, A_GIMME, A_NULL);
  CLASS_MAINSIGNALIN(transfer_class, PdObject, value);
  class_addmethod(transfer_class, as_method(dsp), gensym("dsp"), A_CANT, A_NULL);
  add_common_methods(transfer_class, ddsp_rt::Doors::kTransfer);
  class_addmethod(transfer_class,
                  as_method(+[](PdObject* x, t_symbol*, int argc, t_atom* argv) { self(x)->range(argc, argv); }),
                  gensym("range"), A_GIMME, A_NULL);
  class_addmethod(transfer_class,
                  as_method(+[](PdObject* x, t_symbol*, int argc, t_atom* argv) { self(x)->fit(argc, argv); }),
                  gensym("fit"), A_GIMME, A_NULL);
  class_addmethod(transfer_class, as_method(+[](PdObject* x, t_symbol* name) { self(x)->z(name->s_name); }),
                  gensym("z"), A_SYMBOL, A_NULL);
  class_addmethod(transfer_class, as_method(+[](PdObject* x) { self(x)->learn(); }), gensym("learn"), A_NULL);
  class_addmethod(transfer_class, as_method(+[](PdObject* x, t_floatarg on) { self(x)->bypass(on); }), gensym("bypass"),
                  A_FLOAT, A_NULL);
  class_addmethod(transfer_class, as_method(+[](PdObject* x, t_floatarg ms) { self(x)->report_every(ms); }),
                  gensym("report"), A_FLOAT, A_NULL);
  class_addbang(transfer_class, as_method(+[](PdObject* x) { self(x)->report(); }));
}
