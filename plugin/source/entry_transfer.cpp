// Where a host enters DDSP-RT Transfer.
#include "transfer_processor.h"

juce::AudioProcessor* JUCE_CALLTYPE createPluginFilter();  // NOLINT(readability-identifier-naming): JUCE calls it so
juce::AudioProcessor* JUCE_CALLTYPE createPluginFilter() { return new ddsp_rt::plugin::TransferProcessor; }
