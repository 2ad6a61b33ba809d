// What a voice plays, as a window shows it.
#pragma once

#include "ddsp_rt/playing/voice.h"
#include "readings.h"

namespace ddsp_rt::plugin {

/// Fills in the harmonics and noise of the voice's last frame; all zero when it is silent. Real-time.
void show_voice(const Voice& voice, Readings& readings) noexcept;

}  // namespace ddsp_rt::plugin
