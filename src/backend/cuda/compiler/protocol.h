// What Numloom and its compiler process (main.cpp) say to each other over a socket, and the entries of the disk cache, which the
// process writes. Without the standard library, which the process does not load. Thread safety: pure functions.
#pragma once
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

namespace numloom::cuda {

// Behind it as many strings, each its length (uint32_t, with the zero byte at its end) and its bytes: the path of the cache's entry
// (empty: it is not to be kept), the text, the names of the headers, their texts, the options.
struct CompileRequest { uint32_t strings, headers; };
// Behind it the cubin, or NVRTC's log.
struct CompileReply { uint64_t ok, size; };

// What a cache entry begins with: it is whole where size and check fit.
struct EntryHead {
  char magic[8];
  uint64_t size, check;
};
constexpr char kEntryMagic[8] = {'n', 'u', 'm', 'l', 'o', 'o', 'm', '1'};

inline uint64_t fnv(uint64_t h, const void* data, size_t n) {
  for (size_t i = 0; i < n; ++i) h = (h ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3ull;
  return h;
}

// All of it, or false: the other side is gone.
inline bool send_all(int fd, const void* data, size_t n) {
  for (const char* at = static_cast<const char*>(data); n > 0;) {
    const ssize_t done = ::send(fd, at, n, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    n -= static_cast<size_t>(done);
  }
  return true;
}
inline bool receive_all(int fd, void* data, size_t n) {
  for (char* at = static_cast<char*>(data); n > 0;) {
    const ssize_t done = ::recv(fd, at, n, 0);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    n -= static_cast<size_t>(done);
  }
  return true;
}

}  // namespace numloom::cuda
