#include "plan/kernel.h"

#include <sstream>
#include <stdexcept>

namespace numloom {

void Kernel::finish() {
  uint64_t h = 0xcbf29ce484222325ull;
  const auto mix = [&h](int64_t v) {
    h = (h ^ static_cast<uint64_t>(v)) * 0xff51afd7ed558ccdull;
    h ^= h >> 29;
  };
  for (const KInstr& i : code) {
    mix(static_cast<int>(i.code) << 20 | static_cast<int>(i.type) << 12 | static_cast<int>(i.op));
    mix(static_cast<int64_t>(i.dst) << 48 ^ static_cast<int64_t>(i.a) << 36 ^ static_cast<int64_t>(i.b) << 24 ^
        static_cast<int64_t>(i.c) << 12 ^ i.aux);
  }
  for (const KSlot& s : slots) mix(static_cast<int>(s.dtype) << 2 | (s.stored ? 2 : 0) | (s.loaded ? 1 : 0));
  for (const KStore& s : stores) mix(static_cast<int64_t>(s.value) << 16 | s.slot);
  for (const KReduce& r : reduces)
    mix(static_cast<int64_t>(r.op) << 40 | static_cast<int64_t>(r.type) << 32 | r.value << 16 | r.slot);
  mix(reduced_axes);
  mix(nscalars);
  hash = h;
}

std::string Kernel::print() const {
  static constexpr const char* kNames[] = {"load", "gather", "scalar", "index", "cast", ""};
  std::ostringstream s;
  for (const KInstr& i : code) {
    s << "  v" << i.dst << ":" << dtype_code(value_types[i.dst]) << " = ";
    if (i.code == KCode::op) s << op_info(i.op).name << "." << dtype_code(i.type);
    else s << kNames[static_cast<int>(i.code)];
    if (i.aux >= 0) s << " #" << i.aux;
    for (int16_t v : {i.a, i.b, i.c})
      if (v >= 0) s << " v" << v;
    s << "\n";
  }
  for (const KStore& t : stores) s << "  store #" << t.slot << " v" << t.value << "\n";
  for (const KReduce& r : reduces)
    s << "  reduce #" << r.slot << " " << op_info(r.op).name << "." << dtype_code(r.type) << " v" << r.value
      << " axes=" << reduced_axes << "\n";
  return s.str();
}

void Kernel::verify() const {
  const auto fail = [&](const char* what) { throw std::logic_error(std::string("kernel: ") + what + "\n" + print()); };
  std::vector<bool> defined(value_types.size());
  const int nslots = static_cast<int>(slots.size());
  for (const KInstr& i : code) {
    if (i.dst < 0 || i.dst >= static_cast<int>(value_types.size()) || defined[i.dst])
      fail("a value is defined twice or not numbered");
    for (int16_t v : {i.a, i.b, i.c})
      if (v >= 0 && (v >= static_cast<int>(defined.size()) || !defined[v])) fail("a value is used before it is defined");
    if (i.code == KCode::op) {
      if (!op_supports(i.op, i.type)) fail("an op has no loop for its type");
      const int16_t in[3] = {i.a, i.b, i.c};
      for (int k = 0; k < op_info(i.op).nin; ++k)
        if (in[k] < 0 || value_types[in[k]] != op_input_type(i.op, i.type, k)) fail("an operand has the wrong type");
      if (value_types[i.dst] != op_output_type(i.op, i.type)) fail("a result has the wrong type");
    } else if (value_types[i.dst] != i.type) {
      fail("a value has the wrong type");
    }
    if ((i.code == KCode::load || i.code == KCode::gather) &&
        (i.aux < 0 || i.aux >= nslots || slots[i.aux].dtype != i.type || !slots[i.aux].loaded))
      fail("a load and its slot disagree");
    if (i.code == KCode::scalar && (i.aux < 0 || i.aux >= nscalars)) fail("a scalar is out of range");
    defined[i.dst] = true;
  }
  for (const KStore& s : stores)
    if (s.slot < 0 || s.slot >= nslots || !slots[s.slot].stored || !defined[s.value] ||
        value_types[s.value] != slots[s.slot].dtype)
      fail("a store and its slot disagree");
  for (const KReduce& r : reduces)
    if (r.slot < 0 || r.slot >= nslots || !slots[r.slot].stored || !defined[r.value] || value_types[r.value] != r.type)
      fail("a reduction and its value disagree");
  if (reduces.empty() != (reduced_axes == 0)) fail("reduced axes without a reduction, or the reverse");
}

}  // namespace numloom
