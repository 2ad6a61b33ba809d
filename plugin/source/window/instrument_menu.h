// Choosing an instrument.
#pragma once

#include "../processor.h"
#include "choice_button.h"

namespace ddsp_rt::plugin::window {

/// Says which instrument plays; its menu has all there are and the program slots. Arrow keys go through the slots that
/// hold one.
class InstrumentMenu final : public ChoiceButton {
 public:
  /// `say` shows a line to the user.
  InstrumentMenu(Processor& processor, std::function<void(const std::string&)> say);

  /// A few times a second.
  void show(const Processor::Status& status);

 private:
  void open();
  void step(int by);
  void add_installed(juce::PopupMenu& menu);
  void add_slots(juce::PopupMenu& menu);
  juce::PopupMenu second_menu();
  static juce::PopupMenu slot_menu(const std::function<void(juce::PopupMenu&, int)>& item);
  void browse();

  Processor& processor_;
  std::function<void(const std::string&)> say_;
  std::string path_;  // of what plays
  std::unique_ptr<juce::FileChooser> chooser_;
};

}  // namespace ddsp_rt::plugin::window
