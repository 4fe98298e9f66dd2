// Vectors of 16 floats on every instruction set, with our own exp. Kernels are written in terms of
// F16 alone, so the order of every sum is the same on AVX-512 (one register) and AVX2 (two).
//
// An element has the same bits wherever it stands: whole vectors and tails run the same
// instructions, a tail only loads zeros in its spare lanes and does not store them.
//
// Included once for each target (hwy/foreach_target.h), hence the toggled guard.
#if defined(COHORT_KERNELS_MATH_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef COHORT_KERNELS_MATH_VECTOR_MATH_INL_H_
#undef COHORT_KERNELS_MATH_VECTOR_MATH_INL_H_
#else
#define COHORT_KERNELS_MATH_VECTOR_MATH_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "hwy/highway.h"
#include "kernels/math/bf16.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::CappedTag<float, 16>;
using IntTag = hn::RebindToSigned<FloatTag>;
using WordTag = hn::RebindToUnsigned<FloatTag>;
using HalfWordTag = hn::Rebind<uint16_t, FloatTag>;

inline constexpr size_t kLanes = hn::MaxLanes(FloatTag());
inline constexpr size_t kVecs = 16 / kLanes;

struct F16 {
  hn::Vec<FloatTag> v[kVecs];
};

// How many of the 16 elements exist: all of them, or the first n.
struct Whole {};
struct Part {
  size_t n;
};

// Calls fn(offset, Whole or Part) over n elements, 16 at a time.
template <class Fn>
HWY_INLINE void for_vectors(size_t n, const Fn& fn) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) fn(i, Whole());
  if (i < n) fn(i, Part{n - i});
}

#define COHORT_EACH_VEC _Pragma("GCC unroll 16") for (size_t i_ = 0; i_ < kVecs; ++i_)

HWY_INLINE F16 set16(float x) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::Set(FloatTag(), x);
  return r;
}
HWY_INLINE F16 zero16() { return set16(0.0f); }
HWY_INLINE F16 add(const F16& a, const F16& b) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::Add(a.v[i_], b.v[i_]);
  return r;
}
HWY_INLINE F16 sub(const F16& a, const F16& b) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::Sub(a.v[i_], b.v[i_]);
  return r;
}
HWY_INLINE F16 mul(const F16& a, const F16& b) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::Mul(a.v[i_], b.v[i_]);
  return r;
}
HWY_INLINE F16 div(const F16& a, const F16& b) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::Div(a.v[i_], b.v[i_]);
  return r;
}
HWY_INLINE F16 max(const F16& a, const F16& b) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::Max(a.v[i_], b.v[i_]);
  return r;
}
// a * b + c, rounded once.
HWY_INLINE F16 fma(const F16& a, const F16& b, const F16& c) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::MulAdd(a.v[i_], b.v[i_], c.v[i_]);
  return r;
}

// All of a or all of b, without a branch.
HWY_INLINE F16 choose(bool first, const F16& a, const F16& b) {
  const auto mask = hn::FirstN(FloatTag(), first ? kLanes : 0);
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::IfThenElse(mask, a.v[i_], b.v[i_]);
  return r;
}

// Lanes n and above become `fill`.
HWY_INLINE F16 keep_first(const F16& a, size_t n, float fill) {
  F16 r;
  COHORT_EACH_VEC {
    const size_t before = i_ * kLanes;
    const size_t kept = n <= before ? 0 : (n - before < kLanes ? n - before : kLanes);
    r.v[i_] = hn::IfThenElse(hn::FirstN(FloatTag(), kept), a.v[i_], hn::Set(FloatTag(), fill));
  }
  return r;
}
// Lanes below n become `fill`.
HWY_INLINE F16 drop_first(const F16& a, size_t n, float fill) {
  F16 r;
  COHORT_EACH_VEC {
    const size_t before = i_ * kLanes;
    const size_t dropped = n <= before ? 0 : (n - before < kLanes ? n - before : kLanes);
    r.v[i_] = hn::IfThenElse(hn::FirstN(FloatTag(), dropped), hn::Set(FloatTag(), fill), a.v[i_]);
  }
  return r;
}
HWY_INLINE F16 keep(const F16& a, Whole, float) { return a; }
HWY_INLINE F16 keep(const F16& a, Part part, float fill) { return keep_first(a, part.n, fill); }

HWY_INLINE F16 load16(const float* p, Whole) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::LoadU(FloatTag(), p + i_ * kLanes);
  return r;
}
HWY_INLINE F16 load16(const Bf16* p, Whole) {
  F16 r;
  COHORT_EACH_VEC {
    const auto half = hn::LoadU(HalfWordTag(), reinterpret_cast<const uint16_t*>(p) + i_ * kLanes);
    r.v[i_] = hn::BitCast(FloatTag(), hn::ShiftLeft<16>(hn::PromoteTo(WordTag(), half)));
  }
  return r;
}
HWY_INLINE F16 load16(const float* p, Part part) {
#if HWY_TARGET == HWY_AVX3
  F16 r;
  r.v[0] = hn::MaskedLoad(hn::FirstN(FloatTag(), part.n), FloatTag(), p);
  return r;
#else
  float buffer[16] = {};
  std::memcpy(buffer, p, part.n * sizeof(float));
  return load16(buffer, Whole());
#endif
}
HWY_INLINE F16 load16(const Bf16* p, Part part) {
  Bf16 buffer[16] = {};
  std::memcpy(buffer, p, part.n * sizeof(Bf16));
  return load16(buffer, Whole());
}

