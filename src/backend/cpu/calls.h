// What is not a fused loop nest, on the CPU. Operands may have any strides; out overlaps no input.
#pragma once
#include "backend/backend.h"

namespace numloom::cpu {

void matmul(const CallArgs& c);
// `events`: where the warnings go that it meets; may be null.
void cumulate(const CallArgs& c, std::vector<FloatEvent>* events);
void argreduce(const CallArgs& c);
void scatter(const CallArgs& c);
void compact(const CallArgs& c);
void order(const CallArgs& c);
void bincount(const CallArgs& c);

}  // namespace numloom::cpu
