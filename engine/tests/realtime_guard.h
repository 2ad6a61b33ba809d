// Runs a piece of code in a child process where allocating, locking or calling the system ends the child.
#pragma once

#include <functional>
#include <string>

/// "ok", or what the code did that the audio thread must not: "allocated", "locked", "called the system", "crashed".
/// `prepare` runs before the guard is up, `process` under it. Linux only; elsewhere only allocation is watched.
std::string run_guarded(const std::function<void()>& prepare, const std::function<void()>& process);

/// Pieces of memory allocated and not freed. Linux only; elsewhere 0.
long live_allocations();
