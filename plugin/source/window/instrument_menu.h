// Choosing an instrument.
#pragma once

#include "../processor.h"
#include "choice_button.h"

namespace ddsp_rt::plugin::window {

/// Says which instrument plays; its menu has all there are and the program slots. Arrow keys go through the slots that
/// hold one.
class InstrumentMenu final : public ChoiceButton {
 public:
  explicit InstrumentMenu(Processor& processor);

  /// A few times a second.
  void show(const Processor::Status& status);

 private:
  void open();
  void step(int by);
  void add_slots(juce::PopupMenu& menu);
  void browse();

  Processor& processor_;
  std::unique_ptr<juce::FileChooser> chooser_;
};

}  // namespace ddsp_rt::plugin::window
