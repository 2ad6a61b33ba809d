// What the objects have in common: an instrument, the engine's parameters, and an outlet that says what happens.
#pragma once

#include <m_pd.h>

#include <span>
#include <string>

#include "ddsp_rt/live/loader.h"
#include "ddsp_rt/playing/parameters.h"

namespace ddsp_rt::pd {

static_assert(sizeof(t_sample) == sizeof(float), "these objects are for Pd with 32-bit samples");

/// Every method runs on Pd's thread, where messages and audio alternate, except `give` and `collect`.
class InstrumentObject {
 public:
  InstrumentObject(t_object* owner, t_class* type, Doors door);
  virtual ~InstrumentObject();
  InstrumentObject(const InstrumentObject&) = delete;
  InstrumentObject& operator=(const InstrumentObject&) = delete;

  /// Creation arguments: an instrument, then `@message arguments` as often as wanted.
  void create(int argc, t_atom* argv);

  void instrument(int argc, t_atom* argv);
  void parameter(t_symbol* name, int argc, t_atom* argv);
  void info();
  void poll();

  virtual void reset() = 0;

 protected:
  /// To be called by the destructor of what derives from this, while what it plays on still lives.
  void stop() { loader_.stop(); }

  virtual void give(const Instruments& instruments, const Loader::Range& range) = 0;
  virtual void collect() = 0;
  virtual bool settled() const = 0;  // no instrument is on its way in
  virtual void set(Parameter parameter, float value) = 0;
  virtual const ParameterValues& values() const = 0;
  virtual int rate() const = 0;
  virtual void more_info() {}

  /// The last outlet says `selector atoms`; `tell_info` puts it after the word info, and on the console too.
  void tell(const char* selector, std::span<t_atom> atoms);
  void tell_info(const char* topic, std::span<t_atom> atoms);
  void tell_info(const char* topic, float value);
  void tell_info(const char* topic, const std::string& text);
  void complain(const std::string& text);
  void watch() { clock_delay(clock_, kPoll); }

  /// True once after a pause (DSP off, a switch) that the next block of `n` samples at `rate` Hz ends.
  bool resumed(int n, float rate);

  t_object* owner_;
  Loader loader_;

 private:
  static constexpr double kPoll = 5.0;  // ms

  std::string find(const std::string& name) const;
  void second_instrument(const std::string& name);  // for morph; "none" leaves the instrument alone again
  void not_found(const std::string& name, const std::string& error);

  t_class* type_;
  Doors door_;
  t_canvas* canvas_;
  t_outlet* status_ = nullptr;
  t_clock* clock_;
  double last_block_ = -1.0;  // logical time

 public:
  /// Made by the object after its own outlets, so that it is the last.
  void add_status_outlet() { status_ = outlet_new(owner_, nullptr); }
};

/// How Pd sees each of them.
struct PdObject {
  t_object head;
  t_float value;  // of the first inlet while no signal is connected
  InstrumentObject* self;
};

/// Methods that all classes have, one for each parameter of `door` among them.
void add_common_methods(t_class* type, Doors door);

template <typename Function>
t_method as_method(Function function) {
  return reinterpret_cast<t_method>(function);
}
template <typename Function>
t_newmethod as_new_method(Function function) {
  return reinterpret_cast<t_newmethod>(as_method(function));
}

}  // namespace ddsp_rt::pd
