#include "kernels/linear/dispatch.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/error.h"

namespace cohort::kernels::gemm {
namespace {

struct Pair {
  MicroKernels fp32, bf16;
  MicroKernels q8_of_fp32, q8_of_bf16;
};

// 8 bits: AMX, VPDPBUSD (which Cascade Lake brought to AVX-512) or AVX2.
void choose_q8(Target target, Pair& pair) {
  const Q8Kernels* q8 = &kPortableQ8;
  const char* name = "portable-q8";
  if (target != Target::kPortable && __builtin_cpu_supports("f16c")) {
    q8 = &kAvx2Q8, name = "avx2-q8";
    if (target != Target::kAvx2 && __builtin_cpu_supports("avx512vnni"))
      q8 = &kAvx512Q8, name = "avx512-vnni-q8";
  }
  Multiply multiply = q8->multiply;
  if (target == Target::kAmx && q8 == &kAvx512Q8 && __builtin_cpu_supports("amx-int8"))
    multiply = kAmxQ8Multiply, name = "amx-q8";
  const auto set = [&](Gather gather, const PackKernels& pack) {
    return MicroKernels{name, Element::kQ8, Element::kQ8, multiply, gather, pack};
  };
  pair.q8_of_fp32 = set(q8->gather_fp32, q8->pack_fp32);
  pair.q8_of_bf16 = set(q8->gather_bf16, q8->pack_bf16);
}

Pair kernels_of(Target target) {
  const MicroKernels portable_fp32{"portable",     Element::kFp32,
                                   Element::kFp32, kPortableMultiplyFp32,
                                   kCopyRowsFp32,  kPortablePackFp32};
  const MicroKernels portable_bf16{"portable",         Element::kBf16,
                                   Element::kFp32,     kPortableMultiplyWiden,
                                   kPortableWidenRows, kPortablePackBf16};
  Pair pair{portable_fp32, portable_bf16, {}, {}};
  choose_q8(target, pair);
  if (target == Target::kAvx2) {
    pair.fp32.name = pair.bf16.name = "avx2";
    pair.fp32.multiply = kAvx2MultiplyFp32;
    pair.bf16.multiply = kAvx2MultiplyWiden;
  } else if (target != Target::kPortable) {
    pair.fp32.name = pair.bf16.name = "avx512";
    pair.fp32.multiply = kAvx512MultiplyFp32;
    pair.fp32.pack = kAvx512PackFp32;
    pair.bf16.multiply = kAvx512MultiplyWiden;
    pair.bf16.gather = kAvx512WidenRows;
    pair.bf16.pack = kAvx512PackBf16;
  }
  if (target == Target::kAvx512Dot || target == Target::kAmx) {
    pair.bf16.name = target == Target::kAmx ? "amx-bf16" : "avx512-bf16";
    pair.bf16.a_element = Element::kBf16;
    pair.bf16.multiply = target == Target::kAmx ? kAmxMultiply : kAvx512MultiplyDot;
    pair.bf16.gather = kCopyRowsBf16;
  }
  return pair;
}

// The kernel of Linux gives a process the tile registers on demand, and its later threads with it.
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
}

// VDPBF16PS runs at twice the rate of fp32 FMA on AMD (Zen 4), at half of it on Intel (Sapphire
// Rapids, measured): there, without AMX, bf16 panels are widened in registers.
Target best_target() {
  __builtin_cpu_init();
  if (target_available(Target::kAmx)) return Target::kAmx;
  if (target_available(Target::kAvx512Dot) && __builtin_cpu_is("amd")) return Target::kAvx512Dot;
  for (Target target : {Target::kAvx512, Target::kAvx2}) {
    if (target_available(target)) return target;
  }
  return Target::kPortable;
}

Pair& current() {
  static Pair pair = kernels_of(best_target());
  return pair;
}

}  // namespace

bool target_available(Target target) {
  __builtin_cpu_init();
  switch (target) {
    case Target::kPortable:
      return true;
    case Target::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Target::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("fma");
    case Target::kAvx512Dot:
      return target_available(Target::kAvx512) && __builtin_cpu_supports("avx512bf16");
    case Target::kAmx:
      return target_available(Target::kAvx512) && __builtin_cpu_supports("amx-tile") &&
             __builtin_cpu_supports("amx-bf16") && may_use_tiles();
  }
  return false;
}

const MicroKernels& micro_kernels(at::ScalarType dtype, WeightFormat format) {
  COHORT_CHECK(dtype == at::kFloat || dtype == at::kBFloat16, "linear takes fp32 or bf16, not {}",
               c10::toString(dtype));
  const Pair& pair = current();
  if (format == WeightFormat::q8_0) return dtype == at::kFloat ? pair.q8_of_fp32 : pair.q8_of_bf16;
  return dtype == at::kFloat ? pair.fp32 : pair.bf16;
}

void force_target(Target target) {
  COHORT_CHECK(target_available(target), "this machine lacks the instructions");
  current() = kernels_of(target);
}

void use_best_target() { current() = kernels_of(best_target()); }

}  // namespace cohort::kernels::gemm
