// A host of our own that links the processors.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <juce_audio_processors/juce_audio_processors.h>

#include <cstdlib>

int main(int argc, char** argv) {
  setenv("DDSP_RT_PATH", DDSP_RT_INSTRUMENTS, 1);
  const juce::TemporaryFile home;  // nothing of this machine's user is read or written
  setenv("XDG_DATA_HOME", home.getFile().getFullPathName().toRawUTF8(), 1);
  const juce::ScopedJuceInitialiser_GUI message_thread;
  doctest::Context context(argc, argv);
  const int result = context.run();
  home.getFile().deleteRecursively();
  return result;
}
