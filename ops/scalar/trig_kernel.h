// sin, cos and tan of any float: the argument less the nearest multiple of pi/2, and polynomials on [-pi/4, pi/4].
#pragma once
#include "polynomial.h"

namespace nl {

// x = n pi/2 + high + low; quadrant: n mod 4.
struct Angle {
  f8 high, low;
  u4 quadrant;
};

// REQUIRES: |x| < 2**20. n * the first two words of pi/2 (33 bits each) is exact.
NL_FN Angle reduce_angle(f8 x) {
  const f8 t = fma_(x, 0x1.45f306dc9c883p-1, Magic<f8>::value), n = t - Magic<f8>::value;
  f8 e1, e3;
  const f8 a = fma_(-n, 0x1.921fb544p+0, x);
  const f8 b = two_sum(a, -(n * 0x1.0b4611a6p-34), e1);
  const f8 c = two_product(n, 0x1.3198a2e037073p-69, e3);
  const f8 d = c - e1;
  const f8 high = b - d;
  return {high, ((b - high) - d) - e3, (u4)to_bits(t)};
}

NL_FN u8 multiply_high(u8 a, u8 b) {
  const u8 mask = 0xffffffffu, al = a & mask, ah = a >> 32, bl = b & mask, bh = b >> 32;
  const u8 m = ah * bl + ((al * bl) >> 32), l = al * bh + (m & mask);
  return ah * bh + (m >> 32) + (l >> 32);
}

// Any finite x of magnitude 1 or more: as many bits of 2/pi as matter, times the significand, modulo 4 (Payne and Hanek).
NL_FN Angle reduce_huge(f8 x) {
  const u8 two_over_pi[21] = {0xa2f9836e4e441529ul, 0xfc2757d1f534ddc0ul, 0xdb6295993c439041ul,
                              0xfe5163abdebbc561ul, 0xb7246e3a424dd2e0ul, 0x06492eea09d1921cul,
                              0xfe1deb1cb129a73eul, 0xe88235f52ebb4484ul, 0xe99c7026b45f7e41ul,
                              0x3991d639835339f4ul, 0x9c845f8bbdf9283bul, 0x1ff897ffde05980ful,
                              0xef2f118b5a0a6d1ful, 0x6d367ecf27cb09b7ul, 0x4f463f669e5fea2dul,
                              0x7527bac7ebe5f17bul, 0x3d0739f78a5292eaul, 0x6bfb5fb11f8d5d08ul,
                              0x56033046fc7b6babul, 0xf0cfbc209af4361dul, 0ul};
  const u8 bits = to_bits(x), m = (bits & 0x000ffffffffffffful) | 0x0010000000000000ul;
  const i4 e = (i4)((bits >> 52) & 0x7ff) - 1075;  // |x| = m * 2**e
  // Bits of 2/pi above position `first` only add multiples of 4.
  const i4 first = e > 2 ? e - 2 : 0, word = first >> 6, shift = first & 63;
  u8 w[3];
  for (int i = 0; i < 3; ++i)
    w[i] = shift == 0 ? two_over_pi[word + i] : (two_over_pi[word + i] << shift) | (two_over_pi[word + i + 1] >> (64 - shift));
  // p = m * w, 256 bits, of which the binary point lies 192 - (e - first) bits from the right.
  const u8 p0 = m * w[2];
  u8 c = multiply_high(m, w[2]);
  const u8 l1 = m * w[1], p1 = l1 + c;
  c = multiply_high(m, w[1]) + (p1 < l1);
  const u8 l2 = m * w[0], p2 = l2 + c;
  const u8 p3 = multiply_high(m, w[0]) + (p2 < l2);
  // Left until the quadrant is in the top two bits.
  const i4 left = 62 + e - first;
  const u8 top = left == 64 ? p2 : (p3 << left) | (p2 >> (64 - left));
  const u8 next = left == 64 ? p1 : (p2 << left) | (p1 >> (64 - left));
  const u8 last = left == 64 ? p0 : (p1 << left) | (p0 >> (64 - left));
  const u8 f1 = (top << 2) | (next >> 62), f0 = (next << 2) | (last >> 62);
  // The fraction f as a signed one: [1/2, 1) counts as negative, and to the next quadrant.
  const u4 q = (u4)(top >> 62) + (u4)(f1 >> 63);
  f8 high = (f8)((i8)f1 >> 32) * 0x1p-32, low, low2;
  high = fast_two_sum(high, (f8)(u4)f1 * 0x1p-64, low);
  high = fast_two_sum(high, low + ((f8)(u4)(f0 >> 32) * 0x1p-96 + (f8)(u4)f0 * 0x1p-128), low);
  f8 e1;
  const f8 r = two_product(high, 0x1.921fb54442d18p+0, e1);
  const f8 rest = e1 + (high * 0x1.1a62633145c07p-54 + low * 0x1.921fb54442d18p+0);
  const f8 y = fast_two_sum(r, rest, low2);
  const bool negative = sign_of(x);
  return {negative ? -y : y, negative ? -low2 : low2, negative ? 0u - q : q};
}

NL_FN f8 sin_kernel(f8 x, f8 low) {
  const f8 z = x * x;
  const f8 r = poly(z, -0x1.5555555555555p-3, 0x1.1111111111110p-7, -0x1.a01a01a01992fp-13, 0x1.71de3a545f835p-19,
                    -0x1.ae645410e9193p-26, 0x1.61217d923a998p-33, -0x1.ab16f5bc68a29p-41);
  return x + fma_(x * z, r, fma_(-0.5 * z, low, low));
}
NL_FN f8 cos_kernel(f8 x, f8 low) {
  const f8 z = x * x, half = 0.5 * z, w = 1.0 - half;
  const f8 r = poly(z, 0x1.5555555555555p-5, -0x1.6c16c16c16c16p-10, 0x1.a01a01a019d06p-16, -0x1.27e4fb77125c5p-22,
                    0x1.1eed8deac3d25p-29, -0x1.9394b8bd3b322p-37, 0x1.ab77954421f46p-45);
  return w + (((1.0 - w) - half) + fma_(z * z, r, -x * low));
}

// sin for turn = 0, cos for turn = 1.
NL_FN f8 sine_of(Angle a, u4 turn) {
  const u4 q = a.quadrant + turn;
  const f8 s = sin_kernel(a.high, a.low), c = cos_kernel(a.high, a.low);
  const f8 r = (q & 1) != 0 ? c : s;
  return from_bits(to_bits(r) ^ (u8)(q & 2) << 62);
}
NL_FN f8 tangent_of(Angle a) {
  const f8 s = sin_kernel(a.high, a.low), c = cos_kernel(a.high, a.low);
  const bool odd = (a.quadrant & 1) != 0;
  return (odd ? -c : s) / (odd ? s : c);
}

// Float32: the argument is reduced in float64, the rest is float32, with one polynomial that takes the coefficients of
// sin or cos: r + r z P(z) or 1 + z P(z).
struct Angle4 {
  f4 r;
  u4 quadrant;
};
NL_FN Angle4 reduce_angle(f4 x) {
  const f8 t = fma_((f8)x, 0x1.45f306dc9c883p-1, Magic<f8>::value), n = t - Magic<f8>::value;
  return {(f4)fma_(-n, 0x1.0b4611a62633ap-34, fma_(-n, 0x1.921fb544p+0, (f8)x)), (u4)to_bits(t)};
}
NL_FN f4 sine_of(Angle4 a, u4 turn) {
  const u4 q = a.quadrant + turn;
  const bool odd = (q & 1) != 0;
  const f4 z = a.r * a.r;
  const f4 c0 = odd ? -0.5f : -0x1.555556p-3f, c1 = odd ? 0x1.555554p-5f : 0x1.11110ep-7f,
           c2 = odd ? -0x1.6c12d0p-10f : -0x1.a013a4p-13f, c3 = odd ? 0x1.9bd786p-16f : 0x1.6dbcfcp-19f;
  const f4 base = odd ? 1.0f : a.r;
  const f4 r = fma_(base * z, poly(z, c0, c1, c2, c3), base);
  return from_bits(to_bits(r) ^ (q & 2) << 30);
}

NL_FN f4 tangent_of(Angle4 a) {
  const f4 z = a.r * a.r;
  const f4 tail =
      poly(z, 0x1.555556p-2f, 0x1.111086p-3f, 0x1.ba52f0p-5f, 0x1.623852p-6f, 0x1.469572p-7f, 0x1.34e240p-10f, 0x1.f84626p-9f);
  const f4 t = fma_(a.r * z, tail, a.r);
  return (a.quadrant & 1) != 0 ? -1.0f / t : t;
}

}  // namespace nl
