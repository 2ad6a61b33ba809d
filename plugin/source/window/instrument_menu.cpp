// The menu of instruments and slots.
#include "instrument_menu.h"

#include "words.h"

namespace ddsp_rt::plugin::window {
InstrumentMenu::InstrumentMenu(Processor& processor)
    : ChoiceButton("Instrument", "Which instrument plays. Drop a .ddsp file on the window to add one; arrow keys step.",
                   19.0f),
      processor_(processor) {
  setComponentID("instrument");
  onClick = [this] { open(); };
  on_step = [this](int by) { step(by); };
}

void InstrumentMenu::show(const Processor::Status& status) {
  const NamedInstrument wanted = processor_.slot(processor_.getCurrentProgram());
  set_chosen(!wanted.name.empty() ? from_utf8(wanted.name)
             : status.playing     ? from_utf8(status.playing->name)
                                  : juce::String("Choose an instrument"));
}

void InstrumentMenu::step(int by) {
  const auto slots = processor_.slots();
  const int now = processor_.getCurrentProgram();
  for (int i = 1; i <= kPrograms; ++i) {
    const int index = ((now + by * i) % kPrograms + kPrograms) % kPrograms;
    if (slots[static_cast<std::size_t>(index)].empty()) continue;
    processor_.host_parameter("instrument")->change(static_cast<float>(index));
    return;
  }
}

void InstrumentMenu::add_slots(juce::PopupMenu& menu) {
  const auto slots = processor_.slots();
  const int now = processor_.getCurrentProgram();
  constexpr int kInMenu = 32;
  for (int first = 0; first < kPrograms; first += kInMenu) {
    juce::PopupMenu part;
    for (int i = first; i < first + kInMenu; ++i) {
      const NamedInstrument& slot = slots[static_cast<std::size_t>(i)];
      part.addItem(juce::String(i + 1) + "  " + (slot.empty() ? juce::String("empty") : from_utf8(slot.name)),
                   !slot.empty(), i == now,
                   [this, i] { processor_.host_parameter("instrument")->change(static_cast<float>(i)); });
    }
    menu.addSubMenu(
        "Slots " + juce::String(first + 1) + juce::String::fromUTF8("\xe2\x80\x93") + juce::String(first + kInMenu),
        part, true, nullptr, now >= first && now < first + kInMenu);
  }
}

void InstrumentMenu::open() {
  juce::PopupMenu menu;
  menu.setLookAndFeel(&getLookAndFeel());
  add_slots(menu);
  menu.addSeparator();
  menu.addItem(juce::String::fromUTF8("Add an instrument from a file\xe2\x80\xa6"), [this] { browse(); });
  menu.showMenuAsync(juce::PopupMenu::Options().withTargetComponent(this).withMinimumWidth(getWidth()));
}

void InstrumentMenu::browse() {
  chooser_ = std::make_unique<juce::FileChooser>("Add an instrument", juce::File(), "*.ddsp");
  chooser_->launchAsync(
      juce::FileBrowserComponent::openMode | juce::FileBrowserComponent::canSelectFiles,
      [this](const juce::FileChooser& done) {
        const juce::File file = done.getResult();
        if (file != juce::File())
          processor_.choose(
              {file.getFileNameWithoutExtension().toStdString(), file.getFullPathName().toStdString(), {}});
      });
}

}  // namespace ddsp_rt::plugin::window
