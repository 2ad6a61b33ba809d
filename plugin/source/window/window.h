// The window of both plugins.
#pragma once

#include <juce_audio_processors/juce_audio_processors.h>

#include <memory>

namespace ddsp_rt::plugin {

class Processor;

/// Message thread. The processor outlives its window. What is shown of the sound comes from Processor::feed(), what of
/// instruments and notices from Processor::status(), controls from Processor::host_parameters(); nothing else is asked.
std::unique_ptr<juce::AudioProcessorEditor> make_window(Processor& processor);

}  // namespace ddsp_rt::plugin
