#include <array>
#include <bit>

#include "core/base/error.h"
#include "core/io/gguf/layout.h"

namespace cohort {
namespace {

struct Row {
  GgmlType type;
  int64_t elements;
  int64_t bytes;
};

constexpr std::array<Row, 11> kRows = {{{GgmlType::f32, 1, 4},
                                        {GgmlType::f16, 1, 2},
                                        {GgmlType::bf16, 1, 2},
                                        {GgmlType::q8_0, 32, 34},
                                        {GgmlType::q4_0, 32, 18},
                                        {GgmlType::q4_1, 32, 20},
                                        {GgmlType::q5_0, 32, 22},
                                        {GgmlType::q5_1, 32, 24},
                                        {GgmlType::q4_k, 256, 144},
                                        {GgmlType::q5_k, 256, 176},
                                        {GgmlType::q6_k, 256, 210}}};

// By number. Null: withdrawn, never used in a file.
constexpr std::array<const char*, 40> kNames = {
    "F32",     "F16",    "Q4_0",    "Q4_1",  nullptr,  nullptr, "Q5_0",  "Q5_1",
    "Q8_0",    "Q8_1",   "Q2_K",    "Q3_K",  "Q4_K",   "Q5_K",  "Q6_K",  "Q8_K",
    "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS",
    "I8",      "I16",    "I32",     "I64",   "F64",    "IQ1_M", "BF16",  nullptr,
    nullptr,   nullptr,  "TQ1_0",   "TQ2_0", nullptr,  nullptr, nullptr, "MXFP4"};

const Row& row_of(GgmlType type) {
  for (const Row& row : kRows)
    if (row.type == type) return row;
  throw_error<CheckError>("unknown GgmlType {}", static_cast<uint32_t>(type));
}

}  // namespace

const char* ggml_type_name(GgmlType type) {
  return kNames[static_cast<uint32_t>(row_of(type).type)];
}
int64_t ggml_block_elements(GgmlType type) { return row_of(type).elements; }
int64_t ggml_block_bytes(GgmlType type) { return row_of(type).bytes; }
size_t ggml_bytes(GgmlType type, size_t elements) {
  const Row& row = row_of(type);
  return elements / static_cast<size_t>(row.elements) * static_cast<size_t>(row.bytes);
}

namespace gguf_layout {

std::optional<GgmlType> type_of_number(uint32_t number) {
  for (const Row& row : kRows)
    if (static_cast<uint32_t>(row.type) == number) return row.type;
  return std::nullopt;
}

const char* name_of_number(uint32_t number) {
  return number < kNames.size() ? kNames[number] : nullptr;
}

std::string fault_of_key(std::string_view key) {
  if (key.empty()) return "is empty";
  if (key.size() > kMaxKeyBytes)
    return fmt::format("is {} bytes long, at most {} are allowed", key.size(), kMaxKeyBytes);
  for (const char c : key)
    if (c < 0x20 || c >= 0x7f) return "is not printable ASCII";
  return {};
}

std::string fault_of_name(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.size() > kMaxNameBytes)
    return fmt::format("the name is {} bytes long, at most {} are allowed", name.size(),
                       kMaxNameBytes);
  if (name.find('\0') != std::string_view::npos) return "the name holds a NUL character";
  return {};
}

std::string fault_of_alignment(uint64_t alignment) {
  constexpr uint64_t kMost = uint64_t{1} << 31;
  if (!std::has_single_bit(alignment) || alignment < 8 || alignment > kMost)
    return fmt::format("{} is not a power of two from 8 to {}", alignment, kMost);
  return {};
}

std::string fault_of_shape(GgmlType type, const std::vector<int64_t>& shape) {
  const auto text = [&] { return fmt::format("shape [{}]", fmt::join(shape, ", ")); };
  if (shape.size() > kMaxExtents)
    return fmt::format("{} extents, at most {} are allowed", shape.size(), kMaxExtents);
  int64_t elements = 1;
  for (const int64_t extent : shape) {
    if (extent < 0) return fmt::format("{}: {} is not an extent", text(), extent);
    // An extent of 0 must not hide an overflow of the others: strides are products of them.
    if (__builtin_mul_overflow(elements, extent > 0 ? extent : 1, &elements))
      return text() + " overflows";
  }
  const int64_t block = ggml_block_elements(type);
  const int64_t row = shape.empty() ? 1 : shape.back();
  if (row % block != 0)
    return fmt::format("{}: the last extent is no multiple of {}, the block of {}", text(), block,
                       ggml_type_name(type));
  if (__builtin_mul_overflow((elements + block - 1) / block, ggml_block_bytes(type), &elements))
    return text() + " overflows";
  return {};
}

uint64_t padded(uint64_t bytes, uint64_t alignment) {
  return (bytes + alignment - 1) & ~(alignment - 1);
}

uint64_t tensor_bytes(GgmlType type, const std::vector<int64_t>& shape) {
  int64_t elements = 1;
  for (const int64_t extent : shape) elements *= extent;
  return ggml_bytes(type, static_cast<size_t>(elements));
}

}  // namespace gguf_layout
}  // namespace cohort
