// Doors that play the same instrument share its weights.
#pragma once

#include <filesystem>
#include <memory>

#include "ddsp_rt/instrument/instrument.h"

namespace ddsp_rt {

/// The instrument in that file; one that is played somewhere in this process is not read again unless the file has
/// changed. Throws InstrumentError. Any thread; not real-time.
std::shared_ptr<const Instrument> load_shared(const std::filesystem::path& path);

}  // namespace ddsp_rt
