// What a sound card calls: an instrument played from its input, or from keys, without Python and without waiting.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "_live.h"
#include "_ring.h"
#include "ddsp_rt/live/live.h"
#include "ddsp_rt/live/peak_meter.h"
#include "ddsp_rt/playing/midi_reader.h"
#include "ddsp_rt/playing/notes.h"

/// A value that one thread leaves and any thread reads, each by itself.
template <typename T>
class Told {
 public:
  Told(T value) noexcept : value_(value) {}
  void operator=(T value) noexcept { value_.store(value, std::memory_order_relaxed); }
  operator T() const noexcept { return value_.load(std::memory_order_relaxed); }
  T exchange(T value) noexcept { return value_.exchange(value, std::memory_order_relaxed); }

 private:
  std::atomic<T> value_;
};

/// One thread (the sound card's) calls `block`; one thread at a time draws what is recorded; any thread commands and
/// asks. What is commanded waits in a ring for the next block, what is asked was left behind by the last one, so the
/// sound card's thread never waits for another: the locks of `LiveTransfer` are its alone while it plays.
class Session {
 public:
  struct Setup {
    int rate = 48000;      // Hz
    int inputs = 1;        // channels that come in, interleaved; 0: the instrument is played from keys
    int channel = 0;       // of them, that is heard
    int outputs = 2;       // channels that go out, all alike
    std::size_t kept = 0;  // frames that wait to be drawn, at most; 0: nothing is recorded
  };

  /// What PortAudio says of a block's time, in its layout; seconds.
  struct Times {
    double input, now, output;
  };

  /// What has happened so far, and since it was last asked.
  struct Status {
    std::int64_t blocks = 0, frames = 0;
    std::int64_t dropouts = 0;       // that the sound card told of
    std::int64_t late = 0;           // blocks that took longer than they last
    std::int64_t lost = 0;           // frames that nobody drew in time
    int block = 0;                   // frames of the last one
    float load = 0.0f, peak = 0.0f;  // share of a block's duration that it took: mean and worst since last asked
    float delay = 0.0f;              // seconds from the sound card's input to its output, as it tells
    float input_db = 0.0f, output_db = 0.0f;
    float f0 = 0.0f, periodicity = 0.0f, loudness = ddsp_rt::kSilenceDb;
    int outside = 0, octave = 0, sounding = 0;
    bool learning = false, bypassed = false, settled = true;
  };

  Session(const ddsp_rt::Instruments& instruments, const Setup& setup)
      : setup_(setup),
        input_(setup.rate),
        output_(setup.rate),
        recorded_(setup.kept * static_cast<std::size_t>(tracks())) {
    if (from_keys()) {
      notes_.emplace(setup.rate).load(instruments);
    } else {
      transfer_.emplace(instruments, setup.rate).follow();
    }
  }

  bool from_keys() const noexcept { return setup_.inputs == 0; }
  /// Of what is recorded: input and output, or output alone.
  int tracks() const noexcept { return from_keys() ? 1 : 2; }

  // ---- the sound card's thread --------------------------------------------------------------------------------------

  void block(const float* in, float* out, int frames, const Times& times, bool dropout) noexcept {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    commands_.drain([this](const Command& command) { obey(command); });
    for (int done = 0; done < frames;) {
      const int count = std::min(frames - done, kMost);
      play(in ? in + static_cast<std::ptrdiff_t>(done) * setup_.inputs : nullptr,
           out + static_cast<std::ptrdiff_t>(done) * setup_.outputs, count);
      done += count;
    }
    const std::chrono::duration<float> took = Clock::now() - begin;
    leave(frames, took.count() * static_cast<float>(setup_.rate) / static_cast<float>(std::max(frames, 1)), times,
          dropout);
  }

