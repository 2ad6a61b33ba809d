#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <mutex>

#include "realtime_guard.h"

// The guard itself must see each kind of offence, or the tests that rely on it prove nothing.
TEST_CASE("The real-time guard sees allocation, and on Linux locks and system calls") {
  static volatile int sink = 0;
  CHECK(run_guarded([] {}, [] { sink = sink + 1; }) == "ok");
  CHECK(run_guarded([] {}, [] { delete new volatile int(3); }) == "allocated");
#if defined(__linux__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(run_guarded([] {},
                    [] {
                      void* volatile memory = std::malloc(9);  // volatile: kept, not optimised away
                      std::free(memory);
                    }) == "allocated");
  const long before = live_allocations();
  int* volatile kept = new int(3);
  CHECK(live_allocations() == before + 1);
  delete kept;
  static std::mutex mutex;
  CHECK(run_guarded([] {}, [] { const std::lock_guard lock(mutex); }) == "locked");
  CHECK(run_guarded([] {}, [] { sink = static_cast<int>(getppid()); }) == "called the system");
#endif
}
