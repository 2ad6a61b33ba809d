// Hands what plays from a control thread to the audio thread, and crossfades from the old one to the new.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

namespace ddsp_rt {

/// `Stream` is what plays. The hand-over is wait-free for the audio thread. A new stream first plays unheard beside the
/// old one for 0.1 s, so that it knows the note that is sounding, then takes over in an equal-power crossfade of 20 ms.
template <typename Stream>
class Handover {
 public:
  explicit Handover(int rate) noexcept : warm_up_(rate / 10), fade_(rate / 50) {}
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() {
    delete incoming_.exchange(nullptr);
    collect();
  }

  /// Control thread: one that was given before and not yet taken is dropped.
  void give(std::unique_ptr<Stream> stream) noexcept {
    delete incoming_.exchange(stream.release(), std::memory_order_acq_rel);
    collect();
  }

  /// Control thread: frees what the audio thread has done with. `give` does it too. Until then the stream before that
  /// one stays, and no further one is taken.
  void collect() noexcept { delete retired_.exchange(nullptr, std::memory_order_acq_rel); }

  /// Any thread: how many streams have taken over so far.
  int swaps() const noexcept { return swaps_.load(std::memory_order_acquire); }

  /// Audio thread, real-time: `start(stream, before)` readies a new stream, `before` is null for the first one;
  /// `play(stream, first, out, count)` renders samples first..first + count of this call. Samples are asked for in
  /// order, and out is written after both streams have read. Without a stream `out` is silence.
  template <typename Start, typename Play>
  void process(float* out, int n, Start&& start, Play&& play) noexcept {
    retire();
    if (!next_ && !leaving_) take(start);
    if (!current_) {
      std::fill_n(out, n, 0.0f);
      return;
    }
    int done = 0;
    while (done < n && next_) done += crossfade(out + done, done, n - done, play);
    if (done < n) play(*current_, done, out + done, n - done);
  }

  /// Audio thread: calls `change` for each stream that plays or is about to.
  template <typename Change>
  void each(Change&& change) noexcept {
    if (current_) change(*current_);
    if (next_) change(*next_);
  }

  /// Audio thread: nothing that was given has yet to take over.
  bool settled() const noexcept { return !next_ && !incoming_.load(std::memory_order_acquire); }

  /// Audio thread: the stream that sounds, or null.
  const Stream* current() const noexcept { return current_.get(); }

 private:
  template <typename Start>
  void take(Start&& start) noexcept {
    std::unique_ptr<Stream> taken(incoming_.exchange(nullptr, std::memory_order_acq_rel));
    if (!taken) return;
    start(*taken, current_.get());
    if (current_) {
      next_ = std::move(taken);
      elapsed_ = 0;
    } else {
      current_ = std::move(taken);
      swaps_.fetch_add(1, std::memory_order_release);
    }
  }

  template <typename Play>
  int crossfade(float* out, int first, int n, Play&& play) noexcept {
    const int until = elapsed_ < warm_up_ ? warm_up_ : warm_up_ + fade_;
    const int count = std::min({n, until - elapsed_, static_cast<int>(old_.size())});
    play(*current_, first, old_.data(), count);
    play(*next_, first, new_.data(), count);
    for (int i = 0; i < count; ++i) {
      const float share = std::max(0.0f, static_cast<float>(elapsed_ + i - warm_up_) / static_cast<float>(fade_));
      const float angle = 0.5f * std::numbers::pi_v<float> * share;
      const auto at = static_cast<std::size_t>(i);
      out[i] = elapsed_ < warm_up_ ? old_[at] : old_[at] * std::cos(angle) + new_[at] * std::sin(angle);
    }
    elapsed_ += count;
    if (elapsed_ == warm_up_ + fade_) {
      leaving_ = std::exchange(current_, std::move(next_));
      swaps_.fetch_add(1, std::memory_order_release);
      retire();
    }
    return count;
  }

  // Leaves the old stream where the control thread will free it; tried again in the next block if the place is taken.
  void retire() noexcept {
    if (!leaving_) return;
    Stream* none = nullptr;
    if (retired_.compare_exchange_strong(none, leaving_.get(), std::memory_order_acq_rel))
      static_cast<void>(leaving_.release());
  }

  int warm_up_, fade_;  // samples
  std::unique_ptr<Stream> current_, next_, leaving_;
  int elapsed_ = 0;  // samples since next_ began to play
  std::atomic<Stream*> incoming_{nullptr}, retired_{nullptr};
  std::atomic<int> swaps_{0};
  std::array<float, 256> old_, new_;
};

}  // namespace ddsp_rt
