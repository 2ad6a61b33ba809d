// The door for notes: keys in, the instrument out, up to eight voices in one room.
#pragma once

#include <array>
#include <concepts>
#include <span>
#include <vector>

#include "ddsp_rt/playing/framed.h"
#include "ddsp_rt/playing/note_event.h"
#include "ddsp_rt/playing/note_line.h"
#include "ddsp_rt/playing/waiting_notes.h"

namespace ddsp_rt {

/// A note sounds one frame (4 ms) after its event, to the sample. Voices share the weights, which are read once a frame
/// for all of them, and the room over their sum; each has its own noise. Where all voices sound, a further note takes
/// over one that is released, or else the oldest. With `legato` on one line plays: a key pressed while another is down
/// slurs to it, and its release slurs back; a channel's legato event has that of its notes alone. Equal events and
/// parameters give equal samples, however the calls are cut. Every method but the constructor is real-time; all belong
/// to one thread.
class Notes final : public Framed {
 public:
  using Input = NoteEvents;
  using Waiting = WaitingNotes;

  static constexpr int kVoices = static_cast<int>(kMostAtOnce);

  /// Throws std::invalid_argument for a rate outside 8..192 kHz.
  Notes(const Instruments& instruments, int rate);

  void process(const Input& events, float* out, int n) noexcept;

  /// Back to the state after construction: no note, no pedal, no bend; parameters stay.
  void reset() noexcept;

  /// Goes on with the notes of `before`, a door of another instrument at this rate: keys, pedals and bends as they are,
  /// each note where it stands in its envelope, glide and vibrato. To be called after `reset`.
  void take_over(const Notes& before) noexcept;

  /// Begins the notes that were played before there was an instrument. To be called after `reset`.
  void catch_up(const WaitingNotes& waiting) noexcept;

  /// Voices that sound or fade.
  int sounding() const noexcept;

  /// The notes that are played now and what the network hears of each, for displays; `show` may take its voice too.
  template <typename Show>
  void each_note(Show&& show) const noexcept {
    for (const NoteLine& line : lines_)
      if (!line.idle()) {
        if constexpr (std::invocable<Show, int, int, const Features&, const Voice&>)
          show(line.channel(), line.key(), line.features(), line.voice());
        else
          show(line.channel(), line.key(), line.features());
      }
  }

 private:
  struct Held {
    int channel, key;
    float velocity;
  };

  void render(int gathered, const FrameClock::Frame& frame, float* out) noexcept override;
  using PerformerOf = Performer& (Voice::*)() noexcept;
  void hear(std::span<NoteLine* const> lines, PerformerOf which) const noexcept;
  void work_ahead_step(int step) noexcept override;
  int steps_ahead() const noexcept override;
  void ask_ahead(PerformerOf which, int step) noexcept;

  void queue(const NoteEvent& event, int at) noexcept;
  void apply(const NoteEvent& event, int late) noexcept;
  void press(const NoteEvent& event, int late) noexcept;
  void lift(const NoteEvent& event) noexcept;
  void lift_pedal(int channel) noexcept;
  void hold(const Held& note) noexcept;
  void forget(int channel, int key) noexcept;
  const Held* slurs_with(int channel) const noexcept;
  std::size_t voices() const noexcept;  // lines that notes may take
  NoteLine& line_for(int channel, int key) noexcept;
  void limit_voices() noexcept;
  NoteSettings settings() const noexcept;

  std::vector<NoteLine> lines_;
  Channels channels_;
  Voice::Memory rested_;       // after a long silence: a note begins as after a rest
  std::array<Held, 32> held_;  // keys that are down, the latest last
  std::size_t held_count_ = 0;
  std::int64_t begun_ = 0;  // notes
  int last_key_ = -1;       // that glides begin from; -1 before the first note
  struct Queued {
    NoteEvent event;
    int at;
  };
  std::array<Queued, 512> queue_;  // of the frame that is gathered
  std::size_t queued_ = 0;
};

}  // namespace ddsp_rt
