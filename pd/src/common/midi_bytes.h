// MIDI as a stream of bytes, as [midiin] gives it: messages are found in it.
#pragma once

namespace ddsp_rt::pd {

/// Channel messages with running status. Clock and the like may come in between; system messages are passed over.
class MidiBytes {
 public:
  /// Calls `tell(status, first, second)` where `byte`, 0 to 255, completes a message.
  template <typename Tell>
  void read(int byte, Tell&& tell) {
    if (byte >= 0xf8) return;
    if (byte >= 0x80) {
      status_ = byte < 0xf0 ? byte : 0;
      first_ = kNone;
      return;
    }
    if (status_ == 0) return;
    const bool short_one = (status_ & 0xe0) == 0xc0;  // program change and channel pressure
    if (!short_one && first_ == kNone) {
      first_ = byte;
      return;
    }
    tell(status_, short_one ? byte : first_, short_one ? 0 : byte);
    first_ = kNone;
  }

 private:
  static constexpr int kNone = -1;

  int status_ = 0;  // 0: what comes belongs to no message
  int first_ = kNone;
};

}  // namespace ddsp_rt::pd
