// [ddsp~]: pitch, envelope and modulation in, the instrument out.
#include <cstring>

#include "common/live_object.h"
#include "ddsp_rt/playing/control_voice.h"

namespace ddsp_rt::pd {
namespace {

t_class* control_class = nullptr;

class ControlObject final : public LiveObject<ControlVoice> {
 public:
  explicit ControlObject(t_object* owner) : LiveObject(owner, control_class, ddsp_rt::Doors::kControl) {
    inlet_new(owner, &owner->ob_pd, &s_float, gensym("ratio"));
    signalinlet_new(owner, 0.0f);
    signalinlet_new(owner, 0.0f);
    outlet_new(owner, &s_signal);
    add_status_outlet();
    prepare(sys_getsr());
  }
  ~ControlObject() override { stop(); }

  void process(const ControlSignals& signals, float* out, int n) noexcept {
    if (begin_block(out, n)) live_->process(signals, out, n);
  }

  void units(const char* name) {
    if (std::strcmp(name, "linear") != 0 && std::strcmp(name, "db") != 0) {
      complain("units: give linear or db");
      return;
    }
    live_->set(Parameter::kLevelInDb, name[0] == 'd' ? 1.0f : 0.0f);
  }

 private:
  void give(const Instruments& instruments, const Loader::Range&) override { live_->load(instruments); }
  void more_info() override { tell_info("units", live_->parameters().on(Parameter::kLevelInDb) ? "db" : "linear"); }
};

ControlObject* self(PdObject* x) { return static_cast<ControlObject*>(x->self); }

t_int* perform(t_int* w) {
  const auto signal = [w](int i) { return reinterpret_cast<float*>(w[i]); };
  reinterpret_cast<ControlObject*>(w[1])->process({signal(2), signal(3), signal(4)}, signal(5), static_cast<int>(w[6]));
  return w + 7;
}

void dsp(PdObject* x, t_signal** signals) {
  self(x)->prepare(signals[0]->s_sr);
  dsp_add(perform, 6, self(x), signals[0]->s_vec, signals[1]->s_vec, signals[2]->s_vec, signals[3]->s_vec,
          static_cast<t_int>(signals[0]->s_n));
}

void* make(t_symbol*, int argc, t_atom* argv) {
  auto* x = reinterpret_cast<PdObject*>(pd_new(control_class));
  x->self = new ControlObject(&x->head);
  x->self->create(argc, argv);
  return x;
}

void destroy(PdObject* x) { delete x->self; }

}  // namespace
}  // namespace ddsp_rt::pd

extern "C" __attribute__((visibility("default"))) void ddsp_tilde_setup() {
  using namespace ddsp_rt::pd;
  control_class = class_new(gensym("ddsp~"), as_new_method(make), as_method(destroy), sizeof(PdObject), CLASS_DEFAULT,
                            A_GIMME, A_NULL);
  CLASS_MAINSIGNALIN(control_class, PdObject, value);
  class_addmethod(control_class, as_method(dsp), gensym("dsp"), A_CANT, A_NULL);
  add_common_methods(control_class, ddsp_rt::Doors::kControl);
  class_addmethod(control_class, as_method(+[](PdObject* x, t_symbol* name) { self(x)->units(name->s_name); }),
                  gensym("units"), A_SYMBOL, A_NULL);
}
