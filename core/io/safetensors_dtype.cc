#include "core/io/safetensors_dtype.h"

#include <array>

#include "core/base/error.h"

namespace cohort {
namespace {

struct Row {
  DType dtype;
  const char* name;
  size_t size;
};

// In the order of the reference implementation's enumeration, by which it sorts tensors in a file.
constexpr std::array<Row, 12> kRows = {{{DType::boolean, "BOOL", 1},
                                        {DType::u8, "U8", 1},
                                        {DType::i8, "I8", 1},
                                        {DType::f8_e5m2, "F8_E5M2", 1},
                                        {DType::f8_e4m3, "F8_E4M3", 1},
                                        {DType::i16, "I16", 2},
                                        {DType::f16, "F16", 2},
                                        {DType::bf16, "BF16", 2},
                                        {DType::i32, "I32", 4},
                                        {DType::f32, "F32", 4},
                                        {DType::f64, "F64", 8},
                                        {DType::i64, "I64", 8}}};

const Row& row_of(DType dtype) {
  for (const Row& row : kRows)
    if (row.dtype == dtype) return row;
  throw_error<CheckError>("unknown DType {}", static_cast<int>(dtype));
}

}  // namespace

size_t dtype_size(DType dtype) { return row_of(dtype).size; }

const char* dtype_name(DType dtype) { return row_of(dtype).name; }

std::optional<DType> dtype_of_name(std::string_view name) {
  for (const Row& row : kRows)
    if (name == row.name) return row.dtype;
  return std::nullopt;
}

int dtype_order(DType dtype) { return static_cast<int>(&row_of(dtype) - kRows.data()); }

std::optional<uint64_t> tensor_bytes(DType dtype, const std::vector<int64_t>& shape) {
  uint64_t bytes = dtype_size(dtype);
  for (const int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes))
      return std::nullopt;
  return bytes;
}

}  // namespace cohort