HWY_INLINE void store16(const F16& a, float* p, Whole) {
  COHORT_EACH_VEC hn::StoreU(a.v[i_], FloatTag(), p + i_ * kLanes);
}
// bf16 in the low half of each word: rounded to nearest even; a NaN stays a NaN.
HWY_INLINE hn::Vec<WordTag> bf16_words(hn::Vec<FloatTag> x) {
  const WordTag d;
  const auto bits = hn::BitCast(d, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(d, 0x7fffu))));
  const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(d, 0x40u));
  return hn::IfThenElse(hn::RebindMask(d, hn::Eq(x, x)), rounded, quiet);
}
HWY_INLINE void store16(const F16& a, Bf16* p, Whole) {
  COHORT_EACH_VEC {
    const auto words = hn::BitCast(IntTag(), bf16_words(a.v[i_]));
    hn::StoreU(hn::DemoteTo(HalfWordTag(), words), HalfWordTag(),
               reinterpret_cast<uint16_t*>(p) + i_ * kLanes);
  }
}
template <class T>
HWY_INLINE void store16(const F16& a, T* p, Part part) {
  T buffer[16];
  store16(a, buffer, Whole());
  std::memcpy(p, buffer, part.n * sizeof(T));
}

// The value after a round trip through T: itself, or rounded to bf16.
HWY_INLINE F16 round_to(const F16& a, const float*) { return a; }
HWY_INLINE F16 round_to(const F16& a, const Bf16*) {
  F16 r;
  COHORT_EACH_VEC r.v[i_] = hn::BitCast(FloatTag(), hn::ShiftLeft<16>(bf16_words(a.v[i_])));
  return r;
}

// Sum of the lanes in one fixed tree: halves are added until one lane is left.
HWY_INLINE float sum_lanes(const F16& a) {
  float x[16];
  store16(a, x, Whole());
  _Pragma("GCC unroll 8") for (size_t i = 0; i < 8; ++i) x[i] += x[i + 8];
  _Pragma("GCC unroll 4") for (size_t i = 0; i < 4; ++i) x[i] += x[i + 4];
  return (x[0] + x[2]) + (x[1] + x[3]);
}
HWY_INLINE float max_lanes(const F16& a) {
  auto m = a.v[0];
  for (size_t i = 1; i < kVecs; ++i) m = hn::Max(m, a.v[i]);
  return hn::GetLane(hn::MaxOfLanes(FloatTag(), m));
}

// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2) / 2; exp(r) by a polynomial (Cephes expf).
// Under 1 ulp from -87.3 to 88.7; denormal and infinite results beyond, exactly 0 below -104,
// exactly 1 at 0. NaN stays NaN.
HWY_INLINE F16 exp16(const F16& x) {
  const FloatTag d;
  F16 result;
  COHORT_EACH_VEC {
    // The operand order of Max and Min lets a NaN through.
    const auto clamped = hn::Min(hn::Set(d, 89.0f), hn::Max(hn::Set(d, -104.5f), x.v[i_]));
    const auto n = hn::Round(hn::Mul(clamped, hn::Set(d, 1.44269504088896341f)));
    auto r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), clamped);
    r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
    auto y = hn::Set(d, 1.9875691500e-4f);
    y = hn::MulAdd(y, r, hn::Set(d, 1.3981999507e-3f));
    y = hn::MulAdd(y, r, hn::Set(d, 8.3334519073e-3f));
    y = hn::MulAdd(y, r, hn::Set(d, 4.1665795894e-2f));
    y = hn::MulAdd(y, r, hn::Set(d, 1.6666665459e-1f));
    y = hn::MulAdd(y, r, hn::Set(d, 5.0000001201e-1f));
    y = hn::MulAdd(y, hn::Mul(r, r), hn::Add(r, hn::Set(d, 1.0f)));
#if HWY_TARGET == HWY_AVX3
    result.v[i_] = hn::Vec<FloatTag>{_mm512_scalef_ps(y.raw, n.raw)};
#else
    // In two steps, as 2^n alone may be outside the range of floats; only the second one rounds.
    const IntTag di;
    const auto whole = hn::ConvertTo(di, n);
    const auto first = hn::ShiftRight<1>(whole);
    const auto power = [&](auto k) HWY_ATTR {
      return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(k, hn::Set(di, 127))));
    };
    result.v[i_] = hn::Mul(hn::Mul(y, power(first)), power(hn::Sub(whole, first)));
#endif
  }
  return result;
}

// 1 / (1 + exp(-x))
HWY_INLINE F16 sigmoid16(const F16& x) {
  return div(set16(1.0f), add(set16(1.0f), exp16(sub(zero16(), x))));
}

}  // namespace HWY_NAMESPACE
}  // namespace cohort::kernels
HWY_AFTER_NAMESPACE();

#endif  // toggled guard
