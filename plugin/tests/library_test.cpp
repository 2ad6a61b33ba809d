// Instruments that come and go while a window is open.
#include <doctest/doctest.h>

#include <algorithm>

#include "host.h"
#include "window/main_window.h"

using namespace hosting;

namespace {

bool listed(Processor& processor, const std::string& name) {
  const auto entries = processor.instruments().entries();
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.instrument.name == name; });
}

/// Within the few seconds that a user would wait.
bool becomes(Processor& processor, const std::string& name, bool there) {
  for (int i = 0; i < 500 && listed(processor, name) != there; ++i) juce::Thread::sleep(10);
  return listed(processor, name) == there;
}

/// Whether a display of the window says so.
bool says(juce::Component& root, const juce::String& text) {
  for (juce::Component* child : root.getChildren()) {
    const auto* const display = dynamic_cast<ddsp_rt::plugin::window::Display*>(child);
    if ((display != nullptr && display->said().contains(text)) || says(*child, text)) return true;
  }
  return false;
}

const juce::File kViolin(DDSP_RT_INSTRUMENTS "/violin.ddsp");

}  // namespace

TEST_CASE("The user's folder is watched: what is copied there is listed, what is taken away is not") {
  const auto processor = make("instrument");
  const juce::File folder(juce::String(std::getenv("XDG_DATA_HOME")) + "/ddsp-rt/instruments");
  folder.createDirectory();
  CHECK(becomes(*processor, "violin", true));
  CHECK(!listed(*processor, "copied"));
  const juce::File copied = folder.getChildFile("copied.ddsp");
  REQUIRE(kViolin.copyFileTo(copied));
  CHECK(becomes(*processor, "copied", true));
  copied.deleteFile();
  CHECK(becomes(*processor, "copied", false));
  CHECK(listed(*processor, "violin"));
}

TEST_CASE("A file dropped on the window plays; one that is no instrument is refused in words, and others pass by") {
  using ddsp_rt::plugin::window::MainWindow;
  const auto processor = make("transfer");
  processor->prepareToPlay(kRate, 512);
  processor->setNonRealtime(true);
  MainWindow window(*processor);
  window.stopTimer();
  const juce::TemporaryFile made(".ddsp"), nothing(".ddsp");
  REQUIRE(kViolin.copyFileTo(made.getFile()));
  nothing.getFile().replaceWithText("nothing");
  const juce::StringArray song("song.wav"), good(made.getFile().getFullPathName()),
      bad(nothing.getFile().getFullPathName());
  CHECK(!window.isInterestedInFileDrag(song));
  CHECK(window.isInterestedInFileDrag(good));
  window.fileDragEnter(good, 10, 10);
  window.filesDropped(good, 10, 10);
  play(*processor, 0.01);
  const juce::File playing(processor->status().path);
  CHECK(playing.getFileNameWithoutExtension() == made.getFile().getFileNameWithoutExtension());
  window.filesDropped(bad, 10, 10);
  play(*processor, 0.01);
  CHECK(juce::File(processor->status().path) == playing);
  CHECK(says(window, nothing.getFile().getFileName()));
  playing.deleteFile();
  window.filesDropped({bad[0], good[0]}, 10, 10);  // the good one does not hide what is wrong with the other
  play(*processor, 0.01);
  CHECK(juce::File(processor->status().path).getFileName() == made.getFile().getFileName());
  CHECK(says(window, nothing.getFile().getFileName()));
  juce::File(processor->status().path).deleteFile();
}

TEST_CASE("The window says of an instrument its range, licence and author, and that one is missing until it is there") {
  const auto processor = make("instrument");
  processor->prepareToPlay(kRate, 512);
  ddsp_rt::plugin::window::MainWindow window(*processor);
  window.stopTimer();
  const auto facts = processor->status().playing;
  REQUIRE(facts.has_value());
  CHECK(says(window, "G3"));
  CHECK(says(window, facts->licence));
  CHECK(says(window, juce::StringArray::fromLines(facts->author)[0]));
  const juce::File folder(juce::String(std::getenv("XDG_DATA_HOME")) + "/ddsp-rt/instruments");
  const juce::File missing = folder.getChildFile("away.ddsp");
  processor->choose({"away", missing.getFullPathName().toStdString(), ""});
  double now = 1.0;
  const auto becomes_said = [&](bool said) {
    for (int i = 0; i < 500 && says(window, "away is missing") != said; ++i) {
      juce::Thread::sleep(10);
      window.tick(now += 1.0);
    }
    return says(window, "away is missing");
  };
  CHECK(becomes_said(true));
  folder.createDirectory();
  REQUIRE(kViolin.copyFileTo(missing));
  CHECK(!becomes_said(false));
  CHECK(processor->status().path == missing.getFullPathName().toStdString());
  missing.deleteFile();
}
