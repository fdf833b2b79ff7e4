#include "program/program.h"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace numloom {
namespace {

uint32_t form_of(const Instr& i) {
  uint32_t h = static_cast<uint32_t>(i.kind) * 31 + static_cast<uint32_t>(i.op);
  h = h * 1000003 + static_cast<uint32_t>(i.type) * 16 + i.nin;
  h = h * 1000003 + i.axes * 64 + static_cast<uint32_t>(i.axis);
  h = h * 1000003 + static_cast<uint32_t>(i.out.layout.ndim) * 16 + static_cast<uint32_t>(i.out.dtype);
  for (int k = 0; k < i.nin; ++k) h = h * 1000003 + (i.in[k].buf ? 64u : 0u) + static_cast<uint32_t>(i.in[k].dtype);
  return h;
}

// The counts of pending work change under the engine lock alone, so they need no locked instruction; other threads look at
// them. The program's one reference comes with the first and goes with the last.
void add_pending(Buffer& b, std::atomic<int32_t>& count) {
  if (b.idle()) b.retain();
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}
void drop_pending(Buffer& b, std::atomic<int32_t>& count) {
  count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_release);
  if (b.idle()) b.release();
}

void print_operand(std::ostream& s, const Operand& o) {
  if (!o.buf) {
    s << dtype_name(o.dtype) << "(" << cast_scalar(o.scalar, DType::f8).f << ")";
    return;
  }
  s << "b" << (reinterpret_cast<uintptr_t>(o.buf) >> 4 & 0xffff) << ":" << dtype_code(o.dtype) << "[";
  for (int d = 0; d < o.layout.ndim; ++d) s << (d ? "," : "") << o.layout.shape[d];
  s << "]";
  if (o.layout.offset) s << "+" << o.layout.offset;
  if (!o.layout.c_contiguous(item_size(o.dtype))) {
    s << "/";
    for (int d = 0; d < o.layout.ndim; ++d) s << (d ? "," : "") << o.layout.strides[d];
  }
}

}  // namespace

const char* kind_name(Kind k) {
  constexpr const char* kNames[] = {"map",       "index",   "gather",  "reduce", "matmul",  "cumulate",
                                    "argreduce", "scatter", "compact", "order",  "bincount"};
  return kNames[static_cast<int>(k)];
}

template <class Which>
int64_t Program::read_bytes(Which which) const {
  std::vector<const Buffer*> found;
  for (const auto& i : instrs_)
    for (int k = 0; k < i->nin; ++k)
      if (const Buffer* b = i->in[k].buf; b && (b->host || b->device) && which(*b)) found.push_back(b);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  int64_t bytes = 0;
  for (const Buffer* b : found) bytes += b->nbytes;
  return bytes;
}

Instr& Program::draft() {
  if (!draft_) {
    if (spare_.empty()) {
      draft_ = std::make_unique<Instr>();
    } else {
      draft_ = std::move(spare_.back());
      spare_.pop_back();
    }
    draft_->axis = 0;
    draft_->axes = 0;
    draft_->site = 0;
    draft_->warns = 0;
    for (Operand& o : draft_->in) o.buf = nullptr;
  }
  return *draft_;
}

void Program::commit() {
  Instr& i = *draft_;
  add_pending(*i.out.buf, i.out.buf->pending_writes);
  i.out.buf->changed();
  for (int k = 0; k < i.nin; ++k)
    if (Buffer* b = i.in[k].buf) {
      if ((b->host || b->device) && b->pending_reads.load(std::memory_order_relaxed) == 0) bytes_ += b->nbytes;
      add_pending(*b, b->pending_reads);
    }
  i.form = form_of(i);
  i.done = false;
  instrs_.push_back(std::move(draft_));
}

void Program::complete(int n) {
  Instr& i = *instrs_[n];
  if (i.done) return;
  i.done = true;
  if (i.error) i.error = nullptr;
  drop_pending(*i.out.buf, i.out.buf->pending_writes);
  for (int k = 0; k < i.nin; ++k)
    if (Buffer* b = i.in[k].buf) drop_pending(*b, b->pending_reads);
}

void Program::compact() {
  size_t kept = 0;
  for (size_t n = 0; n < instrs_.size(); ++n) {
    if (instrs_[n]->done) {
      if (spare_.size() < 512) spare_.push_back(std::move(instrs_[n]));
      continue;
    }
    if (kept != n) instrs_[kept] = std::move(instrs_[n]);
    ++kept;
  }
  instrs_.resize(kept);
  bytes_ = read_bytes([](const Buffer&) { return true; });
}

