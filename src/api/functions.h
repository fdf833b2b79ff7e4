// What both fronts call. Every function checks its arguments (errors are NumPy's, raised here), then records or, where
// the work is small, runs. Results are new handles. Thread-safe: recording takes the engine lock.
//
// `not_native` means: Numloom has no way to do this for these arguments, nothing happened, use NumPy.
#pragma once
#include <optional>
#include <string>

#include "api/array.h"
#include "numloom/device.h"  // set_device, device, synchronize
#include "numloom/error.h"
#include "runtime/draw.h"
#include "runtime/twister.h"

namespace numloom {

struct not_native : error { using error::error; };

// ---- creation ------------------------------------------------------------------------------------------------------
Array empty(Shape shape, DType dtype, bool fortran = false);
Array full(Shape shape, DType dtype, const Scalar& value, bool fortran = false);
// start + i * step for i < n, in `dtype` (integers and floats, as numpy.arange computes it).
Array arange(double start, double step, int64_t n, DType dtype);
Array arange_int(int64_t start, int64_t step, int64_t n, DType dtype);
// The coordinate along `axis` of each index of `shape` (int64).
Array indices_along(Shape shape, int axis);
// A fresh copy in memory order 'C', 'F', 'A' or 'K'.
Array copy(const Array& a, char order = 'K');
Array astype(const Array& a, DType dtype, char order = 'K', bool force_copy = true);
// Host memory of another owner, seen as an array; see Buffer::wrap.
Array from_host(void* data, int64_t nbytes, DType dtype, const Layout& layout, void* owner, void (*release)(void*),
                bool shared);
Array scalar_array(const Scalar& value);  // 0-d, host memory, of value.dtype
// float64 samples of another library's generator, drawn now by all threads.
Array draw(Shape shape, const Source& from, const Sampler& sampler);
// float64, or int64 in a range, of the Mersenne Twister.
Array draw(Shape shape, Twister& from, TwisterSampler& sampler);

// ---- elementwise ---------------------------------------------------------------------------------------------------
struct MapOptions {
  const Array* out = nullptr;    // written in place; its shape must be the broadcast shape
  const Array* where = nullptr;  // bool; other elements of the result keep what they held
  DType dtype = kNoDType;        // of the computation
  Casting casting = Casting::same_kind;
  char order = 'K';
};
// One row of the op table with NumPy's promotion (NEP 50), broadcasting, memory order and errors.
Array apply(Op op, std::span<const Arg> in, const MapOptions& options = {});
// numpy.result_type of operands.
DType result_type(std::span<const Arg> in);
// dst[...] = src with casting 'unsafe' (assignment) or the rule given.
void assign(const Array& dst, const Arg& src, Casting rule = Casting::unsafe);
// numpy.where(c, x, y).
Array select(const Array& c, const Arg& x, const Arg& y);

// ---- reductions ----------------------------------------------------------------------------------------------------
struct ReduceOptions {
  std::optional<uint32_t> axes;  // bit d: axis d; none: all
  bool keepdims = false;
  DType dtype = kNoDType;
  const Array* out = nullptr;
  const Scalar* initial = nullptr;
  const Array* where = nullptr;
};
// ufunc.reduce for ops with OpInfo::reduces (add, multiply, minimum, maximum, logical_and, logical_or, bitwise_*).
Array reduce(Op op, const Array& a, const ReduceOptions& options = {});
Array mean(const Array& a, const ReduceOptions& options = {});
// `given_mean`: along the axes, broadcasting against `a`.
Array variance(const Array& a, double ddof, bool square_root, const ReduceOptions& options = {},
               const Array* given_mean = nullptr);
// Of each row of a matrix: the elements that sorting would put at `ranks`, which rise; NaN where the row has one. Integers, float32 and
// float64. REQUIRES: the ranks are below the length of the rows.
Array order_statistics(const Array& rows, std::span<const int64_t> ranks);
Array count_nonzero(const Array& a, const ReduceOptions& options = {});
// First index of the least (op minimum) or greatest element; no axis: of the flattened array.
Array argreduce(Op op, const Array& a, std::optional<int> axis, bool keepdims = false);
// Running op (add, multiply) along an axis; no axis: flattened.
Array cumulate(Op op, const Array& a, std::optional<int> axis, DType dtype = kNoDType, const Array* out = nullptr);
// How often each of 0, 1, ... occurs among the integers of a row, for `at_least` of them; not_native where some are negative.
Array bincount(const Array& a, int64_t at_least);
std::vector<Array> nonzero(const Array& a);  // runs: the shape depends on values

// ---- views ---------------------------------------------------------------------------------------------------------
// An axis counted from the front; axis_error where there is none. `argument`: its name where NumPy says it.
int normalize_axis(int64_t axis, int ndim, const char* argument = "");
// A view where possible, else a copy; one dimension may be -1. order 'C' or 'F'.
Array reshape(const Array& a, Shape shape, char order = 'C');
Array transpose(const Array& a, std::span<const int> axes);  // empty: reversed
Array swapaxes(const Array& a, int axis1, int axis2);
Array moveaxis(const Array& a, std::span<const int64_t> source, std::span<const int64_t> destination);
// Axes as masks (bit d: axis d); none given: all. expand_dims: the new axes of the result.
Array squeeze(const Array& a, std::optional<uint32_t> axes);
Array expand_dims(const Array& a, uint32_t axes);
Array flip(const Array& a, std::optional<uint32_t> axes);
Array broadcast(const Array& a, Shape shape);                // read-only view
Array real_view(const Array& a);                             // of complex: a view; else `a`
Array imag_view(const Array& a);                             // of complex: a view; else throws not_native
std::optional<Array> view_as(const Array& a, DType dtype);   // reinterpret; none where NumPy refuses
Array diagonal_view(const Array& a, int64_t offset, int axis1, int axis2);

// ---- indexing ------------------------------------------------------------------------------------------------------
struct Index {
  enum class Kind : uint8_t { integer, slice, newaxis, ellipsis, array } kind;
  int64_t start = 0, stop = 0, step = 1;  // integer: start. slice: as given; `has` says which were.
  uint8_t has = 0;                        // bit 0 start, 1 stop, 2 step
  const Array* array = nullptr;           // integers or bool (bool scalars as 0-d bool arrays)
};
// a[index] with NumPy's rules: a view for basic indices, else a copy. IndexError before anything runs.
Array get_item(const Array& a, std::span<const Index> index);
void set_item(const Array& a, std::span<const Index> index, const Arg& value);
// The same for one array of int64 indices, where all is small, or a mask of the first axes, where all is dense and at hand in host
// memory; false where it is not, and nothing is done.
bool get_rows_now(const Array& a, const Array& index, Array& out);
bool set_rows_now(const Array& a, const Array& index, const Arg& value);
// numpy.take with mode 'raise', 'wrap' or 'clip' ('r', 'w', 'c').
Array take(const Array& a, const Array& indices, std::optional<int> axis, char mode);

// ---- joining, products ---------------------------------------------------------------------------------------------
Array concatenate(std::span<const Array> arrays, int axis, DType dtype = kNoDType);
Array matmul(const Array& a, const Array& b, const Array* out = nullptr);
Array dot(const Array& a, const Array& b);

// ---- running -------------------------------------------------------------------------------------------------------
// Runs what is needed for these (all that is recorded, at present); values are then in memory somewhere.
void eval(std::span<const Array> arrays);
void eval_all();
// Runs what is recorded; what fails is raised where its value is wanted.
void settle();
// Flushes and brings the values home; the address of element (0, ..., 0).
char* host_data(const Array& a);
// `a`, or, where that is less work, its values alone in fresh memory on the host: for who reads them once and keeps no address.
Array on_host(const Array& a);
// As host_data for writing by foreign code: other copies are dropped.
char* host_data_for_write(const Array& a);
// While leased, foreign code can reach the memory: see Buffer::shared. lease() flushes and brings the values home.
void lease(const Array& a);
void unlease(Buffer* b);
// One element (0-d or size 1 as a scalar of its dtype).
Scalar item_value(const Array& a);
std::string describe(const Array& a);  // "float64 (3, 4)" for notes

}  // namespace numloom
