// Why this way: a counting operator new misses malloc in C code, and neither sees locks or system calls. Interposed
// allocator and mutex functions see the first two, the kernel's seccomp filter sees the last, and a child process can
// die of it without taking the tests along.
#include "realtime_guard.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DDSP_RT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DDSP_RT_SANITIZED 1
#endif
#endif

#if defined(__linux__) && defined(__GLIBC__) && !defined(DDSP_RT_SANITIZED)
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {
constexpr int kAllocated = 41, kLocked = 42;
thread_local volatile bool guarded = false;  // other threads may do what they like
std::atomic<long> live{0};
[[noreturn]] void fail(int code) { _exit(code); }
}  // namespace

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): glibc's names
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
// NOLINTEND(readability-identifier-naming)

void* malloc(std::size_t size) {
  if (guarded) fail(kAllocated);
  ++live;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  if (guarded) fail(kAllocated);
  ++live;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  if (guarded) fail(kAllocated);
  if (!memory) ++live;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  if (guarded) fail(kAllocated);
  ++live;
  return __libc_memalign(alignment, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  if (guarded) fail(kAllocated);
  ++live;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  if (guarded) fail(kAllocated);
  ++live;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
void free(void* memory) {
  if (guarded && memory) fail(kAllocated);
  if (memory) --live;
  __libc_free(memory);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto original = reinterpret_cast<int (*)(pthread_mutex_t*)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  if (guarded) fail(kLocked);
  return original(mutex);
}
}

long live_allocations() { return live; }

std::string run_guarded(const std::function<void()>& prepare, const std::function<void()>& process) {
  const pid_t child = fork();
  if (child == 0) {
    prepare();
    sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
    const sock_fprog program{sizeof(rules) / sizeof(rules[0]), rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
      _exit(43);
    guarded = true;
    process();
    guarded = false;
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? "called the system" : "crashed";
  switch (WEXITSTATUS(status)) {
    case 0: return "ok";
    case kAllocated: return "allocated";
    case kLocked: return "locked";
    case 43: return "no seccomp here";
    default: return "ended early";
  }
}
#else
#include <new>

namespace {
thread_local bool guarded = false;
thread_local bool allocated = false;
}  // namespace

// Sanitizers bring an allocator of their own; C++ allocations can still be counted.
void* operator new(std::size_t size) {
  if (guarded) allocated = true;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

long live_allocations() { return 0; }

std::string run_guarded(const std::function<void()>& prepare, const std::function<void()>& process) {
  prepare();
  allocated = false;
  guarded = true;
  process();
  guarded = false;
  return allocated ? "allocated" : "ok";
}
#endif
