// The window of both plugins: all parts, in their places, fed by one timer.
#pragma once

#include <juce_audio_utils/juce_audio_utils.h>

#include <memory>
#include <vector>

#include "../processor.h"
#include "fact_line.h"
#include "instrument_menu.h"
#include "look.h"
#include "parameter_group.h"
#include "parameter_switch.h"
#include "preset_menu.h"

namespace ddsp_rt::plugin::window {

class MainWindow final : public juce::AudioProcessorEditor, public juce::FileDragAndDropTarget, public juce::Timer {
 public:
  explicit MainWindow(Processor& processor);
  ~MainWindow() override;

  /// What the timer does; `now` in seconds.
  void tick(double now);

  void paint(juce::Graphics& g) override;
  void resized() override;
  bool isInterestedInFileDrag(const juce::StringArray& files) override;
  void fileDragEnter(const juce::StringArray& files, int, int) override;
  void fileDragExit(const juce::StringArray&) override;
  void filesDropped(const juce::StringArray& files, int, int) override;
  std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override;

 private:
  static constexpr int kFramesPerSecond = 30;
  static constexpr double kStatusEvery = 0.2, kStoppedAfter = 0.4, kSaidFor = 10.0;  // seconds

  // Everything lies in a sheet of the size for which it is laid out; the window scales the sheet.
  struct Sheet final : juce::Component {
    void paint(juce::Graphics& g) override;
    std::vector<juce::Rectangle<int>> cards;
    bool dropping = false;
  };

  void timerCallback() override { tick(0.001 * juce::Time::getMillisecondCounterHiRes()); }
  template <typename Part, typename... Arguments>
  Part* add(Arguments&&... arguments);
  WindowSize fitted(WindowSize saved);
  void place();
  void say(const std::string& line);
  void show_status();

  Processor& ddsp_;
  const Doors door_;
  Look look_;
  juce::TooltipWindow tooltips_;
  Sheet sheet_;
  InstrumentMenu instrument_;
  PresetMenu presets_;
  ParameterSwitch bypass_;
  std::vector<std::unique_ptr<Display>> displays_;
  std::vector<Display*> all_displays_;  // and those in groups
  std::vector<std::unique_ptr<ParameterGroup>> groups_;
  Display *facts_ = nullptr, *input_ = nullptr, *output_ = nullptr, *readout_ = nullptr, *pitch_ = nullptr,
          *loudness_ = nullptr, *spectrum_ = nullptr, *keyboard_ = nullptr, *status_ = nullptr;

  ReadingsFeed::Watch watch_;
  Readings readings_;
  double status_at_ = -1e9, read_at_ = -1e9, said_at_ = -1e9;
  std::string said_;  // of late, to the user
  bool stopped_ = true;

  JUCE_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(MainWindow)
};

}  // namespace ddsp_rt::plugin::window
