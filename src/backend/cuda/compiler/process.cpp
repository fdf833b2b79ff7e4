#include "backend/cuda/compiler/process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <mutex>

#include "backend/cuda/compiler/protocol.h"

// The program lies in the library as it is, so that there is no file to be found or to be lost.
asm(".pushsection .rodata\n"
    ".balign 64\n"
    "numloom_compiler_program:\n"
    ".incbin \"" NUMLOOM_COMPILER_PROGRAM
    "\"\n"
    "numloom_compiler_program_end:\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" __attribute__((visibility("hidden"))) const char numloom_compiler_program[], numloom_compiler_program_end[];

namespace numloom::cuda {
namespace {

// A file in memory that holds the program; where there can be none, an error less than 0.
int program_file() {
  static const int file = [] {
    constexpr unsigned kCloseOnExec = 1, kExecutable = 16;  // MFD_CLOEXEC; MFD_EXEC, since Linux 6.3
    auto fd = static_cast<int>(syscall(SYS_memfd_create, "numloom-compiler", kCloseOnExec | kExecutable));
    if (fd < 0) fd = static_cast<int>(syscall(SYS_memfd_create, "numloom-compiler", kCloseOnExec));
    if (fd < 0) return -errno;
    for (const char* at = numloom_compiler_program; at < numloom_compiler_program_end;) {
      const ssize_t n = ::write(fd, at, static_cast<size_t>(numloom_compiler_program_end - at));
      if (n <= 0) return ::close(fd), -ENOMEM;
      at += n;
    }
    return fd;
  }();
  return file;
}

// What the child needs to become the compiler. It shares this process's memory until then, as vfork's does.
struct Start {
  int program, socket;
  char* const* argv;
  char* stack;  // of the child's child
  int error = 0;
};
constexpr size_t kStack = size_t{64} << 10;

int become_compiler(void* argument) {
  Start& s = *static_cast<Start*>(argument);
  // Above what is replaced here, wherever the two are.
  const int program = fcntl(s.program, F_DUPFD, 3), socket = fcntl(s.socket, F_DUPFD, 3);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (program >= 0 && socket >= 0 && nothing >= 0 && dup2(socket, 0) == 0 && dup2(nothing, 1) == 1 && dup2(nothing, 2) == 2) {
    // Nothing else of this process's stays open: a pipe that somebody reads to its end, a socket, a lock.
    if (syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) != 0)
      for (int fd = 3; fd < 65536; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
    syscall(SYS_execveat, program, "", s.argv, environ, AT_EMPTY_PATH);
  }
  s.error = errno;
  _exit(1);
}

// Ends at once, so that the compiler has no parent that could wait for it.
int have_child(void* argument) {
  Start& s = *static_cast<Start*>(argument);
  if (clone(become_compiler, s.stack + kStack, CLONE_VM | CLONE_VFORK, argument) < 0) s.error = errno;
  _exit(0);
}

class Compiler {
 public:
  Compiler() = default;
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;
  ~Compiler() {
    if (socket_ >= 0) close(socket_);
  }

  // 0, or the error.
  int start(const std::string& library) {
    int pair[2];
    const int program = program_file();
    if (program < 0) return -program;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return errno;
    const auto stacks = std::make_unique<char[]>(2 * kStack);
    std::string name = "numloom-compiler", path = library;
    char* const argv[] = {name.data(), path.data(), nullptr};
    Start s{program, pair[1], argv, stacks.get()};
    // No handler of the program's may run in a child that shares its memory. Nobody is told of the first child's end: no signal.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int child = clone(have_child, stacks.get() + 2 * kStack, CLONE_VM | CLONE_VFORK, &s);
    const int failed = child < 0 ? errno : s.error;
    while (child > 0 && waitpid(child, nullptr, __WCLONE) < 0 && errno == EINTR) {}
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    close(pair[1]);
    socket_ = pair[0];
    return failed;
  }

  // False where the process is gone.
  bool compile(const CompileJob& job, bool& ok, std::string& out) {
    std::vector<const char*> strings{job.cache_path.c_str(), job.text};
    for (const auto* more : {&job.names, &job.texts, &job.options}) strings.insert(strings.end(), more->begin(), more->end());
    const CompileRequest request{static_cast<uint32_t>(strings.size()), static_cast<uint32_t>(job.names.size())};
    std::string all(reinterpret_cast<const char*>(&request), sizeof request);
    for (const char* s : strings) {
      const auto n = static_cast<uint32_t>(std::strlen(s) + 1);
      all.append(reinterpret_cast<const char*>(&n), sizeof n).append(s, n);
    }
    CompileReply reply;
    if (!send_all(socket_, all.data(), all.size()) || !receive_all(socket_, &reply, sizeof reply)) return false;
    out.resize(reply.size);
    ok = reply.ok != 0;
    return receive_all(socket_, out.data(), out.size());
  }

  void stop_waiting() const { shutdown(socket_, SHUT_RDWR); }

 private:
  int socket_ = -1;
};

struct Compilers {
  std::mutex mutex;
  std::vector<std::unique_ptr<Compiler>> idle;
  std::vector<Compiler*> busy;
  pid_t process = getpid();  // whose they are: a forked child has none
  bool stopped = false;
};
Compilers& compilers() {
  static auto* all = new Compilers;
  return *all;
}

}  // namespace

std::string compile_elsewhere(const CompileJob& job, std::string* log) {
  Compilers& all = compilers();
  const auto failed = [log](std::string why) {
    if (log) *log = std::move(why);
    return std::string();
  };
  for (;;) {
    std::unique_ptr<Compiler> mine;
    bool fresh = false;
    {
      std::lock_guard lock(all.mutex);
      if (all.process != getpid()) {
        all.process = getpid();
        all.idle.clear();
        all.busy.clear();
      }
      if (all.stopped) return failed("the process ends");
      if (!all.idle.empty()) {
        mine = std::move(all.idle.back());
        all.idle.pop_back();
      } else {
        mine = std::make_unique<Compiler>();
        fresh = true;
        if (const int error = mine->start(job.nvrtc))
          return failed(std::string("the process that compiles could not be started: ") + std::strerror(error));
      }
      all.busy.push_back(mine.get());
    }
    bool ok = false;
    std::string out;
    const bool answered = mine->compile(job, ok, out);
    std::lock_guard lock(all.mutex);
    std::erase(all.busy, mine.get());
    if (answered) {
      all.idle.push_back(std::move(mine));
      return ok ? out : failed(out.c_str());
    }
    // One that was idle may have ended meanwhile: another is tried.
    if (all.stopped || fresh) return failed(all.stopped ? "the process ends" : "the process that compiles ended");
  }
}

void stop_waiting_for_compilers() {
  Compilers& all = compilers();
  std::lock_guard lock(all.mutex);
  if (all.process != getpid()) return;
  all.stopped = true;
  for (const Compiler* c : all.busy) c->stop_waiting();
}

}  // namespace numloom::cuda
