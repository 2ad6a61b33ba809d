// The menu of presets, and the question for a name.
#include "preset_menu.h"

#include <algorithm>

#include "words.h"

namespace ddsp_rt::plugin::window {

PresetMenu::PresetMenu(Processor& processor, std::function<void(const std::string&)> say)
    : ChoiceButton("Preset", "Settings under a name: those that come with the plugin, and your own.", 14.5f),
      processor_(processor),
      say_(std::move(say)) {
  set_chosen("Presets");
  onClick = [this] { open(); };
  on_step = [this](int by) { step(by); };
}

void PresetMenu::apply(const Preset& preset) {
  const std::string problem = processor_.apply_preset(preset);
  say_(problem);
  if (problem.empty()) set_chosen(from_utf8(preset.name));
}

void PresetMenu::step(int by) {
  const std::vector<Preset> presets = processor_.presets();
  if (presets.empty()) return;
  const auto now = std::find_if(presets.begin(), presets.end(),
                                [this](const Preset& preset) { return from_utf8(preset.name) == chosen(); });
  const auto count = static_cast<int>(presets.size());
  const int index = now == presets.end() ? (by > 0 ? 0 : count - 1) : (static_cast<int>(now - presets.begin()) + by);
  apply(presets[static_cast<std::size_t>((index + count) % count)]);
}

void PresetMenu::open() {
  juce::PopupMenu menu;
  menu.setLookAndFeel(&getLookAndFeel());
  bool own = false;
  for (const Preset& preset : processor_.presets()) {
    if (!preset.file.empty() && !std::exchange(own, true)) menu.addSectionHeader("Your own");
    const juce::String name = from_utf8(preset.name);
    menu.addItem(name, true, name == chosen(), [this, preset] { apply(preset); });
  }
  menu.addSeparator();
  menu.addItem(juce::String::fromUTF8("Save as\xe2\x80\xa6"), [this] { ask_name(); });
  menu.addItem("Show the folder of your own", [this] {
    const juce::File folder(from_utf8(preset_folder(processor_.id()).string()));
    if (folder.createDirectory()) folder.revealToUser();
  });
  menu.showMenuAsync(juce::PopupMenu::Options().withTargetComponent(this).withMinimumWidth(getWidth()));
}

void PresetMenu::ask_name() {
  question_ = std::make_unique<juce::AlertWindow>("Save preset", "Its name:", juce::MessageBoxIconType::NoIcon, this);
  question_->setLookAndFeel(&getLookAndFeel());
  question_->addTextEditor("name", chosen() == "Presets" ? juce::String() : chosen());
  question_->addButton("Save", 1, juce::KeyPress(juce::KeyPress::returnKey));
  question_->addButton("Cancel", 0, juce::KeyPress(juce::KeyPress::escapeKey));
  question_->enterModalState(true, juce::ModalCallbackFunction::create([safe = SafePointer(this)](int answer) {
                               if (safe == nullptr) return;
                               const std::unique_ptr<juce::AlertWindow> asked = std::move(safe->question_);
                               const juce::String name = asked->getTextEditorContents("name").trim();
                               if (answer == 1 && name.isNotEmpty()) safe->save(name.toStdString());
                             }));
}

void PresetMenu::save(const std::string& name) {
  const std::vector<Preset> presets = processor_.presets();
  const bool taken = std::any_of(presets.begin(), presets.end(),
                                 [&](const Preset& preset) { return !preset.file.empty() && preset.name == name; });
  const auto finish = [safe = SafePointer(this), name](bool replace) {
    if (safe == nullptr) return;
    const std::string problem = safe->processor_.save_preset(name, replace);
    safe->say_(problem);
    if (problem.empty()) safe->set_chosen(from_utf8(name));
  };
  if (!taken) return finish(false);
  juce::AlertWindow::showOkCancelBox(juce::MessageBoxIconType::QuestionIcon, "Save preset",
                                     "Replace " + from_utf8(name) + "?", "Replace", "Cancel", this,
                                     juce::ModalCallbackFunction::create([finish](int answer) {
                                       if (answer == 1) finish(true);
                                     }));
}

}  // namespace ddsp_rt::plugin::window
