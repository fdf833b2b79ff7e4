#include "codegen/text.h"

#include <algorithm>
#include <cstring>
#include <functional>

namespace numloom {
namespace {

std::string num(int64_t v) { return std::to_string(v); }
std::string type_name(DType t) { return t == DType::b1 ? "bool" : "nl::" + std::string(dtype_code(t)); }

// Whether the instruction has a form without branches that holds for most arguments (ops/scalar/quick.h).
bool has_quick(const KInstr& in) {
  if (in.code != KCode::op || (in.type != DType::f4 && in.type != DType::f8)) return false;
  return in.op == Op::divide || in.op == Op::reciprocal || in.op == Op::sqrt ||
         (op_info(in.op).ranged >> static_cast<int>(in.type) & 1);
}

// The layout of the argument words: size, nred, nout, depth, shape[ndim], then per slot base and strides[ndim], per scalar
// two words, per reduction out, by_out, by_path.
struct Words {
  int ndim, nslots, nscalars;
  int shape(int d) const { return 4 + d; }
  int base(int s) const { return 4 + ndim + s * (1 + ndim); }
  int stride(int s, int d) const { return base(s) + 1 + d; }
  int scalar(int k) const { return base(nslots) + 2 * k; }
  int result(int r) const { return scalar(nscalars) + 3 * r; }
};

Words words_of(const Kernel& k, const TextForm& f) { return {f.ndim, static_cast<int>(k.slots.size()), k.nscalars}; }

class Writer {
 public:
  Writer(const Kernel& kernel, const TextForm& form) : k_(kernel), f_(form), w_(words_of(kernel, form)) {
    for (const KInstr& in : kernel.code) quick_ |= has_quick(in);
  }
  std::string run();

 private:
  std::string a(int word) const { return "(I)a.w[" + num(word) + "]"; }
  std::string pointer(int slot) const { return "p" + num(slot); }
  std::string slot_type(int s) const { return type_name(k_.slots[static_cast<size_t>(s)].dtype); }
  int item(int s) const { return item_size(k_.slots[static_cast<size_t>(s)].dtype); }
  bool used(size_t s) const {
    for (const KStore& st : k_.stores)
      if (st.slot == static_cast<int>(s)) return true;
    for (const KInstr& in : k_.code)
      if ((in.code == KCode::load || in.code == KCode::gather) && in.aux == static_cast<int>(s)) return true;
    return false;
  }
  bool has_index() const { return !f_.index_axes.empty(); }

  void line(const std::string& s) { out_ += s + "\n"; }
  void prelude();
  void body(bool quick);
  // Offset of slot s at coordinates c<d> (axes from `from` to `to`), for slots that are not linear.
  std::string dot(int s, int from, int to) const;
  void coordinates(const std::string& rest, int from, int to, const std::string& indent);
  void vector();
  void flat();
  void rows();
  void reduction();
  // Declarations of the loaded values and results of one element, as arrays of n.
  void declare(const std::string& indent, int n);
  void load(const std::string& indent, const std::string& e, const std::vector<std::string>& address);
  // `name`: body, or quick.
  std::string call(const std::string& e, const std::vector<std::string>& address, const char* name = "body") const;
  // All `n` elements: by the quick form where there is one. Opens a block, which must end by leaving the kernel and be closed.
  void calls(const std::string& indent, int n, const std::vector<std::string>& address, const std::string& before = "");
  void store(const std::string& indent, const std::string& e, const std::vector<std::string>& address);

