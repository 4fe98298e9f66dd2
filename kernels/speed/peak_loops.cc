#include "kernels/speed/peak_loops.h"

#include "kernels/math/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/speed/peak_loops.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cohort::kernels::peak {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Keeps a result that nobody reads.
volatile float float_sink;

// Twelve chains: two units of four cycles' latency want eight, AVX2 has sixteen registers.
double multiply_add(int64_t repeats) {
  const hn::ScalableTag<float> d;
  constexpr double kChains = 12;
  const auto factor = hn::Set(d, 0.5f), term = hn::Set(d, 0.25f);
  auto a = hn::Iota(d, 1), b = hn::Iota(d, 2), c = hn::Iota(d, 3), e = hn::Iota(d, 4);
  auto f = hn::Iota(d, 5), g = hn::Iota(d, 6), h = hn::Iota(d, 7), i = hn::Iota(d, 8);
  auto j = hn::Iota(d, 9), k = hn::Iota(d, 10), l = hn::Iota(d, 11), m = hn::Iota(d, 12);
  for (int64_t r = 0; r < repeats; ++r) {
    a = hn::MulAdd(a, factor, term), b = hn::MulAdd(b, factor, term);
    c = hn::MulAdd(c, factor, term), e = hn::MulAdd(e, factor, term);
    f = hn::MulAdd(f, factor, term), g = hn::MulAdd(g, factor, term);
    h = hn::MulAdd(h, factor, term), i = hn::MulAdd(i, factor, term);
    j = hn::MulAdd(j, factor, term), k = hn::MulAdd(k, factor, term);
    l = hn::MulAdd(l, factor, term), m = hn::MulAdd(m, factor, term);
  }
  const auto sum =
      hn::Add(hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(hn::Add(f, g), hn::Add(h, i))),
              hn::Add(hn::Add(j, k), hn::Add(l, m)));
  float_sink = hn::GetLane(hn::SumOfLanes(d, sum));
  return 2 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(repeats);
}

// Four streams: one alone keeps too few requests in flight (measured, a tenth to a third slower).
uint64_t read(const uint64_t* p, int64_t bytes) {
  const hn::ScalableTag<uint64_t> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const int64_t quarter = bytes / 32;
  auto a = hn::Zero(d), b = a, c = a, e = a;
  for (int64_t i = 0; i < quarter; i += 2 * lanes) {
    for (int64_t j = i; j < i + 2 * lanes; j += lanes) {
      a = hn::Xor(a, hn::Load(d, p + j));
      b = hn::Xor(b, hn::Load(d, p + quarter + j));
      c = hn::Xor(c, hn::Load(d, p + 2 * quarter + j));
      e = hn::Xor(e, hn::Load(d, p + 3 * quarter + j));
    }
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Xor(hn::Xor(a, b), hn::Xor(c, e))));
}

const char* unit() { return hwy::TargetName(HWY_TARGET); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cohort::kernels::peak
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cohort::kernels::peak {

HWY_EXPORT(multiply_add);
HWY_EXPORT(read);
HWY_EXPORT(unit);

double multiply_add_fp32(int64_t repeats) { return HWY_DYNAMIC_DISPATCH(multiply_add)(repeats); }
const char* multiply_add_unit() { return HWY_DYNAMIC_DISPATCH(unit)(); }
uint64_t read_all(const uint64_t* begin, int64_t bytes) {
  return HWY_DYNAMIC_DISPATCH(read)(begin, bytes);
}

}  // namespace cohort::kernels::peak
#endif  // HWY_ONCE