  /// A PortAudio stream callback; `user` is a Session. The flags of priming and of unknown meaning are no dropouts.
  static int portaudio(const void* in, void* out, unsigned long frames, const Times* times, unsigned long flags,
                       void* user) noexcept {
    constexpr unsigned long kDropouts = 0x1 | 0x2 | 0x4 | 0x8;  // input and output, underflow and overflow
    static_cast<Session*>(user)->block(static_cast<const float*>(in), static_cast<float*>(out),
                                       static_cast<int>(frames), *times, (flags & kDropouts) != 0);
    return 0;  // go on
  }

  // ---- any thread ---------------------------------------------------------------------------------------------------

  /// False where so much is waiting already that it was not taken.
  bool set(ddsp_rt::Parameter parameter, float value) {
    return send({.kind = Command::Kind::kSet, .parameter = parameter, .value = value});
  }
  bool bypass(bool on) { return send({.kind = Command::Kind::kBypass, .value = on ? 1.0f : 0.0f}); }
  bool learn() { return send({.kind = Command::Kind::kLearn}); }
  bool midi(int status, int first, int second) {
    return send({.kind = Command::Kind::kMidi, .bytes = {status, first, second}});
  }

  /// Other instruments take over, in a crossfade. Not for the sound card's thread.
  void swap(const ddsp_rt::Instruments& instruments) {
    if (from_keys()) {
      const std::lock_guard lock(loading_);
      notes_->load(instruments);
    } else {
      transfer_->swap(instruments);
    }
  }

  /// Played so far.
  std::int64_t frames() const noexcept { return frames_; }

  /// For one thread at a time.
  Status status() {
    Status status{.blocks = blocks_,
                  .frames = frames_,
                  .dropouts = dropouts_,
                  .late = late_,
                  .lost = recorded_.lost() / tracks(),
                  .block = block_,
                  .peak = peak_.exchange(0.0f),
                  .delay = delay_,
                  .input_db = input_db_,
                  .output_db = output_db_,
                  .f0 = f0_,
                  .periodicity = periodicity_,
                  .loudness = loudness_,
                  .outside = outside_,
                  .octave = octave_,
                  .sounding = sounding_,
                  .learning = learning_,
                  .bypassed = bypassed_,
                  .settled = settled_};
    const std::int64_t blocks = status.blocks - asked_blocks_;
    const double load = load_;
    if (blocks > 0) status.load = static_cast<float>((load - asked_load_) / static_cast<double>(blocks));
    asked_blocks_ = status.blocks;
    asked_load_ = load;
    return status;
  }

  /// What was played since it was last drawn, interleaved.
  std::vector<float> draw() { return recorded_.take(); }

 private:
  static constexpr int kMost = 1024;  // frames at a time

  struct Command {
    enum class Kind { kSet, kBypass, kLearn, kMidi } kind = Kind::kSet;
    ddsp_rt::Parameter parameter = ddsp_rt::Parameter::kTranspose;
    float value = 0.0f;
    std::array<int, 3> bytes{};
  };

  bool send(const Command& command) {
    const std::lock_guard lock(sending_);
    return commands_.put(command);
  }

  void obey(const Command& command) noexcept {
    switch (command.kind) {
      case Command::Kind::kSet:
        if (from_keys()) {
          notes_->set(command.parameter, command.value);
        } else {
          transfer_->set(command.parameter, command.value);
        }
        break;
      case Command::Kind::kBypass:
        bypassed_ = command.value > 0.5f;
        if (transfer_) transfer_->bypass(command.value > 0.5f);
        break;
      case Command::Kind::kLearn:
        if (transfer_) transfer_->learn();
        break;
      case Command::Kind::kMidi:
        reader_.read(command.bytes[0], command.bytes[1], command.bytes[2], 0, [this](const ddsp_rt::NoteEvent& event) {
          if (event_count_ < events_.size()) events_[event_count_++] = event;
        });
        break;
    }
  }

