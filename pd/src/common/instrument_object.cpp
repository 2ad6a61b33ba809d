// What the objects have in common.
#include "common/instrument_object.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "ddsp_rt/instrument/search_path.h"

namespace ddsp_rt::pd {
namespace {

const std::string kNone = "none";        // no instrument
constexpr double kShortestPause = 50.0;  // ms; shorter ones are the scheduler's

std::string text_of(const t_atom& atom) {
  char text[MAXPDSTRING];
  if (atom.a_type == A_SYMBOL) return atom.a_w.w_symbol->s_name;
  atom_string(&atom, text, sizeof text);
  return text;
}

}  // namespace

InstrumentObject::InstrumentObject(t_object* owner, t_class* type, Doors door)
    : owner_(owner),
      loader_({.give = [this](const auto& instrument, const auto& range) { give(instrument, range); },
               .collect = [this] { collect(); }}),
      type_(type),
      door_(door),
      canvas_(canvas_getcurrent()),
      clock_(clock_new(this, as_method(+[](InstrumentObject* self) { self->poll(); }))) {}

InstrumentObject::~InstrumentObject() { clock_free(clock_); }

void InstrumentObject::create(int argc, t_atom* argv) {
  const auto is_flag = [](const t_atom& atom) {
    return atom.a_type == A_SYMBOL && atom.a_w.w_symbol->s_name[0] == '@';
  };
  t_atom* const end = argv + argc;
  t_atom* flag = std::find_if(argv, end, is_flag);
  if (flag != argv) {
    try {
      loader_.load_now(find(text_of(*argv)));
    } catch (const std::exception& error) {
      complain(error.what());
    }
    if (flag - argv > 1) complain("only the first of the words before '@' names the instrument");
  }
  while (flag != end) {
    t_atom* const next = std::find_if(flag + 1, end, is_flag);
    pd_typedmess(&owner_->ob_pd, gensym(flag->a_w.w_symbol->s_name + 1), static_cast<int>(next - flag) - 1, flag + 1);
    flag = next;
  }
  loader_.finish();  // all that was asked for sounds from the start
}

// Beside the patch and along Pd's path, then where every front end looks, then beside this object.
std::string InstrumentObject::find(const std::string& name) const {
  char folder[MAXPDSTRING], *file = nullptr;
  const bool complete = name.size() > 5 && name.ends_with(".ddsp");
  const int handle = canvas_open(canvas_, name.c_str(), complete ? "" : ".ddsp", folder, &file, sizeof folder, 1);
  if (handle >= 0) {
    sys_close(handle);
    return std::string(folder) + "/" + file;
  }
  return find_instrument(name, std::filesystem::path(class_gethelpdir(type_)) / "instruments").string();
}

void InstrumentObject::instrument(int argc, t_atom* argv) {
  if (argc != 1) {
    complain("instrument: give the name or the path of one");
    return;
  }
  const std::string name = text_of(*argv);
  try {
    loader_.load(find(name));
    watch();
  } catch (const std::exception& error) {
    not_found(name, error.what());
  }
}

void InstrumentObject::second_instrument(const std::string& name) {
  try {
    loader_.load_second(name == kNone ? "" : find(name));
    watch();
  } catch (const std::exception& error) {
    not_found(name, error.what());
  }
}

void InstrumentObject::not_found(const std::string& name, const std::string& error) {
  complain(error);
  t_atom atom;
  SETSYMBOL(&atom, gensym(name.c_str()));
  tell("failed", {&atom, 1});
}

void InstrumentObject::parameter(t_symbol* name, int argc, t_atom* argv) {
  const std::optional<Parameter> parameter = find_parameter(name->s_name);
  if (!parameter) return;
  const ParameterInfo& limits = ddsp_rt::info(*parameter);
  const bool morph = *parameter == Parameter::kMorph;
  if (morph && argc == 1 && argv->a_type == A_SYMBOL) {
    second_instrument(text_of(*argv));
    return;
  }
  if (argc != 1 || argv->a_type != A_FLOAT) {
    char line[200];
    snprintf(line, sizeof line, "%s: give a number from %g to %g%s", name->s_name, static_cast<double>(limits.minimum),
             static_cast<double>(limits.maximum), morph ? ", or the name of a second instrument" : "");
    complain(line);
    return;
  }
  set(*parameter, atom_getfloat(argv));
}

// While the loader has something to do, and until the old instrument has faded out and can be freed.
void InstrumentObject::poll() {
  const bool busy = loader_.busy();
  const auto told = [this](const char* selector, const Loader::InstrumentPointer& loaded) {
    if (!loaded) return;
    t_atom name;
    SETSYMBOL(&name, gensym(loaded->name.c_str()));
    tell(selector, {&name, 1});
  };
  while (const auto outcome = loader_.take_outcome()) {
    if (!outcome->error.empty()) {
      complain(outcome->error);
      tell("failed", {});
    }
    told("loaded", outcome->loaded);
    told("morph", outcome->second);
  }
  if (busy) {
    watch();
    return;
  }
  loader_.collect();
  if (!settled()) clock_delay(clock_, 20 * kPoll);
}

void InstrumentObject::info() {
  if (const auto playing = loader_.instrument()) {
    tell_info("instrument", playing->name);
    tell_info("model_rate", static_cast<float>(playing->model_rate));
    const nlohmann::json document = nlohmann::json::parse(playing->metadata, nullptr, false);
    if (document.is_object()) {
      if (document.contains("licence") && document["licence"].is_string())
        tell_info("licence", document["licence"].get<std::string>());
      if (document.contains("attribution") && document["attribution"].is_array())
        for (const auto& line : document["attribution"])
          if (line.is_string()) tell_info("attribution", line.get<std::string>());
    }
  } else {
    tell_info("instrument", kNone);
  }
  const auto second = loader_.second();
  tell_info("second", second ? second->name : kNone);
  tell_info("rate", static_cast<float>(rate()));
  more_info();
  for (const Parameter parameter : parameters_of(door_))
    tell_info(ddsp_rt::info(parameter).name.data(), values()[parameter]);
}

void InstrumentObject::tell(const char* selector, std::span<t_atom> atoms) {
  if (status_) outlet_anything(status_, gensym(selector), static_cast<int>(atoms.size()), atoms.data());
}

void InstrumentObject::tell_info(const char* topic, std::span<t_atom> atoms) {
  std::vector<t_atom> message(atoms.size() + 1);
  SETSYMBOL(&message[0], gensym(topic));
  std::copy(atoms.begin(), atoms.end(), message.begin() + 1);
  std::string line;
  for (const t_atom& atom : message) {
    if (!line.empty()) line += ' ';
    line += text_of(atom);
  }
  post("%s: %s", class_getname(type_), line.c_str());
  tell("info", message);
}

void InstrumentObject::tell_info(const char* topic, float value) {
  t_atom atom;
  SETFLOAT(&atom, value);
  tell_info(topic, {&atom, 1});
}

void InstrumentObject::tell_info(const char* topic, const std::string& text) {
  t_atom atom;
  SETSYMBOL(&atom, gensym(text.c_str()));
  tell_info(topic, {&atom, 1});
}

void InstrumentObject::complain(const std::string& text) {
  pd_error(owner_, "%s: %s", class_getname(type_), text.c_str());
}

bool InstrumentObject::resumed(int n, float rate) {
  const double pause = last_block_ < 0.0 ? 0.0 : clock_gettimesince(last_block_);
  last_block_ = clock_getlogicaltime();
  return pause > kShortestPause + 2000.0 * n / static_cast<double>(rate);
}

void add_common_methods(t_class* type, Doors door) {
  const auto parameter =
      +[](PdObject* x, t_symbol* name, int argc, t_atom* argv) { x->self->parameter(name, argc, argv); };
  for (const Parameter p : parameters_of(door))
    class_addmethod(type, as_method(parameter), gensym(info(p).name.data()), A_GIMME, A_NULL);
  const auto instrument = +[](PdObject* x, t_symbol*, int argc, t_atom* argv) { x->self->instrument(argc, argv); };
  class_addmethod(type, as_method(instrument), gensym("instrument"), A_GIMME, A_NULL);
  class_addmethod(type, as_method(+[](PdObject* x) { x->self->info(); }), gensym("info"), A_NULL);
  class_addmethod(type, as_method(+[](PdObject* x) { x->self->reset(); }), gensym("reset"), A_NULL);
}

}  // namespace ddsp_rt::pd
