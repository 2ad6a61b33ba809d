// Loads instruments on a thread of its own, so that neither the audio nor the window waits for a file.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "ddsp_rt/analysis/pitch_range.h"
#include "ddsp_rt/instrument/instruments.h"

namespace ddsp_rt {

/// One for each live door. Requests that have not begun are merged, so a storm of them loads only what it ends with.
/// Every method may be called from any thread but the audio thread, where none is real-time; the thread is begun by the
/// first request.
class Loader {
 public:
  using InstrumentPointer = std::shared_ptr<const Instrument>;
  using Range = std::optional<PitchRange>;

  /// What is done with what was loaded, on the loader's thread: `Live::load` and `Live::collect`.
  struct Target {
    std::function<void(const Instruments&, const Range&)> give;
    std::function<void()> collect;  // frees what is no longer played
  };

  /// How a request, or several that were merged, ended.
  struct Outcome {
    InstrumentPointer loaded;  // null: the request was not about the instrument, or that failed
    InstrumentPointer second;  // likewise
    std::string error;         // empty: all went well
  };

  /// `target` must stand until `stop`.
  explicit Loader(Target target) : target_(std::move(target)) {}
  ~Loader() { stop(); }

  /// Loads on the calling thread, for creation. Throws InstrumentError.
  void load_now(const std::string& path);

  // Requests; they return at once.
  void load(std::string path);
  void load_second(std::string path);  // beside the instrument, for `morph`; an empty path leaves it alone again
  void set_range(Range range);         // of the pitches searched, from now on; gives the instrument again
  void collect();

  /// The first outcome that was not taken yet, if there is one: each request has its own, in their order.
  std::optional<Outcome> take_outcome();
  bool busy();

  /// Waits until nothing is left to do.
  void finish();
  /// Gives again what was loaded last, on the calling thread; only after `finish`.
  void give_again();
  /// Finishes the request that has begun, drops the rest and ends the thread.
  void stop();

  /// What was loaded last, and the range it was given with.
  InstrumentPointer instrument();
  InstrumentPointer second();
  Range range();

 private:
  struct Request {
    std::optional<std::string> path, second;
    std::optional<Range> range;
  };
  void post(Request request);
  void run();
  Outcome serve(const Request& request);

  Target target_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Request> waiting_;
  std::deque<Outcome> outcomes_;  // that nobody has taken yet
  InstrumentPointer instrument_, second_;
  Range range_;
  bool working_ = false, stopping_ = false;
  std::thread thread_;
};

}  // namespace ddsp_rt
