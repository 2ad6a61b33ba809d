// The menu of instruments and slots.
#include "instrument_menu.h"

#include <algorithm>
#include <utility>

#include "words.h"

namespace ddsp_rt::plugin::window {
InstrumentMenu::InstrumentMenu(Processor& processor, std::function<void(const std::string&)> say)
    : ChoiceButton("Instrument", "Which instrument plays. Drop a .ddsp file on the window to add one; arrow keys step.",
                   19.0f),
      processor_(processor),
      say_(std::move(say)) {
  setComponentID("instrument");
  onClick = [this] { open(); };
  on_step = [this](int by) { step(by); };
}

void InstrumentMenu::show(const Processor::Status& status) {
  processor_.instruments().entries();  // so that the list is there when the menu opens
  path_ = status.path;
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

void InstrumentMenu::add_installed(juce::PopupMenu& menu) {
  bool users = false;
  std::vector<LibraryEntry> entries = processor_.instruments().entries();
  std::stable_partition(entries.begin(), entries.end(), [](const LibraryEntry& entry) { return !entry.users; });
  menu.addSectionHeader("Instruments");
  for (const LibraryEntry& entry : entries) {
    if (entry.users && !std::exchange(users, true)) menu.addSectionHeader("Your own");
    juce::String line = from_utf8(entry.instrument.name);
    if (const juce::String range = range_text(entry.facts); range.isNotEmpty()) line << "   " << range;
    if (!entry.facts.licence.empty()) line << "   " << from_utf8(entry.facts.licence);
    if (!entry.problem.empty()) line << "   (cannot be played)";
    menu.addItem(line, entry.problem.empty(), entry.instrument.path == path_,
                 [this, instrument = entry.instrument] { processor_.choose(instrument); });
  }
  if (entries.empty()) menu.addItem("none is installed", false, false, [] {});
}

// 128 slots in four menus, as `item` makes them.
juce::PopupMenu InstrumentMenu::slot_menu(const std::function<void(juce::PopupMenu&, int)>& item) {
  constexpr int kInMenu = 32;
  juce::PopupMenu menu;
  for (int first = 0; first < kPrograms; first += kInMenu) {
    juce::PopupMenu part;
    for (int i = first; i < first + kInMenu; ++i) item(part, i);
    menu.addSubMenu(juce::String(first + 1) + juce::String::fromUTF8(" \xe2\x80\x93 ") + juce::String(first + kInMenu),
                    part);
  }
  return menu;
}

juce::PopupMenu InstrumentMenu::second_menu() {
  juce::PopupMenu menu;
  const NamedInstrument now = processor_.second();
  menu.addItem("nothing", true, now.empty(), [this] { processor_.choose_second({}); });
  menu.addSeparator();
  for (const LibraryEntry& entry : processor_.instruments().entries())
    menu.addItem(from_utf8(entry.instrument.name), entry.problem.empty(),
                 !now.empty() && entry.instrument.name == now.name && entry.instrument.path == now.path,
                 [this, instrument = entry.instrument] { processor_.choose_second(instrument); });
  return menu;
}

void InstrumentMenu::add_slots(juce::PopupMenu& menu) {
  const auto slots = processor_.slots();
  const int now = processor_.getCurrentProgram();
  const auto line = [&](int i) {
    const NamedInstrument& slot = slots[static_cast<std::size_t>(i)];
    return juce::String(i + 1) + "   " + (slot.empty() ? juce::String("empty") : from_utf8(slot.name));
  };
  menu.addSubMenu("Play a slot", slot_menu([&](juce::PopupMenu& part, int i) {
                    part.addItem(line(i), !slots[static_cast<std::size_t>(i)].empty(), i == now,
                                 [this, i] { processor_.host_parameter("instrument")->change(static_cast<float>(i)); });
                  }));
  const NamedInstrument playing = slots[static_cast<std::size_t>(now)];
  if (playing.empty()) return;
  menu.addSubMenu("Put " + from_utf8(playing.name) + " into a slot", slot_menu([&](juce::PopupMenu& part, int i) {
                    part.addItem(line(i), true, i == now, [this, i, playing] { processor_.set_slot(i, playing); });
                  }));
}

void InstrumentMenu::open() {
  juce::PopupMenu menu;
  menu.setLookAndFeel(&getLookAndFeel());
  add_installed(menu);
  menu.addSectionHeader("Program slots");
  add_slots(menu);
  menu.addSectionHeader("A second instrument");
  menu.addSubMenu("Morph to", second_menu());
  menu.addSeparator();
  menu.addItem(juce::String::fromUTF8("Add an instrument from a file\xe2\x80\xa6"), [this] { browse(); });
  menu.showMenuAsync(juce::PopupMenu::Options().withTargetComponent(this).withMinimumWidth(getWidth()));
}

void InstrumentMenu::browse() {
  chooser_ = std::make_unique<juce::FileChooser>("Add an instrument", juce::File(), "*.ddsp");
  chooser_->launchAsync(juce::FileBrowserComponent::openMode | juce::FileBrowserComponent::canSelectFiles,
                        [this](const juce::FileChooser& done) {
                          const juce::File file = done.getResult();
                          if (file != juce::File())
                            say_(processor_.add_instrument(file.getFullPathName().toStdString()));
                        });
}

}  // namespace ddsp_rt::plugin::window
