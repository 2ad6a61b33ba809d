// The door to all that draws.
#include "window.h"

#include "main_window.h"

namespace ddsp_rt::plugin {

std::unique_ptr<juce::AudioProcessorEditor> make_window(Processor& processor) {
  return std::make_unique<window::MainWindow>(processor);
}

}  // namespace ddsp_rt::plugin