  void play(const float* in, float* out, int count) noexcept {
    if (from_keys()) {
      notes_->process({{events_.data(), event_count_}, count}, made_.data(), count);
      event_count_ = 0;
    } else {
      for (int i = 0; i < count; ++i)
        heard_[static_cast<std::size_t>(i)] = in ? in[i * setup_.inputs + setup_.channel] : 0.0f;
      input_.add(heard_.data(), count);
      transfer_->process(heard_.data(), made_.data(), static_cast<std::size_t>(count));
    }
    output_.add(made_.data(), count);
    for (int i = 0; i < count; ++i)
      std::fill_n(out + static_cast<std::ptrdiff_t>(i) * setup_.outputs, setup_.outputs,
                  made_[static_cast<std::size_t>(i)]);
    if (setup_.kept == 0) return;
    if (from_keys()) {
      recorded_.put(std::span(made_.data(), static_cast<std::size_t>(count)));
      return;
    }
    for (int i = 0; i < count; ++i) {
      taken_[static_cast<std::size_t>(2 * i)] = heard_[static_cast<std::size_t>(i)];
      taken_[static_cast<std::size_t>(2 * i + 1)] = made_[static_cast<std::size_t>(i)];
    }
    recorded_.put(std::span(taken_.data(), static_cast<std::size_t>(2 * count)));
  }

  // Leaves word of the block for whoever asks.
  void leave(int frames, float load, const Times& times, bool dropout) noexcept {
    load_ = load_ + static_cast<double>(load);
    if (load > peak_) peak_ = load;
    if (load > 1.0f) late_ = late_ + 1;
    if (dropout) dropouts_ = dropouts_ + 1;
    block_ = frames;
    // Without an input there is the output's share alone.
    const double delay = times.output - (from_keys() ? times.now : times.input);
    if (delay > 0.0 && delay < 2.0) {
      const float before = delay_;
      delay_ = before > 0.0f ? before + 0.02f * (static_cast<float>(delay) - before) : static_cast<float>(delay);
    }
    input_db_ = input_.db();
    output_db_ = output_.db();
    ddsp_rt::Features heard;
    int sounding = 0;
    if (from_keys()) {
      if (const ddsp_rt::Notes* notes = notes_->current()) {
        notes->each_note([&](int, int, const ddsp_rt::Features& note) {
          ++sounding;
          if (note.loudness >= heard.loudness) heard = note;
        });
      }
      settled_ = notes_->settled();
    } else {
      heard = transfer_->features();
      octave_ = transfer_->fitting().octave;
      learning_ = transfer_->learning();
      settled_ = transfer_->settled();
    }
    f0_ = heard.f0;
    periodicity_ = heard.periodicity;
    loudness_ = heard.loudness;
    outside_ = heard.outside;
    sounding_ = sounding;
    frames_ = frames_ + frames;
    blocks_ = blocks_ + 1;
  }

  Setup setup_;
  std::optional<LiveTransfer> transfer_;  // one of these two
  std::optional<ddsp_rt::Live<ddsp_rt::Notes>> notes_;
  ddsp_rt::MidiReader reader_;
  ddsp_rt::PeakMeter input_, output_;
  std::array<ddsp_rt::NoteEvent, 256> events_;
  std::size_t event_count_ = 0;
  std::array<float, kMost> heard_, made_;
  std::array<float, 2 * kMost> taken_;

  std::mutex sending_, loading_;
  Ring<Command> commands_{1024};
  Ring<float> recorded_;

  Told<std::int64_t> blocks_{0}, frames_{0}, dropouts_{0}, late_{0};
  Told<double> load_{0.0};
  Told<float> peak_{0.0f}, delay_{0.0f}, input_db_{-120.0f}, output_db_{-120.0f}, f0_{0.0f}, periodicity_{0.0f},
      loudness_{ddsp_rt::kSilenceDb};
  Told<int> block_{0}, outside_{0}, octave_{0}, sounding_{0};
  Told<bool> learning_{false}, bypassed_{false}, settled_{true};
  std::int64_t asked_blocks_ = 0;  // of whoever asks
  double asked_load_ = 0.0;
};
