// Choosing and saving presets.
#pragma once

#include "../processor.h"
#include "choice_button.h"

namespace ddsp_rt::plugin::window {

/// Its menu has those that come with the plugin and the user's own. Arrow keys go through them.
class PresetMenu final : public ChoiceButton {
 public:
  /// `say` shows a line to the user.
  PresetMenu(Processor& processor, std::function<void(const std::string&)> say);

 private:
  void open();
  void apply(const Preset& preset);
  void step(int by);
  void ask_name();
  void save(const std::string& name);

  Processor& processor_;
  std::function<void(const std::string&)> say_;
  std::unique_ptr<juce::AlertWindow> question_;
};

}  // namespace ddsp_rt::plugin::window
