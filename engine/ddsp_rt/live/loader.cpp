// Loading instruments in the background.
#include "ddsp_rt/live/loader.h"

#include <exception>
#include <utility>

#include "ddsp_rt/live/cache.h"

namespace ddsp_rt {

void Loader::load_now(const std::string& path) {
  InstrumentPointer loaded = load_shared(path);
  target_.give(Instruments(loaded, second_), range_);
  instrument_ = std::move(loaded);
}

void Loader::load(std::string path) { post({.path = std::move(path), .second = {}, .range = {}}); }
void Loader::load_second(std::string path) { post({.path = {}, .second = std::move(path), .range = {}}); }
void Loader::set_range(Range range) { post({.path = {}, .second = {}, .range = range}); }
void Loader::collect() { post({}); }

void Loader::post(Request request) {
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_) waiting_.emplace();
    if (request.path) waiting_->path = std::move(request.path);
    if (request.second) waiting_->second = std::move(request.second);
    if (request.range) waiting_->range = request.range;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
}

void Loader::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return waiting_ || stopping_; });
    if (stopping_) return;
    const Request request = *std::exchange(waiting_, std::nullopt);
    working_ = true;
    lock.unlock();
    Outcome outcome = serve(request);
    lock.lock();
    working_ = false;
    if (request.path || request.second || request.range) outcomes_.push_back(std::move(outcome));
    changed_.notify_all();
  }
}

// Only this thread changes what is loaded and its range while it runs; the lock is for those who read them meanwhile.
Loader::Outcome Loader::serve(const Request& request) {
  Outcome outcome;
  const auto read = [&](const std::string& path) -> InstrumentPointer {  // one that fails does not keep the other away
    try {
      return load_shared(path);
    } catch (const std::exception& error) {
      outcome.error += (outcome.error.empty() ? "" : "; ") + std::string(error.what());
      return nullptr;
    }
  };
  const bool alone = request.second && request.second->empty();
  if (request.path) outcome.loaded = read(*request.path);
  if (request.second && !alone) outcome.second = read(*request.second);
  try {
    const InstrumentPointer played = outcome.loaded ? outcome.loaded : instrument_;
    const InstrumentPointer second = alone || outcome.second ? outcome.second : second_;
    const Range range = request.range.value_or(range_);
    if (played && (outcome.loaded || outcome.second || alone || request.range))
      target_.give(Instruments(played, second), range);
    const std::lock_guard lock(mutex_);
    instrument_ = played;
    second_ = second;
    range_ = range;
  } catch (const std::exception& error) {
    outcome = {.loaded = nullptr, .second = nullptr, .error = error.what()};
  }
  target_.collect();
  return outcome;
}

std::optional<Loader::Outcome> Loader::take_outcome() {
  const std::lock_guard lock(mutex_);
  if (outcomes_.empty()) return std::nullopt;
  Outcome first = std::move(outcomes_.front());
  outcomes_.pop_front();
  return first;
}

bool Loader::busy() {
  const std::lock_guard lock(mutex_);
  return waiting_ || working_;
}

void Loader::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_ && !working_; });
}

void Loader::give_again() {
  if (instrument_) target_.give(Instruments(instrument_, second_), range_);
}

void Loader::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.reset();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Loader::InstrumentPointer Loader::instrument() {
  const std::lock_guard lock(mutex_);
  return instrument_;
}

Loader::InstrumentPointer Loader::second() {
  const std::lock_guard lock(mutex_);
  return second_;
}

Loader::Range Loader::range() {
  const std::lock_guard lock(mutex_);
  return range_;
}

}  // namespace ddsp_rt
