// What both plugins are: parameters, 128 program slots of instruments, a state, and what a window may ask for.
#pragma once

#include <juce_audio_processors/juce_audio_processors.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ddsp_rt/live/loader.h"
#include "host_parameter.h"
#include "instrument_files.h"
#include "library.h"
#include "presets.h"
#include "readings.h"
#include "saved_state.h"
#include "screen_keys.h"
#include "wanted_instrument.h"

namespace ddsp_rt::plugin {

/// The thread that does for all plugins of this process what the audio thread may not. It sleeps most of the time.
struct Housekeeping : juce::TimeSliceThread {
  Housekeeping() : TimeSliceThread("DDSP-RT housekeeping") { startThread(); }
  ~Housekeeping() override { stopThread(5000); }
};

/// The host calls one half of this on its audio thread (`processBlock`, `reset`), the other on any other; a window asks
/// on the message thread. What plays is the engine's live door, held by the class derived from this.
class Processor : public juce::AudioProcessor, private juce::TimeSliceClient, private juce::AsyncUpdater {
 public:
  ~Processor() override;

  // ---- for the window: message thread -------------------------------------------------------------------------------

  /// In the order of the engine's table, the plugins' own first.
  const std::vector<HostParameter*>& host_parameters() const noexcept { return host_parameters_; }
  /// nullptr where this plugin has none of that name.
  HostParameter* host_parameter(std::string_view name) const noexcept;

  ReadingsFeed& feed() noexcept { return feed_; }

  struct Status {
    std::optional<InstrumentFacts> playing;  // nothing: silence
    std::optional<InstrumentFacts> second;   // to which `morph` leads; nothing: the first plays alone
    std::string path, second_path;           // of what plays
    bool loading = false;
    std::vector<std::string> notices;  // each a line that a player should read
    int reported_delay = 0;            // samples
  };
  Status status();

  NamedInstrument slot(int index);
  std::array<NamedInstrument, kPrograms> slots();
  void set_slot(int index, NamedInstrument instrument);
  /// Plays it: from the slot that holds it, else from the first free one, else in place of what plays.
  void choose(const NamedInstrument& instrument);

  /// To which `morph` leads; empty: to none.
  NamedInstrument second();
  void choose_second(NamedInstrument instrument);

  /// Every instrument there is; new files show within a second or two while a window asks.
  Library& instruments() noexcept { return *library_; }
  /// What a user drops on the window: copied to the user's instruments and played. What is wrong with it, in one line;
  /// empty: nothing.
  std::string add_instrument(const std::filesystem::path& file);

  std::vector<Preset> presets() const { return list_presets(id()); }
  /// Both say what went wrong in one line; empty: nothing did.
  std::string apply_preset(const Preset& preset);
  std::string save_preset(const std::string& name, bool replace);

  /// A key of the window, pressed or released. Without a meaning for audio.
  virtual void play_key(const ScreenKeys::Stroke&) {}

  /// Learns the fit from the next five seconds of sound. Without a meaning for keys.
  virtual void learn() {}
  virtual void set_fitting(const Fitting&) {}
  virtual std::optional<Fitting> fitting() { return std::nullopt; }

  /// Kept with the session; nothing until a window has been open.
  std::optional<WindowSize> window_size();
  void set_window_size(WindowSize size);

  Doors door() const noexcept { return door_; }
  const char* id() const noexcept { return door_ == Doors::kTransfer ? "transfer" : "instrument"; }

  // ---- AudioProcessor -----------------------------------------------------------------------------------------------

  const juce::String getName() const override;
  double getTailLengthSeconds() const override { return tail_seconds_.load(); }
  bool isBusesLayoutSupported(const BusesLayout& layouts) const override;
  juce::AudioProcessorParameter* getBypassParameter() const override { return bypass_; }

  int getNumPrograms() override;
  int getCurrentProgram() override { return static_cast<int>(instrument_->value()); }
  void setCurrentProgram(int index) override;
  const juce::String getProgramName(int index) override;
  void changeProgramName(int, const juce::String&) override {}

  bool hasEditor() const override { return true; }
  juce::AudioProcessorEditor* createEditor() override;

  void prepareToPlay(double rate, int longest_block) override;
  void releaseResources() override {}
  void reset() override { silence(); }
  void getStateInformation(juce::MemoryBlock& state) override;
  void setStateInformation(const void* data, int size) override;

 protected:
  Processor(Doors door, const BusesProperties& buses);

  // The derived class calls the first at the end of its constructor, the second at the start of its destructor.
  void start();
  void stop();

  // Of what plays. `remake` replaces the live door while nothing plays and the loader rests; false and a notice when
  // there is no playing at that rate.
  virtual bool remake(int rate) = 0;
  virtual void give(const Instruments& instruments) = 0;
  virtual void collect() = 0;
  virtual void silence() = 0;  // what is set holds at once; real-time

  /// The audio thread, first in each block: what may wait is done now when the host renders offline.
  void begin_block() {
    if (isNonRealtime()) settle();
    for (HostParameter* parameter : host_parameters_) parameter->tell_if_due();
  }
  /// Audio thread, before `begin_block`: the slot to play from now on. Real-time.
  void choose_program(int slot) noexcept {
    instrument_->put(static_cast<float>(slot));
    instrument_->tell();
  }

  HostParameter& own(std::string_view name) const noexcept { return *host_parameter(name); }
  /// Samples that the host should hear of, with an instrument whose delay is `delay_ms`.
  virtual int wanted_latency([[maybe_unused]] double delay_ms) const { return 0; }
  virtual double release_seconds() const { return 0.0; }
  void notice(std::string line);
  int reported_delay() const noexcept { return reported_delay_.load(std::memory_order_relaxed); }  // samples
  bool playable_ = false;                                                                          // at this rate

  Loader loader_;
  ReadingsFeed feed_;

 private:
  int useTimeSlice() override;
  void handleAsyncUpdate() override;

  static std::array<NamedInstrument, kPrograms> first_slots();
  SavedState captured();
  void set_parameters(const SavedState& state, bool whole_session);
  void show_parameters();
  void settle();
  int latency() const;
  void report_delay();
  void set_second(NamedInstrument instrument);
  void request_instruments();
  void take_outcomes();
  void load_what_is_wanted();
  void adopt_manner(const NoteManner& manner);

  const Doors door_;
  std::vector<HostParameter*> host_parameters_;
  HostParameter* instrument_ = nullptr;
  HostParameter* bypass_ = nullptr;
  HostParameter* morph_ = nullptr;
  std::atomic<double> tail_seconds_{0.0};
  std::atomic<int> reported_delay_{0};

  std::recursive_mutex control_;  // guards what follows, and every use of the live door but the audio thread's
  std::array<NamedInstrument, kPrograms> slots_;
  NamedInstrument second_slot_;
  WantedInstrument first_, second_;
  std::string other_notice_;
  std::optional<WindowSize> window_size_;
  double rate_ = 0.0;

  juce::SharedResourcePointer<Library> library_;
  juce::SharedResourcePointer<Housekeeping> housekeeping_;

  JUCE_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(Processor)
};

}  // namespace ddsp_rt::plugin
