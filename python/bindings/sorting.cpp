// Sorting few numbers on the host: NumPy's own loops, straight on our memory. Everything else is NumPy's call.
#include <numeric>

#include "api/record.h"
#include "native.h"
#include "trampoline.h"

namespace numloom::python {

namespace {

// More than this is worth giving up the interpreter's lock for, as NumPy does.
constexpr int64_t kFew = 512;
constexpr const char* kReason = "sorting is NumPy's";

// Rows along the last axis, one behind the other, of an array that is at hand.
bool few_rows(const Array& a) {
  return QuickWork::allowed() && a.ndim() >= 1 && a.size() <= kFew && ready_here(a) && runs_now(a.size() * a.item()) &&
         a.layout.c_contiguous(a.item());
}

const PyArray_ArrFuncs* functions_of(DType t) { return PyDataType_GetArrFuncs(descr_of(t)); }

void sort_rows(const Array& a) {
  const int64_t n = a.layout.shape[a.ndim() - 1], item = a.item();
  char* p = host_data_for_write(a);
  for (char* end = p + a.size() * item; p < end; p += n * item)
    check(functions_of(a.dtype)->sort[NPY_QUICKSORT](p, n, nullptr));
}

// What the default arguments ask for; null without an error where NumPy must sort.
const Array* to_sort(const Call& call, Operand& held) {
  if (call.n != 1 || call.kwnames || !to_operand(call.args[0], held) || !held.array) return nullptr;
  const Array& a = *held.array;
  return !a.is_scalar && few_rows(a) && functions_of(a.dtype)->sort[NPY_QUICKSORT] &&
                 functions_of(a.dtype)->argsort[NPY_QUICKSORT]
             ? &a
             : nullptr;
}

PyObject* sort_method(const Call& call) {
  Operand held;
  const Array* a = to_sort(call, held);
  if (!a || !a->writeable || !writable_here(*a)) return call.decline(kReason);
  const QuickWork work(call.name, kReason);
  sort_rows(*a);
  Py_RETURN_NONE;
}

PyObject* sort_of(const Call& call) {
  Operand held;
  const Array* a = to_sort(call, held);
  if (!a) return call.decline(kReason);
  const QuickWork work(call.name, kReason);
  Array sorted = copy(*a);
  sort_rows(sorted);
  return make_array(std::move(sorted));
}

PyObject* argsort_of(const Call& call) {
  Operand held;
  const Array* a = to_sort(call, held);
  if (!a) return call.decline(kReason);
  const QuickWork work(call.name, kReason);
  Array order = empty(a->layout.dims(), DType::i8);
  const int64_t n = a->layout.shape[a->ndim() - 1], size = a->size();
  auto* to = reinterpret_cast<npy_intp*>(host_data_for_write(order));
  char* from = host_data(*a);
  for (int64_t i = 0; i < size; i += n) {
    std::iota(to + i, to + i + n, npy_intp{0});
    check(functions_of(a->dtype)->argsort[NPY_QUICKSORT](from + i * a->item(), to + i, n, nullptr));
  }
  return make_array(std::move(order));
}

}  // namespace

PyMethodDef sorting_functions[] = {
    NUMLOOM_FUNCTION("sort", sort_of),
    NUMLOOM_FUNCTION("argsort", argsort_of),
    kEnd,
};

PyMethodDef sorting_methods[] = {
    NUMLOOM_METHOD("sort", sort_method),
    NUMLOOM_METHOD("argsort", argsort_of),
    kEnd,
};

}  // namespace numloom::python
