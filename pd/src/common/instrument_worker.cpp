// Loads instruments off Pd's thread.
#include "common/instrument_worker.h"

#include <exception>
#include <utility>

#include "common/instrument_cache.h"

namespace ddsp_rt::pd {

void InstrumentWorker::load_now(const std::string& path) {
  InstrumentPointer loaded = load_shared(path);
  target_.give(loaded, range_);
  instrument_ = std::move(loaded);
}

void InstrumentWorker::load(std::string path) { post({.path = std::move(path), .range = {}}); }
void InstrumentWorker::set_range(Range range) { post({.path = {}, .range = range}); }
void InstrumentWorker::collect() { post({}); }

void InstrumentWorker::post(Request request) {
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_) waiting_.emplace();
    if (request.path) waiting_->path = std::move(request.path);
    if (request.range) waiting_->range = request.range;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
}

void InstrumentWorker::run() {
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
    if (request.path || request.range) outcome_ = std::move(outcome);
    changed_.notify_all();
  }
}

// Only this thread changes instrument_ and range_ while it runs; the lock is for those who read them meanwhile.
InstrumentWorker::Outcome InstrumentWorker::serve(const Request& request) {
  Outcome outcome;
  try {
    if (request.path) outcome.loaded = load_shared(*request.path);
    const InstrumentPointer played = outcome.loaded ? outcome.loaded : instrument_;
    const Range range = request.range.value_or(range_);
    if (played && (request.path || request.range)) target_.give(played, range);
    const std::lock_guard lock(mutex_);
    instrument_ = played;
    range_ = range;
  } catch (const std::exception& error) {
    outcome = {.loaded = nullptr, .error = error.what()};
  }
  target_.collect();
  return outcome;
}

std::optional<InstrumentWorker::Outcome> InstrumentWorker::take_outcome() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcome_, std::nullopt);
}

bool InstrumentWorker::busy() {
  const std::lock_guard lock(mutex_);
  return waiting_ || working_;
}

void InstrumentWorker::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_ && !working_; });
}

void InstrumentWorker::give_again() {
  if (instrument_) target_.give(instrument_, range_);
}

void InstrumentWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.reset();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

InstrumentWorker::InstrumentPointer InstrumentWorker::instrument() {
  const std::lock_guard lock(mutex_);
  return instrument_;
}

InstrumentWorker::Range InstrumentWorker::range() {
  const std::lock_guard lock(mutex_);
  return range_;
}

}  // namespace ddsp_rt::pd
