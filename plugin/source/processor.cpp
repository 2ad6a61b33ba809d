// What a host asks of both plugins, and what they show of themselves.
#include "processor.h"

#include <cmath>
#include <utility>

#include "window/window.h"

namespace ddsp_rt::plugin {

Processor::Processor(Doors door, const BusesProperties& buses)
    : AudioProcessor(buses),
      loader_({.give = [this](const auto& instruments, const auto&) { give(instruments); },
               .collect = [this] { collect(); }}),
      door_(door),
      slots_(first_slots()) {
  const auto add = [this](const ParameterInfo& info) {
    auto parameter = std::make_unique<HostParameter>(info);
    host_parameters_.push_back(parameter.get());
    addParameter(parameter.release());
  };
  for (const ParameterInfo& info : kOwnParameters)
    if (concerns(info.doors, door)) add(info);
  for (const Parameter parameter : parameters_of(door)) add(info(parameter));
  instrument_ = host_parameter("instrument");
  bypass_ = host_parameter("bypass");
  morph_ = host_parameter("morph");
  morph_->set_useful(false);
  instrument_->name_of = [this](int index) {
    // LV2 hosts know the names that were there when the plugin was built.
    const NamedInstrument named = wrapperType == wrapperType_LV2 ? NamedInstrument() : slot(index);
    return juce::String(index + 1) + (named.empty() ? "" : " " + juce::String::fromUTF8(named.name.c_str()));
  };
}

Processor::~Processor() { cancelPendingUpdate(); }

void Processor::start() { housekeeping_->addTimeSliceClient(this); }

void Processor::stop() {
  housekeeping_->removeTimeSliceClient(this);
  loader_.stop();
}

HostParameter* Processor::host_parameter(std::string_view name) const noexcept {
  for (HostParameter* parameter : host_parameters_)
    if (parameter->info().name == name) return parameter;
  return nullptr;
}

Processor::Status Processor::status() {
  const std::lock_guard lock(control_);
  Status status{.playing = first_.facts(),
                .second = second_.facts(),
                .path = first_.path(),
                .second_path = second_.path(),
                .loading = loader_.busy(),
                .notices = {},
                .reported_delay = getLatencySamples()};
  for (const std::string& line : {first_.notice(), second_.notice(), other_notice_})
    if (!line.empty() && (status.notices.empty() || status.notices.back() != line)) status.notices.push_back(line);
  return status;
}

std::optional<WindowSize> Processor::window_size() {
  const std::lock_guard lock(control_);
  return window_size_;
}

void Processor::set_window_size(WindowSize size) {
  const std::lock_guard lock(control_);
  window_size_ = size;
}

void Processor::notice(std::string line) {
  const std::lock_guard lock(control_);
  other_notice_ = std::move(line);
}

const juce::String Processor::getName() const {
  return door_ == Doors::kTransfer ? "DDSP-RT Transfer" : "DDSP-RT Instrument";
}

bool Processor::isBusesLayoutSupported(const BusesLayout& layouts) const {
  const auto fits = [](const juce::AudioChannelSet& set) {
    return set == juce::AudioChannelSet::mono() || set == juce::AudioChannelSet::stereo();
  };
  const bool takes_audio = door_ == Doors::kTransfer;
  return fits(layouts.getMainOutputChannelSet()) &&
         (takes_audio ? fits(layouts.getMainInputChannelSet()) : layouts.getMainInputChannelSet().isDisabled());
}

// JUCE would make of more than one a parameter beside ours in VST3, which hosts restore after the state and so undo it,
// and a preset of each in LV2. The slots are programs of ours alone.
int Processor::getNumPrograms() { return 1; }

void Processor::setCurrentProgram(int) {}

const juce::String Processor::getProgramName(int index) { return instrument_->text_of(static_cast<float>(index)); }

juce::AudioProcessorEditor* Processor::createEditor() { return make_window(*this).release(); }

void Processor::prepareToPlay(double rate, int) {
  const std::lock_guard lock(control_);
  if (rate != rate_) {
    loader_.finish();
    other_notice_.clear();
    playable_ = remake(static_cast<int>(std::lround(rate)));
    rate_ = rate;
    if (playable_) loader_.give_again();
  }
  load_what_is_wanted();  // the first sample is the instrument's
  report_delay();
  silence();
}

}  // namespace ddsp_rt::plugin
