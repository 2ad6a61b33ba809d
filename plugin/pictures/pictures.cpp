// Pictures of both windows for the documentation, made without a screen and always the same: idle and while a phrase
// plays, at 100, 150 and 200 %.
//
//   window_pictures PHRASE.wav FOLDER

#include <juce_audio_formats/juce_audio_formats.h>

#include <cstdio>
#include <memory>

#include "instrument_processor.h"
#include "transfer_processor.h"
#include "window/main_window.h"

using namespace ddsp_rt::plugin;

namespace {

constexpr int kBlock = 256;
constexpr int kFramesPerSecond = 30;

bool read_wav(const juce::File& file, juce::AudioBuffer<float>& audio, double& rate) {
  juce::WavAudioFormat format;
  const std::unique_ptr<juce::AudioFormatReader> reader(
      format.createReaderFor(file.createInputStream().release(), true));
  if (reader == nullptr) return false;
  audio.setSize(1, static_cast<int>(reader->lengthInSamples));
  rate = reader->sampleRate;
  return reader->read(&audio, 0, audio.getNumSamples(), 0, true, false);
}

bool write_png(const juce::Image& image, const juce::File& file) {
  file.deleteFile();
  juce::FileOutputStream stream(file);
  return stream.openedOk() && juce::PNGImageFormat().writeImageToStream(image, stream);
}

/// A tune and its chord for the note door, by time in seconds.
void play_keys(juce::MidiBuffer& midi, double from, double to, double rate) {
  struct Key {
    double begins, ends;
    int key;
  };
  static constexpr Key kKeys[] = {{0.2, 1.0, 69}, {1.0, 1.8, 72}, {1.8, 2.6, 76}, {2.6, 3.4, 74}, {3.4, 4.2, 72},
                                  {4.2, 5.0, 79}, {5.0, 5.8, 77}, {5.8, 9.0, 76}, {6.4, 9.0, 60}, {6.8, 9.0, 67}};
  for (const Key& key : kKeys) {
    const auto at = [&](double time) { return juce::jlimit(0, kBlock - 1, static_cast<int>((time - from) * rate)); };
    if (key.begins >= from && key.begins < to)
      midi.addEvent(juce::MidiMessage::noteOn(1, key.key, 0.75f), at(key.begins));
    if (key.ends >= from && key.ends < to) midi.addEvent(juce::MidiMessage::noteOff(1, key.key), at(key.ends));
  }
}

/// Plays `seconds` of the phrase, in repetition, as a host would, and lets the window look on.
void play(Processor& processor, window::MainWindow& window, const juce::AudioBuffer<float>& phrase, double rate,
          double seconds, double& now) {
  juce::AudioBuffer<float> buffer(2, kBlock);
  double next_frame = now;
  for (const double end = now + seconds; now < end; now += kBlock / rate) {
    juce::MidiBuffer midi;
    const auto first = static_cast<int>(now * rate);
    for (int i = 0; i < kBlock; ++i)
      for (int c = 0; c < 2; ++c) buffer.setSample(c, i, phrase.getSample(0, (first + i) % phrase.getNumSamples()));
    if (processor.acceptsMidi()) {
      buffer.clear();
      play_keys(midi, now, now + kBlock / rate, rate);
    }
    processor.processBlock(buffer, midi);
    if (now < next_frame) continue;
    window.tick(now);
    next_frame += 1.0 / kFramesPerSecond;
  }
}

bool picture(window::MainWindow& window, const juce::File& folder, const juce::String& name) {
  for (const int percent : {100, 150, 200}) {
    const juce::Image image =
        window.createComponentSnapshot(window.getLocalBounds(), true, 0.01f * static_cast<float>(percent));
    if (!write_png(image, folder.getChildFile(name + "-" + juce::String(percent) + ".png"))) return false;
  }
  return true;
}

template <typename Kind>
bool pictures_of(const juce::String& name, const juce::AudioBuffer<float>& phrase, double rate,
                 const juce::File& folder) {
  const auto processor = std::make_unique<Kind>();
  processor->setNonRealtime(true);  // waits for the instrument, and for nothing else
  processor->setPlayConfigDetails(processor->getTotalNumInputChannels(), 2, rate, kBlock);
  processor->prepareToPlay(rate, kBlock);
  window::MainWindow window(*processor);
  window.stopTimer();
  double now = 0.0;
  window.tick(now);
  if (!picture(window, folder, name + "-idle")) return false;
  if (processor->door() == ddsp_rt::Doors::kTransfer) {
    processor->host_parameter("transpose")->change(12.0f);
  } else {
    processor->choose_second({"cello", "", ""});
    processor->host_parameter("morph")->change(35.0f);
  }
  play(*processor, window, phrase, rate, 8.0, now);
  return picture(window, folder, name + "-playing");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: window_pictures PHRASE.wav FOLDER\n");
    return 2;
  }
  const juce::ScopedJuceInitialiser_GUI juce_runs;
  const juce::File here = juce::File::getCurrentWorkingDirectory();
  const juce::File folder = here.getChildFile(argv[2]);
  juce::AudioBuffer<float> phrase;
  double rate = 48000.0;
  if (!read_wav(here.getChildFile(argv[1]), phrase, rate)) {
    std::fprintf(stderr, "%s: cannot be read as WAV\n", argv[1]);
    return 1;
  }
  if (!folder.createDirectory() || !pictures_of<TransferProcessor>("transfer", phrase, rate, folder) ||
      !pictures_of<InstrumentProcessor>("instrument", phrase, rate, folder)) {
    std::fprintf(stderr, "%s: cannot be written to\n", argv[2]);
    return 1;
  }
}