void Program::split(int first, Program& rest) {
  std::move(instrs_.begin() + first, instrs_.end(), std::back_inserter(rest.instrs_));
  instrs_.resize(first);
}

void Program::append(Program&& rest) {
  if (rest.empty()) return;
  std::move(rest.instrs_.begin(), rest.instrs_.end(), std::back_inserter(instrs_));
  bytes_ = read_bytes([](const Buffer&) { return true; });
}

void Program::move(const std::vector<bool>& take, Program& to) {
  size_t kept = 0;
  for (size_t n = 0; n < instrs_.size(); ++n) {
    if (take[n]) {
      to.instrs_.push_back(std::move(instrs_[n]));
      continue;
    }
    if (kept != n) instrs_[kept] = std::move(instrs_[n]);
    ++kept;
  }
  instrs_.resize(kept);
  for (Program* p : {this, &to}) p->bytes_ = p->read_bytes([](const Buffer&) { return true; });
}

int64_t Program::kept_bytes() const {
  return read_bytes([](const Buffer& b) { return b.handles() == 0; });
}

std::string Program::print() const {
  std::ostringstream s;
  for (int n = 0; n < size(); ++n) {
    const Instr& i = *instrs_[n];
    s << n << ": ";
    print_operand(s, i.out);
    s << " = " << kind_name(i.kind);
    if (i.op != Op::none) s << " " << op_info(i.op).name << "." << dtype_code(i.type);
    if (i.kind == Kind::reduce) s << " axes=" << i.axes;
    for (int k = 0; k < i.nin; ++k) {
      s << (k ? ", " : " ");
      print_operand(s, i.in[k]);
    }
    s << "\n";
  }
  return s.str();
}

std::string Program::describe(const Instr& i) {
  const auto operand = [](const Operand& o) {
    std::string s(dtype_name(o.dtype));
    if (!o.buf) return s + " scalar";
    s += " (";
    for (int d = 0; d < o.layout.ndim; ++d) s += (d ? ", " : "") + std::to_string(o.layout.shape[d]);
    return s + (o.layout.ndim == 1 ? ",)" : ")");
  };
  std::string s = i.op == Op::none || i.kind == Kind::matmul ? kind_name(i.kind) : op_info(i.op).name;
  if (i.kind == Kind::reduce) s += ".reduce";
  if (i.kind == Kind::cumulate) s += ".accumulate";
  for (int k = 0; k < i.nin; ++k) s += (k == 0 ? " of " : k + 1 < i.nin ? ", " : " and ") + operand(i.in[k]);
  return s + " into " + operand(i.out);
}

void Program::verify() const {
  const auto fail = [&](int n, const char* what) {
    throw std::logic_error("program: instruction " + std::to_string(n) + ": " + what + "\n" + print());
  };
  for (int n = 0; n < size(); ++n) {
    const Instr& i = *instrs_[n];
    if (!i.out.buf) fail(n, "no output");
    const auto inside = [&](const Operand& o) {
      int64_t low, high;
      o.layout.extent(item_size(o.dtype), low, high);
      return low == high || (low >= 0 && high <= o.buf->nbytes);
    };
    if (!inside(i.out)) fail(n, "output outside its buffer");
    for (int k = 0; k < i.nin; ++k) {
      const Operand& o = i.in[k];
      if (!o.buf) continue;
      if (i.kind != Kind::gather && !inside(o)) fail(n, "input outside its buffer");
      if (i.fusable() && !same_shape(o.layout, i.space())) fail(n, "input of another shape");
      if (i.fusable() && o.buf == i.out.buf && i.kind != Kind::reduce &&
          relate(o.layout, item_size(o.dtype), i.out.layout, item_size(i.out.dtype)) == Relation::overlap)
        fail(n, "input overlaps output");
    }
  }
}

void Touched::add(const Instr& i) {
  add(i.out.buf, true);
  for (int k = 0; k < i.nin; ++k)
    if (i.in[k].buf) add(i.in[k].buf, false);
}

bool Touched::conflicts(const Instr& i) const {
  if (written_.contains(i.out.buf)) return true;
  for (int k = 0; k < i.nin; ++k)
    if (auto it = written_.find(i.in[k].buf); it != written_.end() && it->second) return true;
  return false;
}

}  // namespace numloom
