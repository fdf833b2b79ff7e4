// The compiler process: NVRTC for a process that runs Numloom, over the socket that is its standard input; argv[1] is NVRTC's
// path. It ends when the other side has, once what it compiles then is in the disk cache, or when it has had nothing to do for a
// while. It is a process of its own because NVRTC takes a process's signals while it compiles, cannot be stopped, and
// must not be compiling when its process ends: in the user's process that meant lost Ctrl-Cs and a wait at the end.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/cuda/compiler/protocol.h"

namespace {

using namespace numloom::cuda;

constexpr int kIdleMilliseconds = 10'000;
constexpr int kSocket = 0;

using Program = struct NvrtcProgram*;

struct Nvrtc {
  int (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*);
  int (*destroy)(Program*);
  int (*compile)(Program, int, const char* const*);
  int (*log_size)(Program, size_t*);
  int (*log)(Program, char*);
  int (*cubin_size)(Program, size_t*);
  int (*cubin)(Program, char*);

  bool open(const char* path) {
    void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return library && load(library, create, "nvrtcCreateProgram") && load(library, destroy, "nvrtcDestroyProgram") &&
           load(library, compile, "nvrtcCompileProgram") && load(library, log_size, "nvrtcGetProgramLogSize") &&
           load(library, log, "nvrtcGetProgramLog") && load(library, cubin_size, "nvrtcGetCUBINSize") &&
           load(library, cubin, "nvrtcGetCUBIN");
  }

 private:
  template <class F>
  static bool load(void* library, F*& f, const char* name) {
    f = reinterpret_cast<F*>(dlsym(library, name));
    return f != nullptr;
  }
};

// Memory that ends with what holds it; there is no operator new here.
struct Bytes {
  char* data = nullptr;
  size_t size = 0;
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() { free(data); }
  bool resize(size_t n) {
    free(data);
    data = static_cast<char*>(malloc(n ? n : 1));
    size = data ? n : 0;
    return data != nullptr;
  }
};

bool write_all(int fd, const void* data, size_t n) {
  for (const char* at = static_cast<const char*>(data); n > 0;) {
    const ssize_t done = write(fd, at, n);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    n -= static_cast<size_t>(done);
  }
  return true;
}

// Under a temporary name and renamed. Not kept where that fails.
void store(const char* path, const Bytes& cubin) {
  Bytes temporary;
  const char* const slash = strrchr(path, '/');
  if (!slash || !temporary.resize(strlen(path) + sizeof "..XXXXXX")) return;
  snprintf(temporary.data, temporary.size, "%.*s/.%s.XXXXXX", static_cast<int>(slash - path), path, slash + 1);
  const int fd = mkstemp(temporary.data);
  if (fd < 0) return;
  EntryHead head;
  memcpy(head.magic, kEntryMagic, sizeof head.magic);
  head.size = cubin.size;
  head.check = fnv(0, cubin.data, cubin.size);
  const bool whole = write_all(fd, &head, sizeof head) && write_all(fd, cubin.data, cubin.size);
  if (close(fd) != 0 || !whole || rename(temporary.data, path) != 0) unlink(temporary.data);
}

// Whether it compiled; `out` is the cubin or the log.
bool compile(const Nvrtc& nvrtc, char** strings, const CompileRequest& request, Bytes& out) {
  char** const names = strings + 2;
  char** const texts = names + request.headers;
  char** const options = texts + request.headers;
  Program program = nullptr;
  if (nvrtc.create(&program, strings[1], "kernel.cu", static_cast<int>(request.headers), texts, names) != 0) return false;
  size_t size = 0;
  bool ok = nvrtc.compile(program, static_cast<int>(request.strings - (options - strings)), options) == 0;
  ok = ok && nvrtc.cubin_size(program, &size) == 0 && out.resize(size) && nvrtc.cubin(program, out.data) == 0;
  if (!ok && nvrtc.log_size(program, &size) == 0 && out.resize(size)) nvrtc.log(program, out.data);
  nvrtc.destroy(&program);
  return ok;
}

// nullptr where the other side is gone, or there is no memory for it.
char* receive_string() {
  uint32_t n = 0;
  if (!receive_all(kSocket, &n, sizeof n) || n == 0) return nullptr;
  auto* const text = static_cast<char*>(malloc(n));
  if (text && receive_all(kSocket, text, n) && text[n - 1] == 0) return text;
  free(text);
  return nullptr;
}

// False at the end of the conversation.
bool serve(const Nvrtc& nvrtc) {
  pollfd waits{kSocket, POLLIN, 0};
  if (poll(&waits, 1, kIdleMilliseconds) == 0) return false;
  CompileRequest request;
  if (!receive_all(kSocket, &request, sizeof request) || request.strings < 2 + 2 * request.headers) return false;
  Bytes list;
  if (!list.resize(request.strings * sizeof(char*))) return false;
  auto** const strings = reinterpret_cast<char**>(list.data);
  uint32_t have = 0;
  while (have < request.strings && (strings[have] = receive_string()) != nullptr) ++have;
  bool whole = have == request.strings;
  if (whole) {
    Bytes out;
    CompileReply reply{compile(nvrtc, strings, request, out), 0};
    reply.size = out.size;
    if (reply.ok && *strings[0]) store(strings[0], out);
    whole = send_all(kSocket, &reply, sizeof reply) && send_all(kSocket, out.data, out.size);
  }
  while (have > 0) free(strings[--have]);
  return whole;
}

}  // namespace

int main(int argc, char** argv) {
  setsid();  // a Ctrl-C in the terminal is not for it
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // it was started with all held back
  setpriority(PRIO_PROCESS, 0, 10);  // the user's threads come first
  umask(077);
  Nvrtc nvrtc;
  if (argc != 2 || !nvrtc.open(argv[1]) || chdir("/") != 0) return 1;
  while (serve(nvrtc)) {}
  return 0;
}
