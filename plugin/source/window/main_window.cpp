// Parts, places, time.
#include "main_window.h"

#include <algorithm>

#include "fit_panel.h"
#include "keyboard_strip.h"
#include "layout.h"
#include "level_meter.h"
#include "loudness_lane.h"
#include "note_readout.h"
#include "pitch_lane.h"
#include "spectrum_view.h"
#include "status_line.h"
#include "words.h"

namespace ddsp_rt::plugin::window {

template <typename Part, typename... Arguments>
Part* MainWindow::add(Arguments&&... arguments) {
  auto part = std::make_unique<Part>(std::forward<Arguments>(arguments)...);
  Part* made = part.get();
  sheet_.addAndMakeVisible(*made);
  displays_.push_back(std::move(part));
  all_displays_.push_back(made);
  return made;
}

MainWindow::MainWindow(Processor& owner)
    : AudioProcessorEditor(owner),
      ddsp_(owner),
      door_(owner.door()),
      tooltips_(this),
      instrument_(owner, [this](const std::string& line) { say(line); }),
      presets_(owner, [this](const std::string& line) { say(line); }),
      bypass_(*owner.host_parameter("bypass")),
      watch_(owner.feed()) {
  setLookAndFeel(&look_);
  setTitle(owner.getName());
  setOpaque(true);
  setFocusContainerType(FocusContainerType::keyboardFocusContainer);
  addAndMakeVisible(sheet_);
  sheet_.setInterceptsMouseClicks(false, true);
  sheet_.addAndMakeVisible(instrument_);
  sheet_.addAndMakeVisible(presets_);
  sheet_.addAndMakeVisible(bypass_);
  facts_ = add<FactLine>();
  if (door_ == Doors::kTransfer) input_ = add<LevelMeter>(LevelMeter::Side::kInput);
  readout_ = add<NoteReadout>(door_);
  pitch_ = add<PitchLane>(door_);
  loudness_ = add<LoudnessLane>(door_);
  spectrum_ = add<SpectrumView>();
  output_ = add<LevelMeter>(LevelMeter::Side::kOutput);
  if (door_ == Doors::kNotes) keyboard_ = add<KeyboardStrip>(owner);
  for (const Group& group : groups_of(owner.host_parameters(), door_)) {
    const bool with_fit = door_ == Doors::kTransfer && group.title == "Input";
    groups_.push_back(std::make_unique<ParameterGroup>(group, with_fit ? 1 : 0));
    sheet_.addAndMakeVisible(*groups_.back());
    if (!with_fit) continue;
    auto fit = std::make_unique<FitPanel>(owner);
    all_displays_.push_back(fit.get());
    groups_.back()->add_row(std::move(fit));
  }
  status_ = add<StatusLine>(owner);

  const int height = door_ == Doors::kTransfer ? kTransferHeight : kInstrumentHeight;
  const std::optional<WindowSize> saved = owner.window_size();  // before the limits resize anything
  sendLookAndFeelChange();                                      // the parts were made before they had it
  setResizable(true, true);
  setResizeLimits(kWidth * 2 / 3, height * 2 / 3, kWidth * 4, height * 4);
  const WindowSize size = saved ? fitted(*saved) : WindowSize{kWidth, height};
  setSize(size.width, size.height);
  show_status();
  startTimerHz(kFramesPerSecond);
}

// A size that was saved, as far as the limits and today's screens allow.
WindowSize MainWindow::fitted(WindowSize saved) {
  const juce::ComponentBoundsConstrainer& limits = *getConstrainer();
  const juce::Rectangle<int> screens = juce::Desktop::getInstance().getDisplays().getTotalBounds(true);
  const auto fit = [](int side, int least, int most, int screen) {
    return std::max(least, std::min(side, screen > 0 ? std::min(most, screen) : most));
  };
  return {fit(saved.width, limits.getMinimumWidth(), limits.getMaximumWidth(), screens.getWidth()),
          fit(saved.height, limits.getMinimumHeight(), limits.getMaximumHeight(), screens.getHeight())};
}

MainWindow::~MainWindow() { setLookAndFeel(nullptr); }

void MainWindow::Sheet::paint(juce::Graphics& g) {
  g.setColour(palette::kCard);
  for (const juce::Rectangle<int>& card : cards) g.fillRoundedRectangle(card.toFloat(), 6.0f);
  if (!dropping) return;
  g.setColour(palette::kPlayed);
  g.drawRoundedRectangle(getLocalBounds().toFloat().reduced(3.0f), 6.0f, 3.0f);
}

void MainWindow::paint(juce::Graphics& g) { g.fillAll(palette::kBackground); }

void MainWindow::resized() {
  ddsp_.set_window_size({getWidth(), getHeight()});
  const int height = door_ == Doors::kTransfer ? kTransferHeight : kInstrumentHeight;
  const double scale =
      std::max(0.1, std::min(static_cast<double>(getWidth()) / kWidth, static_cast<double>(getHeight()) / height));
  sheet_.setTransform(juce::AffineTransform::scale(static_cast<float>(scale)));
  sheet_.setBounds(0, 0, static_cast<int>(std::lround(getWidth() / scale)),
                   static_cast<int>(std::lround(getHeight() / scale)));
  place();
}

void MainWindow::place() {
  const Layout layout = lay_out(sheet_.getLocalBounds(), door_, static_cast<int>(groups_.size()));
  instrument_.setBounds(layout.instrument);
  presets_.setBounds(layout.presets);
  bypass_.setBounds(layout.bypass);
  const auto put = [](Display* part, juce::Rectangle<int> where) {
    if (part != nullptr) part->setBounds(where);
  };
  put(facts_, layout.facts);
  put(input_, layout.input);
  put(output_, layout.output);
  put(readout_, layout.readout);
  put(pitch_, layout.pitch);
  put(loudness_, layout.loudness);
  put(spectrum_, layout.spectrum);
  put(keyboard_, layout.keyboard);
  put(status_, layout.status);
  for (std::size_t i = 0; i < groups_.size(); ++i) groups_[i]->setBounds(layout.groups[i]);
  sheet_.cards = layout.cards;
  sheet_.repaint();
}

void MainWindow::say(const std::string& line) {
  said_ = line;
  said_at_ = status_at_;
  show_status();
}

void MainWindow::show_status() {
  Processor::Status status = ddsp_.status();
  if (!said_.empty() && status_at_ - said_at_ < kSaidFor) status.notices.insert(status.notices.begin(), said_);
  instrument_.show(status);
  for (Display* display : all_displays_) display->show(status);
  for (const auto& group : groups_) group->look();
}

// Nothing new and nothing that was: nothing is done, and nothing drawn.
void MainWindow::tick(double now) {
  if (now - status_at_ >= kStatusEvery) {
    status_at_ = now;
    show_status();
  }
  if (watch_.latest(readings_)) {
    read_at_ = now;
    stopped_ = false;
  } else if (stopped_ || now - read_at_ < kStoppedAfter) {
    return;
  } else {  // the host has stopped calling: what was shown no longer sounds
    stopped_ = true;
    readings_ = Readings();
  }
  for (Display* display : all_displays_) display->show(readings_, now);
}

bool MainWindow::isInterestedInFileDrag(const juce::StringArray& files) {
  return std::any_of(files.begin(), files.end(),
                     [](const juce::String& file) { return file.endsWithIgnoreCase(".ddsp"); });
}

void MainWindow::fileDragEnter(const juce::StringArray&, int, int) {
  sheet_.dropping = true;
  sheet_.repaint();
}

void MainWindow::fileDragExit(const juce::StringArray&) {
  sheet_.dropping = false;
  sheet_.repaint();
}

void MainWindow::filesDropped(const juce::StringArray& files, int, int) {
  fileDragExit(files);
  juce::StringArray problems;
  for (const juce::String& file : files)
    if (file.endsWithIgnoreCase(".ddsp")) problems.add(from_utf8(ddsp_.add_instrument(file.toStdString())));
  problems.removeEmptyStrings();
  say(problems.joinIntoString("; ").toStdString());
}

std::unique_ptr<juce::AccessibilityHandler> MainWindow::createAccessibilityHandler() {
  return std::make_unique<juce::AccessibilityHandler>(*this, juce::AccessibilityRole::group);
}

}  // namespace ddsp_rt::plugin::window
