// Inside core/io/gguf only: what reader and writer must agree on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/gguf.h"

namespace cohort::gguf_layout {

inline constexpr std::string_view kMagic = "GGUF";
inline constexpr uint32_t kVersion = 3;
inline constexpr const char* kAlignmentKey = "general.alignment";
inline constexpr uint64_t kDefaultAlignment = 32;
// The limits of ggml's own parser.
inline constexpr size_t kMaxNameBytes = 63;
inline constexpr size_t kMaxExtents = 4;
inline constexpr uint64_t kMaxStringBytes = uint64_t{1} << 30;
inline constexpr uint64_t kMaxArrayElements = uint64_t{1} << 30;
inline constexpr size_t kMaxKeyBytes = 65535;

// The type of a value in the file is its place in GgufValue, but that 9 stands for all arrays,
// whose elements' type follows.
inline constexpr uint32_t kArray = 9;
inline constexpr uint32_t kTypes = 13;

std::optional<GgmlType> type_of_number(uint32_t number);
// Also of types that we do not read; null when ggml has none of that number.
const char* name_of_number(uint32_t number);

// What is wrong with a key, a name, an alignment or a shape; empty when nothing is.
std::string fault_of_key(std::string_view key);
std::string fault_of_name(std::string_view name);
std::string fault_of_alignment(uint64_t alignment);
std::string fault_of_shape(GgmlType type, const std::vector<int64_t>& shape);

uint64_t padded(uint64_t bytes, uint64_t alignment);
// Bytes of a tensor whose shape has no fault.
uint64_t tensor_bytes(GgmlType type, const std::vector<int64_t>& shape);

}  // namespace cohort::gguf_layout
