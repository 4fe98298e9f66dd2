#include "core/io/gguf/file_type.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/error.h"

namespace cohort {
namespace {

struct Row {
  GgufFileType file_type;
  const char* name;
  GgmlType type;  // of a weight that nothing singles out
};

constexpr std::array<Row, 8> kRows = {{{GgufFileType::f32, "F32", GgmlType::f32},
                                       {GgufFileType::f16, "F16", GgmlType::f16},
                                       {GgufFileType::bf16, "BF16", GgmlType::bf16},
                                       {GgufFileType::q8_0, "Q8_0", GgmlType::q8_0},
                                       {GgufFileType::q4_0, "Q4_0", GgmlType::q4_0},
                                       {GgufFileType::q4_k_s, "Q4_K_S", GgmlType::q4_k},
                                       {GgufFileType::q4_k_m, "Q4_K_M", GgmlType::q4_k},
                                       {GgufFileType::q6_k, "Q6_K", GgmlType::q6_k}}};

const Row& row_of(GgufFileType type) {
  for (const Row& row : kRows)
    if (row.file_type == type) return row;
  throw_error<CheckError>("unknown GgufFileType {}", static_cast<uint32_t>(type));
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_quantised(std::string_view name, const std::vector<int64_t>& shape) {
  // ggml does not count leading extents of 1.
  const auto first = std::ranges::find_if(shape, [](int64_t extent) { return extent != 1; });
  return shape.end() - first >= 2 && name.ends_with("weight") && !contains(name, "_norm.weight") &&
         !contains(name, "ffn_gate_inp.weight");
}

// N of "blk.N.", -1 for a tensor of no layer.
int64_t layer_of(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  if (!name.starts_with(kPrefix)) return -1;
  const char* end = name.data() + name.size();
  int64_t layer = -1;
  const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, layer);
  return error == std::errc() && stop != end && *stop == '.' && layer >= 0 ? layer : -1;
}

// The layers that gain most from more bits: the first and last eighth, and each third between.
bool is_sensitive(int64_t layer, int64_t layers) {
  const int64_t eighth = layers / 8;
  return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
}

// Eight query heads share one value head, so that attn_v is small beside attn_q.
bool is_70b(const GgufModelFacts& model) {
  return model.layers == 80 && (model.architecture == "qwen2" ||
                                (model.architecture == "llama" && model.heads != model.kv_heads));
}

GgmlType mixed(GgufFileType file_type, const GgufModelFacts& model, std::string_view name) {
  const bool medium = file_type == GgufFileType::q4_k_m;
  const int64_t layer = layer_of(name);
  const bool eight_experts = model.experts == 8;
  if (contains(name, "attn_v.weight") || contains(name, "attn_qkv.weight") ||
      contains(name, "attn_kv_b.weight")) {
    if (eight_experts) return GgmlType::q8_0;
    if (medium && is_sensitive(layer, model.layers)) return GgmlType::q6_k;
    if ((!medium && layer < 4) || is_70b(model)) return GgmlType::q5_k;
  } else if (contains(name, "attn_k.weight")) {
    if (eight_experts) return GgmlType::q8_0;
  } else if (contains(name, "attn_output.weight")) {
    if (eight_experts) return GgmlType::q5_k;
  } else if (contains(name, "ffn_down")) {
    if (medium && is_sensitive(layer, model.layers)) return GgmlType::q6_k;
    if (!medium && layer < model.layers / 8) return GgmlType::q5_k;
  }
  return GgmlType::q4_k;
}

GgmlType fallback(GgmlType type, int64_t row) {
  if (row % ggml_block_elements(type) == 0) return type;
  const GgmlType smaller = type == GgmlType::q4_k   ? GgmlType::q5_0
                           : type == GgmlType::q5_k ? GgmlType::q5_1
                                                    : GgmlType::q8_0;
  return row % ggml_block_elements(smaller) == 0 ? smaller : GgmlType::f16;
}

}  // namespace

const char* gguf_file_type_name(GgufFileType type) { return row_of(type).name; }

std::vector<std::string> gguf_file_type_names() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

std::optional<GgufFileType> gguf_file_type_of(std::string_view name) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  for (const Row& row : kRows)
    if (std::ranges::equal(name, std::string_view(row.name), {}, upper)) return row.file_type;
  return std::nullopt;
}

GgmlType gguf_tensor_type(GgufFileType file_type, const GgufModelFacts& model,
                          std::string_view name, const std::vector<int64_t>& shape) {
  if (!is_quantised(name, shape)) return GgmlType::f32;
  const GgmlType base = row_of(file_type).type;
  const int64_t row = shape.back();
  if (ggml_block_elements(base) == 1) return base;

  GgmlType type = base;
  if (name == "output.weight" || (model.tied && name == "token_embd.weight")) {
    const bool divides = row % ggml_block_elements(base) == 0;
    type = base == GgmlType::q8_0 || !divides ? GgmlType::q8_0 : GgmlType::q6_k;
  } else if (name != "token_embd.weight" &&
             (file_type == GgufFileType::q4_k_m || file_type == GgufFileType::q4_k_s)) {
    type = mixed(file_type, model, name);
  }
  return fallback(type, row);
}

}  // namespace cohort
