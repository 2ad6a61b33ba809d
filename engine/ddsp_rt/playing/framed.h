// What every door has in common: it gathers what comes in while the frame rendered from what came before sounds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ddsp_rt/frame_clock.h"
#include "ddsp_rt/instrument/instruments.h"
#include "ddsp_rt/playing/morph.h"
#include "ddsp_rt/playing/rooms.h"
#include "ddsp_rt/playing/smoothed_parameters.h"
#include "ddsp_rt/playing/voice.h"
#include "ddsp_rt/realtime.h"

namespace ddsp_rt {

/// One instrument, or two and what lies between them, played at one rate, in blocks of any size; the samples do not
/// depend on how they are cut. A door derives from it, holds one voice or several, and says what comes in and what each
/// frame renders. Here are the clock, the parameters, and the room in which everything sounds together.
class Framed {
 public:
  void set(Parameter parameter, float value) noexcept { parameters_.set(parameter, value); }
  void set(const ParameterValues& values) noexcept { parameters_.set(values); }
  const ParameterValues& parameters() const noexcept { return parameters_.targets(); }

  int rate() const noexcept { return clock_.rate(); }
  /// Frames that have begun since the start or the last reset.
  std::int64_t frames() const noexcept { return clock_.index() + 1; }
  /// The first of them.
  const Instrument& instrument() const noexcept { return *instruments_.first(); }
  const Instruments& instruments() const noexcept { return instruments_; }

 protected:
  /// Throws std::invalid_argument for a rate outside 8..192 kHz. All other methods are real-time.
  Framed(Instruments instruments, int rate);
  ~Framed();
  Framed(Framed&&) noexcept;

  /// What a parameter is with this instrument until it is set.
  void set_initial(Parameter parameter, float value) noexcept { parameters_.set_initial(parameter, value); }

  /// Back to the first frame, from silence; parameters stay and hold at once.
  void reset() noexcept;

  /// Takes `n` samples in and gives as many out. `begin(first)` says, before it is rendered, that a frame begins with
  /// sample `first` of this call. `play(first, at, count)` passes on `count` samples, from sample `first` of this call
  /// and from sample `at` of the frame: it gathers what comes in, and puts rendered() out.
  template <typename Begin, typename Play>
  void run(int n, Begin&& begin, Play&& play) noexcept {
    const FlushDenormals flush;
    bool spare = true;  // no frame begins in this block
    for (int done = 0; done < n;) {
      if (position_ == length_) {
        begin(done);
        begin_frame();
        spare = false;
      }
      const int count = std::min(n - done, length_ - position_);
      play(done, position_, count);
      position_ += count;
      done += count;
    }
    if (spare && n > 0) work_ahead(n);
  }

  /// Renders a frame, dry, from the `gathered` samples of the one before (none at first) and the parameters of now.
  virtual void render(int gathered, const FrameClock::Frame& frame, float* out) noexcept = 0;

  /// Does a part, 0 to steps_ahead() - 1, of what the next frame needs and what is known already; see
  /// Voice::work_ahead.
  virtual void work_ahead_step(int step) noexcept = 0;
  virtual int steps_ahead() const noexcept { return Voice::kSteps; }  // the same throughout a frame

  /// What sounds now, the room included.
  const float* rendered() const noexcept { return rendered_.data(); }

  /// How much of this frame has passed after its sample `at`: 1 at its end.
  float share(int at) const noexcept { return static_cast<float>(at + 1) / static_cast<float>(length_); }

  /// Of a voice, from the parameters of now.
  VoiceSettings voice_settings(bool mean_z) const noexcept;

  /// Where between the instruments this frame is, and where it is going to; 0 where there is one.
  const Morph::Frame& morph() const noexcept { return morph_.now(); }
  float wanted_share() const noexcept;

  const FrameClock& clock() const noexcept { return clock_; }
  const SmoothedParameters& smoothed() const noexcept { return parameters_; }

 private:
  void begin_frame() noexcept;
  void work_ahead(int block) noexcept;

  Instruments instruments_;
  FrameClock clock_;
  SmoothedParameters parameters_;
  Morph morph_;
  Rooms rooms_;
  int length_ = 0, position_ = 0;  // of the frame that sounds
  int steps_done_ = 0;             // ahead
  std::vector<float> rendered_;
};

}  // namespace ddsp_rt
