#include "trainer/export_verification.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/gguf.h"
#include "core/io/safetensors.h"
#include "model/tokenizer/utf8.h"
#include "trainer/verification_texts.h"

namespace cohort {
namespace {

struct FileSize {
  uint64_t file = 0, data = 0, elements = 0;
};

FileSize size_of(const std::string& path) {
  FileSize size;
  const auto count = [&](const std::vector<int64_t>& shape, size_t bytes) {
    uint64_t elements = 1;
    for (const int64_t extent : shape) elements *= static_cast<uint64_t>(extent);
    size.elements += elements;
    size.data += bytes;
  };
  const bool folder = std::filesystem::is_directory(path);
  if (const std::string gguf = folder ? path + "/model.gguf" : path; path_exists(gguf)) {
    size.file = std::filesystem::file_size(gguf);
    const auto file = GgufFile::open(gguf);
    for (const GgufTensor& t : file->tensors()) count(t.shape, t.data.size());
    return size;
  }
  for (const std::string& name : list_folder(path))
    if (name.ends_with(".safetensors")) size.file += std::filesystem::file_size(path + "/" + name);
  const auto files = SafetensorsFolder::open(path);
  for (const auto& [name, t] : files->tensors()) count(t.shape, t.data.size());
  return size;
}

// The ids of the texts one after another, in windows that fit the model, each after the token that
// begins a text where there is one.
std::vector<std::vector<int32_t>> windows(const LoadedModel& model,
                                          const std::vector<std::string>& texts) {
  constexpr int64_t kWindow = 256;
  const auto length =
      static_cast<size_t>(std::min(kWindow, model.store->config().max_position_embeddings));
  const int32_t bos = model.tokenizer->bos_id();
  std::vector<std::vector<int32_t>> out;
  for (const std::string& text : texts) {
    for (const int32_t id : model.tokenizer->encode(text)) {
      if (out.empty() || out.back().size() == length) {
        out.emplace_back();
        if (bos >= 0 && length > 1) out.back().push_back(bos);
      }
      out.back().push_back(id);
    }
  }
  return out;
}

}  // namespace

ExportLimits export_limits(const std::string& type, bool routed) {
  static const std::map<std::string, ExportLimits> limits = {
      {"f32", {1e-6, 1e-10, 1e-6}}, {"f16", {1e-3, 1e-4, 2e-3}}, {"bf16", {4e-3, 1e-3, 1e-2}},
      {"q8_0", {0.03, 0.02, 0.02}}, {"q6_k", {0.1, 0.05, 0.05}}, {"q4_k_m", {0.35, 0.5, 0.5}},
      {"q4_k_s", {0.35, 0.5, 0.5}}, {"q4_0", {0.35, 0.5, 1.0}}};
  const auto found = limits.find(type);
  COHORT_CHECK(found != limits.end(), "no limits for type {}", type);
  ExportLimits out = found->second;
  // Where two experts are nearly as good, a rounded token may go to the other. Of random weights in
  // 4 bits most tokens do: then the rows alone tell a good copy.
  if (routed && type != "f32") {
    const bool narrow = type == "f16" || type == "bf16";
    out.nmse = std::max(out.nmse, narrow ? 0.05 : 1.0);
    out.mean_kl = std::max(out.mean_kl, narrow ? 0.05 : 0.5);
  }
  return out;
}

ExportReport verify_export(LoadedModel& source, const std::string& path, const std::string& type,
                           const std::string& more_text) {
  LoadedModel copy = load_model(path, "fp32", source.store->config().mla_form);
  ExportReport report;
  report.path = path;
  report.type = type;
  report.routed = source.store->config().num_moe_layers() > 0;
  std::vector<std::string> texts = verification_texts(*source.tokenizer);
  if (!more_text.empty()) texts.push_back(more_text);
  std::vector<std::string> all = texts;
  for (const std::string& text : vocabulary_texts(*source.tokenizer)) all.push_back(text);
  report.text = compare_tokenizers(*source.tokenizer, *copy.tokenizer, all);
  report.config_fault = compare_configs(source.store->config(), copy.store->config());
  const FileSize size = size_of(path);
  report.file_bytes = size.file;
  report.bits_per_weight =
      8.0 * static_cast<double>(size.data) / static_cast<double>(size.elements);
  // Of another shape there is no more to compare.
  if (!report.config_fault.empty()) return report;
  report.weights = compare_weights(*source.store, *copy.store);
  report.logits =
      compare_logits(*source.decoder, *copy.decoder, windows(source, texts.empty() ? all : texts));
  return report;
}

std::string export_fault(const ExportReport& r) {
  const ExportLimits limits = export_limits(r.type, r.routed);
  if (!r.text.first_fault.empty()) return r.text.first_fault;
  if (!r.config_fault.empty()) return r.config_fault;
  const auto above = [&](const char* what, double value, double limit) {
    return value <= limit
               ? ""
               : fmt::format("{} {:.3g}, {} may have {:.3g}", what, value, r.type, limit);
  };
  std::string fault = above(fmt::format("{} has a row with error", r.weights.tensor).c_str(),
                            r.weights.error, limits.row_error);
  if (fault.empty()) fault = above("the logits have NMSE", r.logits.nmse, limits.nmse);
  if (fault.empty()) fault = above("the mean KL is", r.logits.mean_kl, limits.mean_kl);
  return fault;
}

std::string export_table(const ExportReport& r) {
  const ExportLimits limits = export_limits(r.type, r.routed);
  std::string out;
  const auto row = [&](const char* what, const std::string& value, const std::string& limit) {
    out += fmt::format("{:<16} {:<24} {}\n", what, value, limit);
  };
  const auto at_most = [](double limit) { return fmt::format("at most {:.3g}", limit); };
  row("type", r.type, "");
  row("ids", fmt::format("{} of {} texts", r.text.texts - r.text.differing, r.text.texts),
      fmt::format("{} ids", r.text.ids));
  if (r.config_fault.empty()) {
    row("weights", fmt::format("{:.3g}", r.weights.error),
        fmt::format("{}, of a row{}", at_most(limits.row_error),
                    r.weights.tensor.empty() ? "" : " of " + r.weights.tensor));
    row("NMSE", fmt::format("{:.3g}", r.logits.nmse), at_most(limits.nmse));
    row("top-1", fmt::format("{:.2f}%", 100 * r.logits.top1),
        fmt::format("of {} tokens", r.logits.tokens));
    row("KL mean", fmt::format("{:.3g}", r.logits.mean_kl), at_most(limits.mean_kl));
    row("KL max", fmt::format("{:.3g}", r.logits.max_kl), "");
  }
  row("file", fmt::format("{:.2f} MB", static_cast<double>(r.file_bytes) / 1e6),
      fmt::format("{:.2f} bits a weight", r.bits_per_weight));
  return out;
}

nlohmann::json export_json(const ExportReport& r) {
  nlohmann::json out = {{"path", r.path},
                        {"type", r.type},
                        {"texts", r.text.texts},
                        {"ids", r.text.ids},
                        {"texts_differing", r.text.differing},
                        {"file_bytes", r.file_bytes},
                        {"bits_per_weight", r.bits_per_weight},
                        {"fault", export_fault(r)}};
  if (r.config_fault.empty())
    out.update({{"weight_error", r.weights.error},
                {"weight_error_tensor", r.weights.tensor},
                {"nmse", r.logits.nmse},
                {"top1", r.logits.top1},
                {"kl_mean", r.logits.mean_kl},
                {"kl_max", r.logits.max_kl},
                {"tokens", r.logits.tokens}});
  return out;
}

}  // namespace cohort
