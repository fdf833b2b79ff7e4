// A libnvrtc.so.13 for tests without a GPU: the text is compiled by the host's compiler into a shared library for the emulator
// (device.h); the "cubin" is "emulated " and its path. EMULATOR_NVRTC_FAILS makes every compile fail. EMULATOR_NVRTC_COLLECTS
// names a folder for the texts, which then are not compiled but kept there, with the headers and the options (compile_texts.py).
// As the real one it takes SIGINT while it compiles; EMULATOR_NVRTC_INTERRUPTS: a Ctrl-C for that process comes meanwhile.
// EMULATOR_NVRTC_WAITS: a file without which no compile ends. EMULATOR_NVRTC_DIES: its process does.
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {
struct Program {
  std::string text, cubin, log;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Several processes write the same folder: each file appears whole.
void put(const std::string& path, const std::string& text) {
  if (access(path.c_str(), F_OK) == 0) return;
  const std::string draft = path + "." + std::to_string(getpid());
  std::ofstream(draft) << text;
  std::rename(draft.c_str(), path.c_str());
}

void collect(const Program& p, const std::string& folder, int n, const char* const* options) {
  std::string flags;
  for (int i = 0; i < n; ++i) flags += std::string(options[i]) + "\n";
  put(folder + "/options", flags);
  for (const auto& [name, text] : p.headers) put(folder + "/" + name, text);
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : p.text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  char name[32];
  std::snprintf(name, sizeof name, "/%016llx.cu", static_cast<unsigned long long>(hash));
  put(folder + name, p.text);
}

void stop_at_interrupt(int) { _exit(9); }

class Interrupts {
 public:
  Interrupts() {
    if (before_ != SIG_IGN) std::signal(SIGINT, stop_at_interrupt);
    if (const char* process = std::getenv("EMULATOR_NVRTC_INTERRUPTS")) kill(std::atoi(process), SIGINT);
    unsetenv("EMULATOR_NVRTC_INTERRUPTS");
  }
  ~Interrupts() { std::signal(SIGINT, before_); }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

 private:
  sighandler_t before_ = std::signal(SIGINT, SIG_IGN);
};
}  // namespace

extern "C" {
int nvrtcVersion(int* a, int* b) {
  if (std::getenv("EMULATOR_NVRTC_TELLS")) std::fputs("NVRTC is asked\n", stderr);
  return *a = 13, *b = 0, 0;
}
int nvrtcCreateProgram(Program** p, const char* text, const char*, int n, const char* const* headers,
                       const char* const* names) {
  *p = new Program{text, {}, {}, {}};
  for (int i = 0; i < n; ++i) (*p)->headers.emplace_back(names[i], headers[i]);
  return 0;
}
int nvrtcDestroyProgram(Program** p) { return delete *p, *p = nullptr, 0; }
int nvrtcCompileProgram(Program* p, int n, const char* const* options) {
  const Interrupts taken;
  if (std::getenv("EMULATOR_NVRTC_DIES")) std::abort();
  if (const char* file = std::getenv("EMULATOR_NVRTC_WAITS"))
    while (access(file, F_OK) != 0) usleep(1000);
  if (std::getenv("EMULATOR_NVRTC_FAILS")) return p->log = "told to fail", 6;
  if (const char* to = std::getenv("EMULATOR_NVRTC_COLLECTS")) return collect(*p, to, n, options), p->log = "collected", 6;
  char folder[] = "/tmp/numloom-emulator-XXXXXX";
  if (!mkdtemp(folder)) return 6;
  const std::string dir = folder;
  for (const auto& [name, text] : p->headers) std::ofstream(dir + "/" + name) << text;
  std::ofstream(dir + "/kernel.cpp")
      << "#include \"" EMULATOR_DEVICE_H "\"\n"
      << p->text
      << "\nstatic void entry(void** a) { kernel(*static_cast<Args*>(a[0])); }\n"
         "extern \"C\" void emulated_launch(void** a, unsigned x, unsigned y, unsigned z, unsigned threads) {\n"
         "  emulator::launch(entry, a, {x, y, z}, threads);\n}\n";
  const std::string command = std::string(EMULATOR_COMPILER
                                          " -std=c++20 -O1 -w -shared -fPIC -Wl,-Bsymbolic -fno-gnu-unique -ffp-contract=off "
                                          "-fno-math-errno -I") +
                              dir + " " + dir + "/kernel.cpp -o " + dir + "/kernel.so 2> " + dir + "/log";
  if (std::system(command.c_str()) != 0) {
    std::ifstream log(dir + "/log");
    p->log.assign(std::istreambuf_iterator<char>(log), {});
    return 6;
  }
  p->cubin = "emulated " + dir + "/kernel.so";
  return 0;
}
int nvrtcGetProgramLogSize(Program* p, size_t* n) { return *n = p->log.size(), 0; }
int nvrtcGetProgramLog(Program* p, char* s) { return std::memcpy(s, p->log.data(), p->log.size()), 0; }
int nvrtcGetCUBINSize(Program* p, size_t* n) { return *n = p->cubin.size() + 1, 0; }
int nvrtcGetCUBIN(Program* p, char* s) { return std::memcpy(s, p->cubin.c_str(), p->cubin.size() + 1), 0; }
int nvrtcGetNumSupportedArchs(int* n) { return *n = 1, 0; }
int nvrtcGetSupportedArchs(int* a) { return *a = 90, 0; }
}
