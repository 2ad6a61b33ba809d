// JUCE's own list of parameters.
#include "window/window.h"

#include "processor.h"

namespace ddsp_rt::plugin {

std::unique_ptr<juce::AudioProcessorEditor> make_window(Processor& processor) {
  return std::make_unique<juce::GenericAudioProcessorEditor>(processor);
}

}  // namespace ddsp_rt::plugin