  const Kernel& k_;
  const TextForm& f_;
  const Words w_;
  bool quick_ = false;
  std::string out_;
};

void Writer::prelude() {
  line("#define __builtin_memcpy memcpy");
  line("#include \"cast.h\"");
  // NUMLOOM_INCLUDES is replaced by whoever knows which header defines which op (see backend/cuda/jit.cpp).
  line("NUMLOOM_INCLUDES");
  if (quick_) line("#include \"quick.h\"");
  if (!k_.reduces.empty()) line("#include \"reduction.h\"");
  line(std::string("typedef ") + (f_.narrow ? "int" : "long long") + " I;");
  line("struct Args { unsigned long long w[" + num(std::max(1, text_arg_words(k_, f_))) + "]; };");
  line("template <class T, int N> struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack { T v[N]; };");
  line(
      "template <class T> static __device__ __forceinline__ T scalar(const Args& a, int at) { T r; memcpy(&r, &a.w[at], "
      "sizeof(T)); return r; }");
}

// One element: loaded values and coordinates in, stored values and values to reduce out. The quick form clears `fine` where
// it does not hold.
void Writer::body(bool quick) {
  std::string p = quick ? "const Args& a, nl::u4& fine" : "const Args& a";
  for (size_t i = 0; i < k_.code.size(); ++i) {
    const KInstr& in = k_.code[i];
    if (in.code == KCode::load) p += ", const " + type_name(in.type) + " l" + num(static_cast<int64_t>(i));
    if (in.code == KCode::gather) p += ", const char* g" + num(static_cast<int64_t>(i));
  }
  if (has_index())
    for (int d = 0; d < f_.ndim; ++d) p += ", const I c" + num(d);
  for (size_t s = 0; s < k_.stores.size(); ++s) p += ", " + slot_type(k_.stores[s].slot) + "& o" + num(static_cast<int64_t>(s));
  for (size_t r = 0; r < k_.reduces.size(); ++r)
    p += ", " + type_name(k_.reduces[r].type) + "& r" + num(static_cast<int64_t>(r));
  line(std::string("static __device__ __forceinline__ void ") + (quick ? "quick(" : "body(") + p + ") {");
  size_t index = 0;
  for (size_t i = 0; i < k_.code.size(); ++i) {
    const KInstr& in = k_.code[i];
    const std::string head = "  const " + type_name(k_.value_types[static_cast<size_t>(in.dst)]) + " v" + num(in.dst) + " = ";
    const auto v = [](int n) { return "v" + num(n); };
    switch (in.code) {
      case KCode::load: line(head + "l" + num(static_cast<int64_t>(i)) + ";"); break;
      case KCode::gather:
        line(head + "*(const " + type_name(in.type) + "*)(g" + num(static_cast<int64_t>(i)) + " + " + v(in.a) + ");");
        break;
      case KCode::scalar: line(head + "scalar<" + type_name(in.type) + ">(a, " + num(w_.scalar(in.aux)) + ");"); break;
      case KCode::index: {
        const int axis = f_.index_axes[index++];
        line(head + (axis < 0 ? "0" : "c" + num(axis)) + ";");
        break;
      }
      case KCode::cast: line(head + "nl::cast<" + type_name(in.type) + ">(" + v(in.a) + ");"); break;
      case KCode::op: {
        std::string args = v(in.a);
        if (op_info(in.op).nin > 1) args += ", " + v(in.b);
        if (op_info(in.op).nin > 2) args += ", " + v(in.c);
        if (quick && has_quick(in)) {
          const std::string name = op_info(in.op).name;
          if (op_info(in.op).ranged >> static_cast<int>(in.type) & 1) {
            line("  nl::also(fine, nl::" + name + "_in_range(" + args + "));");
            line(head + "nl::" + name + "_fast(" + args + ");");
          } else {
            line(head + "nl::quick_" + name + "(" + args + ", fine);");
          }
          break;
        }
        line(head + "nl::op_" + op_info(in.op).name + "(" + args + ");");
        break;
      }
    }
  }
  for (size_t s = 0; s < k_.stores.size(); ++s)
    line("  o" + num(static_cast<int64_t>(s)) + " = v" + num(k_.stores[s].value) + ";");
  for (size_t r = 0; r < k_.reduces.size(); ++r)
    line("  r" + num(static_cast<int64_t>(r)) + " = v" + num(k_.reduces[r].value) + ";");
  line("}");
}

std::string Writer::dot(int s, int from, int to) const {
  std::string out;
  for (int d = from; d < to; ++d) out += std::string(out.empty() ? "" : " + ") + "c" + num(d) + " * " + a(w_.stride(s, d));
  return out.empty() ? "0" : out;
}

void Writer::coordinates(const std::string& rest, int from, int to, const std::string& indent) {
  if (from >= to) return;
  if (to - from == 1) {
    line(indent + "const I c" + num(from) + " = " + rest + ";");
    return;
  }
  line(indent + "I rest" + num(to) + " = " + rest + ";");
  for (int d = to - 1; d >= from; --d) {
    const std::string r = "rest" + num(to), s = a(w_.shape(d));
    if (d == from) {
      line(indent + "const I c" + num(d) + " = " + r + ";");
    } else {
      // Unsigned division is cheaper; sizes are not negative.
      const std::string u = f_.narrow ? "unsigned" : "unsigned long long";
      line(indent + "const I q" + num(d) + " = (I)((" + u + ")" + r + " / (" + u + ")" + s + "), c" + num(d) + " = " + r +
           " - q" + num(d) + " * " + s + ";");
      line(indent + r + " = q" + num(d) + ";");
    }
  }
}

void Writer::declare(const std::string& indent, int n) {
  const std::string dim = "[" + num(n) + "];";
  for (size_t i = 0; i < k_.code.size(); ++i)
    if (k_.code[i].code == KCode::load) line(indent + type_name(k_.code[i].type) + " l" + num(static_cast<int64_t>(i)) + dim);
  for (size_t s = 0; s < k_.stores.size(); ++s)
    line(indent + slot_type(k_.stores[s].slot) + " o" + num(static_cast<int64_t>(s)) + dim);
  for (size_t r = 0; r < k_.reduces.size(); ++r)
    line(indent + type_name(k_.reduces[r].type) + " r" + num(static_cast<int64_t>(r)) + dim);
}

void Writer::load(const std::string& indent, const std::string& e, const std::vector<std::string>& address) {
  for (size_t i = 0; i < k_.code.size(); ++i) {
    const KInstr& in = k_.code[i];
    if (in.code == KCode::load)
      line(indent + "l" + num(static_cast<int64_t>(i)) + "[" + e + "] = *(const " + type_name(in.type) + "*)(" +
           address[static_cast<size_t>(in.aux)] + ");");
  }
}

std::string Writer::call(const std::string& e, const std::vector<std::string>& address, const char* name) const {
  std::string args = std::strcmp(name, "quick") == 0 ? "a, fine" : "a";
  for (size_t i = 0; i < k_.code.size(); ++i) {
    const KInstr& in = k_.code[i];
    if (in.code == KCode::load) args += ", l" + num(static_cast<int64_t>(i)) + "[" + e + "]";
    if (in.code == KCode::gather) args += ", " + address[static_cast<size_t>(in.aux)];
  }
  if (has_index())
    for (int d = 0; d < f_.ndim; ++d) args += ", c" + num(d);
  for (size_t s = 0; s < k_.stores.size(); ++s) args += ", o" + num(static_cast<int64_t>(s)) + "[" + e + "]";
  for (size_t r = 0; r < k_.reduces.size(); ++r) args += ", r" + num(static_cast<int64_t>(r)) + "[" + e + "]";
  return std::string(name) + "(" + args + ");";
}

void Writer::calls(const std::string& indent, int n, const std::vector<std::string>& address, const std::string& before) {
  if (quick_) line(indent + "nl::u4 fine = nl::kFine;");
  line("#pragma unroll");
  line(indent + "for (int e = 0; e < " + num(n) + "; ++e) {");
  if (!before.empty()) line(before);
  line(indent + "  " + call("e", address, quick_ ? "quick" : "body"));
  line(indent + "}");
  line(indent + (quick_ ? "if (nl::is_fine(fine)) {" : "{"));
}

void Writer::store(const std::string& indent, const std::string& e, const std::vector<std::string>& address) {
  for (size_t s = 0; s < k_.stores.size(); ++s) {
    const int slot = k_.stores[s].slot;
    line(indent + "*(" + slot_type(slot) + "*)(" + address[static_cast<size_t>(slot)] + ") = o" + num(static_cast<int64_t>(s)) +
         "[" + e + "];");
  }
}

void Writer::vector() {
  const std::string n = num(f_.vec);
  line("  const long long i = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * " + n + ", n = a.w[0];");
  line("  if (i >= n) return;");
  declare("  ", f_.vec);
  std::vector<std::string> at(k_.slots.size());
  for (size_t s = 0; s < at.size(); ++s) {
    const int slot = static_cast<int>(s);
    line("  char* const " + pointer(slot) + " = (char*)a.w[" + num(w_.base(slot)) + "]" +
         (f_.access[s] == Access::broadcast ? ";" : " + i * " + num(item(slot)) + ";"));
    at[s] = pointer(slot) + (f_.access[s] == Access::broadcast ? "" : " + e * " + num(item(slot)));
  }
  line("  if (i + " + n + " <= n) {");
  for (size_t i = 0; i < k_.code.size(); ++i) {
    const KInstr& in = k_.code[i];
    if (in.code != KCode::load) continue;
    const std::string l = "l" + num(static_cast<int64_t>(i));
    if (f_.access[static_cast<size_t>(in.aux)] == Access::broadcast) {
      line("    for (int e = 0; e < " + n + "; ++e) " + l + "[e] = *(const " + type_name(in.type) + "*)" + pointer(in.aux) +
           ";");
    } else {
      const std::string pack = "Pack<" + type_name(in.type) + ", " + n + ">";
      line("    const " + pack + " k" + l + " = *(const " + pack + "*)" + pointer(in.aux) + ";");
      line("    for (int e = 0; e < " + n + "; ++e) " + l + "[e] = k" + l + ".v[e];");
    }
  }
  calls("    ", f_.vec, at);
  for (size_t s = 0; s < k_.stores.size(); ++s) {
    const std::string pack = "Pack<" + slot_type(k_.stores[s].slot) + ", " + n + ">", o = "o" + num(static_cast<int64_t>(s));
    line("      " + pack + " k" + o + ";");
    line("      for (int e = 0; e < " + n + "; ++e) k" + o + ".v[e] = " + o + "[e];");
    line("      *(" + pack + "*)" + pointer(k_.stores[s].slot) + " = k" + o + ";");
  }
  line("      return;");
  line("    }");
  line("  }");
  line("#pragma unroll 1");
  line("  for (int e = 0; e < " + n + " && e < n - i; ++e) {");
  load("    ", "0", at);
  line("    " + call("0", at));
  store("    ", "0", at);
  line("  }");
}

// Blocks that lie wholly inside have no test between their elements, so that these overlap; the last block, and one where the
// quick form did not hold, goes element by element.
void Writer::flat() {
  const int u = text_unroll(k_, f_);
  const std::string step = num(kTextThreads);
  line("  const long long first = (long long)blockIdx.x * " + num(kTextThreads * u) + " + threadIdx.x;");
  line("  const I n = " + a(0) + ";");
  // Addresses are kept from the loads to the stores: dividing twice costs more than the registers.
  std::vector<std::string> many(k_.slots.size()), one(k_.slots.size());
  for (size_t s = 0; s < many.size(); ++s) {
    one[s] = pointer(static_cast<int>(s));
    many[s] = one[s] + "[e]";
  }
  bool coords = has_index();
  for (size_t s = 0; s < many.size(); ++s)
    coords |= used(s) && f_.access[s] != Access::linear && f_.access[s] != Access::broadcast;
  const auto addresses = [&](const std::string& indent, const std::vector<std::string>& at, bool fresh) {
    line(indent + "const I i = (I)(first + e * " + step + ");");
    if (coords) coordinates("i", 0, f_.ndim, indent);
    for (size_t s = 0; s < at.size(); ++s) {
      if (!used(s)) continue;
      const int slot = static_cast<int>(s);
      const std::string offset = f_.access[s] == Access::linear      ? " + (long long)i * " + num(item(slot))
                                 : f_.access[s] == Access::broadcast ? ""
                                                                     : " + (" + dot(slot, 0, f_.ndim) + ")";
      line(indent + (fresh ? "char* const " : "") + at[s] + " = (char*)a.w[" + num(w_.base(slot)) + "]" + offset + ";");
    }
  };
  line("  if (first + " + num((u - 1) * kTextThreads) + " < n) {");
  declare("    ", u);
  for (size_t s = 0; s < many.size(); ++s)
    if (used(s)) line("    char* " + one[s] + "[" + num(u) + "];");
  line("#pragma unroll");
  line("    for (int e = 0; e < " + num(u) + "; ++e) {");
  addresses("      ", many, false);
  load("      ", "e", many);
  line("    }");
  std::string before;
  if (has_index()) {
    std::string text;
    text.swap(out_);
    line("      const I i = (I)(first + e * " + step + ");");
    coordinates("i", 0, f_.ndim, "      ");
    before.swap(out_);
    out_.swap(text);
    before.pop_back();
  }
  calls("    ", u, many, before);
  line("#pragma unroll");
  line("      for (int e = 0; e < " + num(u) + "; ++e) {");
  store("        ", "e", many);
  line("      }");
  line("      return;");
  line("    }");
  line("  }");
  line("#pragma unroll 1");
  line("  for (int e = 0; e < " + num(u) + "; ++e) {");
  line("    if (first + e * " + step + " >= n) break;");
  declare("    ", 1);
  addresses("    ", one, true);
  load("    ", "0", one);
  line("    " + call("0", one));
  store("    ", "0", one);
  line("  }");
}

void Writer::rows() {
  const int u = text_unroll(k_, f_), last = f_.ndim - 1;
  const std::string step = num(kTextThreads);
  line("  const I inner = " + a(w_.shape(last)) + ";");
  line("  const I first = (I)blockIdx.x * " + num(kTextThreads * u) + " + threadIdx.x;");
  line("  const long long count = (long long)a.w[0] / inner;");
  line("  for (long long row = blockIdx.y; row < count; row += gridDim.y) {");
  coordinates("(I)row", 0, last, "    ");
  std::vector<std::string> at(k_.slots.size());
  for (size_t s = 0; s < at.size(); ++s) {
    if (!used(s)) continue;
    const int slot = static_cast<int>(s);
    line("    char* const " + pointer(slot) + " = (char*)a.w[" + num(w_.base(slot)) + "] + (" + dot(slot, 0, last) + ");");
    const Access access = f_.access[s];
    at[s] = pointer(slot) + (access == Access::linear || access == Access::row         ? " + (long long)x * " + num(item(slot))
                             : access == Access::broadcast || access == Access::repeat ? ""
                                                                                       : " + x * " + a(w_.stride(slot, last)));
  }
  const std::string index = has_index() ? "        const I c" + num(last) + " = x;" : "";
  const std::string x = "const I x = first + e * " + step + ";";
  line("    if (first + " + num((u - 1) * kTextThreads) + " < inner) {");
  declare("      ", u);
  line("#pragma unroll");
  line("      for (int e = 0; e < " + num(u) + "; ++e) {");
  line("        " + x);
  load("        ", "e", at);
  line("      }");
  calls("      ", u, at, "        " + x + (index.empty() ? "" : "\n" + index));
  line("#pragma unroll");
  line("        for (int e = 0; e < " + num(u) + "; ++e) {");
  line("          " + x);
  store("          ", "e", at);
  line("        }");
  line("        continue;");
  line("      }");
  line("    }");
  line("#pragma unroll 1");
  line("    for (int e = 0; e < " + num(u) + "; ++e) {");
  line("      " + x);
  line("      if (x >= inner) break;");
  declare("      ", 1);
  load("      ", "0", at);
  if (has_index()) line(index);
  line("      " + call("0", at));
  store("      ", "0", at);
  line("    }");
  line("  }");
}

// `lanes`: eight threads do the leaves under one node of the tree, one leaf after the other, and join them as they go: the
// node that waits at each level for its right neighbour is in w<level>_<reduction>.
void Writer::reduction() {
  const bool lanes = f_.loop == TextLoop::lanes;
  line("  const long long nred = a.w[1], nout = a.w[2];");
  line("  const int depth = (int)(a.w[3] & 255), group = (int)(a.w[3] >> 8), lane = threadIdx.x % 8;");
  line("  (void)lane, (void)group;");
  line("  const long long node = ((long long)blockIdx.x * blockDim.x + threadIdx.x)" + std::string(lanes ? " / 8;" : ";"));
  line("  long long output, path;");
  line(lanes ? "  output = node >> depth, path = node & ((1ll << depth) - 1);"
             : "  path = node / nout, output = node - path * nout;");
  line("  numloom::reduction::Range range{0, 0};");
  line("  if (node < nout << depth) range = numloom::reduction::node(nred, depth, path);");
  coordinates("(I)output", 0, f_.nkept, "  ");
  std::vector<std::string> at(k_.slots.size());
  for (size_t s = 0; s < at.size(); ++s) {
    if (!used(s)) continue;
    const int slot = static_cast<int>(s);
    line("  char* const " + pointer(slot) + " = (char*)a.w[" + num(w_.base(slot)) + "] + (" + dot(slot, 0, f_.nkept) + ");");
    at[s] = pointer(slot) + " + (" + dot(slot, f_.nkept, f_.ndim) + ")";
  }
  declare("  ", 1);
  const auto f = [&](size_t r, const std::string& x, const std::string& y) {
    return "nl::op_" + std::string(op_info(k_.reduces[r].op).name) + "(" + x + ", " + y + ")";
  };
  const auto each = [&](const std::function<std::string(size_t)>& text) {
    for (size_t r = 0; r < k_.reduces.size(); ++r) line(text(r));
  };
  const auto element = [&](const std::string& i, const std::string& indent) {
    line(indent + "const I i = (I)(" + i + ");");
    coordinates("i", f_.nkept, f_.ndim, indent);
    load(indent, "0", at);
    if (quick_) {
      line(indent + "nl::u4 fine = nl::kFine;");
      line(indent + call("0", at, "quick"));
      line(indent + "if (!nl::is_fine(fine)) " + call("0", at));
    } else {
      line(indent + call("0", at));
    }
    store(indent, "0", at);
  };
  const auto acc = [](size_t r) { return "acc" + num(static_cast<int64_t>(r)); };
  const auto val = [](size_t r) { return "r" + num(static_cast<int64_t>(r)) + "[0]"; };
  each([&](size_t r) { return "  " + type_name(k_.reduces[r].type) + " " + acc(r) + (lanes ? "" : "[8]") + " = {};"; });
  if (lanes) {
    const auto waiting = [](int level, size_t r) { return "w" + num(level) + "_" + num(static_cast<int64_t>(r)); };
    for (int l = 0; l < kTextGroup; ++l) {
      line("  bool h" + num(l) + " = false;");
      each([&](size_t r) { return "  " + type_name(k_.reduces[r].type) + " " + waiting(l, r) + " = {};"; });
    }
    line("  bool have = false;");
    line("#pragma unroll 1");
    line("  for (int leaf = 0; leaf < 1 << group; ++leaf) {");
    line("    numloom::reduction::Range part = numloom::reduction::node(range.count, group, leaf);");
    line("    part.begin += range.begin;");
    line("    const int full = (int)(part.count / 8), rest = (int)part.count - full * 8;");
    line("#pragma unroll 4");
    line("    for (int k = 0; k < full; ++k) {");
    element("part.begin + k * 8 + lane", "      ");
    each([&](size_t r) { return "      " + acc(r) + " = k ? " + f(r, acc(r), val(r)) + " : " + val(r) + ";"; });
    line("    }");
    line("    for (int by = 1; by < 8; by *= 2) {");
    each([&](size_t r) {
      return "      { const auto other = lane_down(" + acc(r) + ", by); if (full) " + acc(r) + " = " + f(r, acc(r), "other") +
             "; }";
    });
    line("    }");
    line("    if (__any_sync(0xffffffffu, rest)) {");
    line("      if (lane < rest) {");
    element("part.begin + full * 8 + lane", "        ");
    line("      }");
    line("      for (int t = 0; t < 8; ++t) {");
    each([&](size_t r) {
      return "        { const auto other = lane_from(" + val(r) + ", t); if (t < rest) " + acc(r) + " = full || t ? " +
             f(r, acc(r), "other") + " : other; }";
    });
    line("      }");
    line("    }");
    line("    have = part.count > 0;");
    for (int l = 0; l < kTextGroup; ++l) {
      line("    if (!(leaf >> " + num(l) + " & 1)) {");
      each([&](size_t r) { return "      " + waiting(l, r) + " = " + acc(r) + ";"; });
      line("      h" + num(l) + " = have;");
      line("      continue;");
      line("    }");
      each(
          [&](size_t r) { return "    " + acc(r) + " = have ? " + f(r, waiting(l, r), acc(r)) + " : " + waiting(l, r) + ";"; });
      line("    have = h" + num(l) + ";");
    }
    line("  }");
    line("  if (lane || !have) return;");
  } else {
    line("  const int full = (int)(range.count / 8), rest = (int)range.count - full * 8;");
    line("  if (range.count == 0) return;");
    line("  for (int k = 0; k < full; ++k) {");
    line("#pragma unroll");
    line("    for (int j = 0; j < 8; ++j) {");
    element("range.begin + k * 8 + j", "      ");
    each([&](size_t r) { return "      " + acc(r) + "[j] = k ? " + f(r, acc(r) + "[j]", val(r)) + " : " + val(r) + ";"; });
    line("    }");
    line("  }");
    line("  if (full)");
    line("#pragma unroll");
    line("    for (int by = 1; by < 8; by *= 2)");
    line("#pragma unroll");
    line("      for (int j = 0; j < 8; j += 2 * by) {");
    each([&](size_t r) { return "        " + acc(r) + "[j] = " + f(r, acc(r) + "[j]", acc(r) + "[j + by]") + ";"; });
    line("      }");
    line("  for (int t = 0; t < rest; ++t) {");
    element("range.begin + full * 8 + t", "    ");
    each(
        [&](size_t r) { return "    " + acc(r) + "[0] = full || t ? " + f(r, acc(r) + "[0]", val(r)) + " : " + val(r) + ";"; });
    line("  }");
  }
  each([&](size_t r) {
    const int w = w_.result(static_cast<int>(r));
    return "  ((" + type_name(k_.reduces[r].type) + "*)a.w[" + num(w) + "])[output * (long long)a.w[" + num(w + 1) +
           "] + path * (long long)a.w[" + num(w + 2) + "]] = " + acc(r) + (lanes ? ";" : "[0];");
  });
}

std::string Writer::run() {
  prelude();
  body(false);
  if (quick_) body(true);
  if (f_.loop == TextLoop::lanes)
    for (const bool down : {true, false}) {
      line(std::string("template <class T> static __device__ __forceinline__ T ") + (down ? "lane_down" : "lane_from") +
           "(T x, int n) {");
      line("  unsigned w[(sizeof(T) + 3) / 4] = {};");
      line("  memcpy(w, &x, sizeof(T));");
      line(std::string("  for (unsigned i = 0; i < sizeof(w) / 4; ++i) w[i] = ") + (down ? "__shfl_down_sync" : "__shfl_sync") +
           "(0xffffffffu, w[i], n, 8);");
      line("  memcpy(&x, w, sizeof(T));");
      line("  return x;");
      line("}");
    }
  line("extern \"C\" __global__ void __launch_bounds__(" + num(kTextThreads) + ") kernel(const __grid_constant__ Args a) {");
  switch (f_.loop) {
    case TextLoop::vector: vector(); break;
    case TextLoop::flat: flat(); break;
    case TextLoop::rows: rows(); break;
    default: reduction();
  }
  line("}");
  return out_;
}

}  // namespace

uint64_t TextForm::hash() const {
  uint64_t h = 0xcbf29ce484222325ull;
  const auto mix = [&](uint64_t v) { h = (h ^ v) * 0x100000001b3ull; };
  mix(static_cast<uint64_t>(loop));
  mix(ndim | nkept << 8 | vec << 16 | narrow << 24);
  for (Access s : access) mix(static_cast<uint64_t>(s) + 1);
  for (int8_t x : index_axes) mix(static_cast<uint64_t>(x + 100));
  return h;
}

int text_unroll(const Kernel& kernel, const TextForm&) {
  int loads = 0;
  for (const KInstr& in : kernel.code) loads += in.code == KCode::load;
  return loads <= 8 ? 4 : loads <= 16 ? 2 : 1;
}

std::string cuda_text(const Kernel& kernel, const TextForm& form) { return Writer(kernel, form).run(); }

int text_arg_words(const Kernel& kernel, const TextForm& form) {
  return words_of(kernel, form).result(static_cast<int>(kernel.reduces.size()));
}

void text_args(const Kernel& kernel, const TextForm& form, const Nest& nest, const std::vector<Scalar>& scalars, int64_t nred,
               int64_t nout, int depth, int group, const std::vector<LeafResult>& results, std::vector<uint64_t>& out) {
  const Words w = words_of(kernel, form);
  out.assign(static_cast<size_t>(std::max(1, text_arg_words(kernel, form))), 0);
  const auto set = [&](int at, int64_t v) { out[static_cast<size_t>(at)] = static_cast<uint64_t>(v); };
  set(0, nest.size);
  set(1, nred);
  set(2, nout);
  set(3, depth | group << 8);
  for (int d = 0; d < nest.ndim; ++d) set(w.shape(d), nest.shape[d]);
  for (size_t s = 0; s < nest.slots.size(); ++s) {
    out[static_cast<size_t>(w.base(static_cast<int>(s)))] = reinterpret_cast<uint64_t>(nest.slots[s].base);
    for (int d = 0; d < nest.ndim; ++d) set(w.stride(static_cast<int>(s), d), nest.slots[s].strides[d]);
  }
  for (size_t k = 0; k < scalars.size() && k < static_cast<size_t>(kernel.nscalars); ++k)
    std::memcpy(&out[static_cast<size_t>(w.scalar(static_cast<int>(k)))], scalars[k].raw, 16);
  for (size_t r = 0; r < results.size(); ++r) {
    out[static_cast<size_t>(w.result(static_cast<int>(r)))] = results[r].out;
    set(w.result(static_cast<int>(r)) + 1, results[r].by_out);
    set(w.result(static_cast<int>(r)) + 2, results[r].by_path);
  }
}

}  // namespace numloom
