#include "reference_eval.h"

#include <cstring>
#include <functional>

#include "codegen/reduction.h"
#include "scalar_all.h"

namespace numloom {
namespace {

struct Wide { uint64_t w[2] = {0, 0}; };
template <class T, class From>
T get(const From& w) {
  T r;
  std::memcpy(&r, &w, sizeof r);
  return r;
}
template <class To, class T>
To put(const T& x) {
  To r = {};
  std::memcpy(static_cast<void*>(&r), &x, sizeof x);
  return r;
}
#define CASE(id, ...) \
  case id: return put<Wide>(__VA_ARGS__);
#define GROUP(name)                                                               \
  Wide name(int code, Wide a, [[maybe_unused]] Wide b, [[maybe_unused]] Wide c) { \
    switch (code) {
#define GROUP_END    \
  default: return a; \
    }                \
    }
#include "interp_cases.inc"

Wide eval(Op op, DType type, Wide a, Wide b, Wide c) {
  const int code = static_cast<int>(op) * 16 + static_cast<int>(type);
  switch (kGroupOf[static_cast<int>(type)]) {
    case 0: return eval_small(code, a, b, c);
    case 1: return eval_integer(code, a, b, c);
    case 2: return eval_float(code, a, b, c);
    default: return eval_complex(code, a, b, c);
  }
}

}  // namespace

void reference_run(const Kernel& k, const KernelArgs& args) {
  struct Write {
    char* to;
    Wide value;
    int item;
  };
  std::vector<Write> writes;
  std::vector<Wide> v(k.value_types.size());
  int64_t at[kMaxDims];
  const auto address = [&](int slot) {
    char* p = args.slots[static_cast<size_t>(slot)].base;
    for (int d = 0; d < args.ndim; ++d) p += at[d] * args.slots[static_cast<size_t>(slot)].strides[d];
    return p;
  };
  const auto element = [&] {
    for (const KInstr& in : k.code) {
      const auto arg = [&](int i) { return i >= 0 ? v[static_cast<size_t>(i)] : Wide{}; };
      Wide r;
      switch (in.code) {
        case KCode::load: std::memcpy(&r, address(in.aux), static_cast<size_t>(item_size(in.type))); break;
        case KCode::gather:
          std::memcpy(&r, address(in.aux) + get<int64_t>(arg(in.a)), static_cast<size_t>(item_size(in.type)));
          break;
        case KCode::scalar:
          std::memcpy(&r, args.scalars[static_cast<size_t>(in.aux)].raw, static_cast<size_t>(item_size(in.type)));
          break;
        case KCode::index: r = put<Wide>(at[in.aux]); break;
        case KCode::cast: {
          const int from = static_cast<int>(k.value_types[static_cast<size_t>(in.a)]);
          r = from == static_cast<int>(in.type) ? arg(in.a)
                                                : eval_cast(4096 + from * 16 + static_cast<int>(in.type), arg(in.a), {}, {});
          break;
        }
        case KCode::op: r = eval(in.op, in.type, arg(in.a), arg(in.b), arg(in.c)); break;
      }
      v[static_cast<size_t>(in.dst)] = r;
    }
    for (const KStore& s : k.stores)
      writes.push_back(
          {address(s.slot), v[static_cast<size_t>(s.value)], item_size(k.slots[static_cast<size_t>(s.slot)].dtype)});
  };
  int64_t kept = 1, reduced = 1;
  for (int d = 0; d < args.ndim; ++d) (k.reduced_axes >> d & 1 ? reduced : kept) *= args.shape[d];
  // Coordinates of kept index i and reduced index j, both in C order.
  const auto place = [&](int64_t i, int64_t j) {
    for (int d = args.ndim - 1; d >= 0; --d) {
      int64_t& rest = k.reduced_axes >> d & 1 ? j : i;
      at[d] = rest % args.shape[d];
      rest /= args.shape[d];
    }
  };
  for (int64_t i = 0; i < kept; ++i) {
    std::vector<std::vector<Wide>> values(k.reduces.size());
    for (int64_t j = 0; j < reduced; ++j) {
      place(i, j);
      element();
      for (size_t r = 0; r < k.reduces.size(); ++r) values[r].push_back(v[static_cast<size_t>(k.reduces[r].value)]);
    }
    for (size_t r = 0; r < k.reduces.size(); ++r) {
      const KReduce& red = k.reduces[r];
      for (int d = 0; d < args.ndim; ++d) at[d] = 0;
      int64_t rest = i;
      for (int d = args.ndim - 1; d >= 0; --d) {
        if (k.reduced_axes >> d & 1) continue;
        at[d] = rest % args.shape[d];
        rest /= args.shape[d];
      }
      Wide total;
      if (reduced == 0) {
        Scalar identity;
        identity.dtype = DType::i8;
        identity.i = op_info(red.op).identity;
        const Scalar s = cast_scalar(identity, red.type);
        std::memcpy(&total, s.raw, 16);
      } else {
        total = reduction::tree<Wide>(
            0, reduced, [&](int64_t j) { return values[r][static_cast<size_t>(j)]; },
            [&](Wide a, Wide b) { return eval(red.op, red.type, a, b, {}); });
      }
      writes.push_back({address(red.slot), total, item_size(red.type)});
    }
  }
  for (const Write& w : writes) std::memcpy(w.to, &w.value, static_cast<size_t>(w.item));
}

}  // namespace numloom
