#include "model/gguf/save_gguf.h"

#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/io/gguf/quants.h"
#include "model/gguf/gguf_config.h"
#include "model/gguf/row_order.h"
#include "model/gguf/tensor_names.h"
#include "model/parameter_layout.h"

namespace cohort {
namespace {

constexpr uint32_t kQuantizationVersion = 2;  // of ggml's blocks

// A tensor of the file: its values are made when their turn comes.
struct Piece {
  GgufTensorInfo info;
  std::function<std::vector<float>()> values;
};

class Saver {
 public:
  Saver(const ParameterStore& store, const at::Tensor& masters)
      : store_(store), config_(store.config()), flat_(masters.const_data_ptr<float>()) {}

  // Their values are made by this saver, which must live until then.
  std::vector<Piece> pieces() {
    for (const TensorEntry& t : store_.tensors())
      if (!t.mtp) add(t);
    for (const auto& [name, bias] : store_.buffers()) {
      if (name.starts_with(layer_prefix(mtp_layer(config_)))) continue;
      const float* values = bias.const_data_ptr<float>();
      add({gguf_place(config_, name).name, GgmlType::f32, bias.sizes().vec()},
          [values, n = bias.numel()] { return std::vector<float>(values, values + n); });
    }
    if (const std::vector<float> divisors = rope_divisors(config_); !divisors.empty())
      add({"rope_freqs.weight", GgmlType::f32, {std::ssize(divisors)}},
          [divisors] { return divisors; });
    return std::move(pieces_);
  }

 private:
  void add(GgufTensorInfo info, std::function<std::vector<float>()> values) {
    pieces_.push_back({std::move(info), std::move(values)});
  }

  std::vector<float> values_of(const TensorEntry& t) const {
    return {flat_ + t.offset, flat_ + t.offset + t.numel};
  }

  void add(const TensorEntry& t) {
    const GgufPlace place = gguf_place(config_, t.name);
    if (place.expert > 0) return;  // with the first
    GgufTensorInfo info = {place.name, GgmlType::f32, t.shape};
    if (place.expert == 0) {
      info.shape.insert(info.shape.begin(), config_.n_routed_experts);
      return add(info, [this, name = t.name] { return stacked_experts(name); });
    }
    switch (place.change) {
      case GgufChange::none:
        return add(info, [this, &t] { return values_of(t); });
      case GgufChange::plus_one:
        return add(info, [this, &t] {
          std::vector<float> values = values_of(t);
          for (float& w : values) w += 1.0f;
          return values;
        });
      case GgufChange::paired_rows:
        return add(info, [this, &t] {
          return halves_to_pairs(values_of(t), t.shape.size() == 1 ? 1 : t.shape[1],
                                 config_.query_dim());
        });
      case GgufChange::kv_b_split:
        return add_kv_b(t, kv_b_names(place.name));
    }
  }

  // All experts' tensors of the kind that expert 0's name has.
  std::vector<float> stacked_experts(const std::string& first) const {
    const size_t at = first.find(".experts.0.") + std::string(".experts.").size();
    std::vector<float> all;
    for (int64_t e = 0; e < config_.n_routed_experts; ++e) {
      const at::Tensor expert =
          store_.tensor(first.substr(0, at) + std::to_string(e) + first.substr(at + 1));
      const int64_t offset = expert.storage_offset();
      all.insert(all.end(), flat_ + offset, flat_ + offset + expert.numel());
    }
    return all;
  }

  // kv_b [heads, nope + value, latent]: each head's key rows transposed, and its value rows.
  void add_kv_b(const TensorEntry& t, const KvBNames& names) {
    const int64_t heads = config_.num_attention_heads, latent = config_.kv_lora_rank;
    const int64_t nope = config_.qk_nope_head_dim, value = config_.v_head_dim;
    const float* kv_b = flat_ + t.offset;
    add({names.key, GgmlType::f32, {heads, latent, nope}}, [=] {
      std::vector<float> k(static_cast<size_t>(heads * latent * nope));
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t c = 0; c < latent; ++c)
          for (int64_t d = 0; d < nope; ++d)
            k[static_cast<size_t>((h * latent + c) * nope + d)] =
                kv_b[(h * (nope + value) + d) * latent + c];
      return k;
    });
    add({names.value, GgmlType::f32, {heads, value, latent}}, [=] {
      std::vector<float> v;
      for (int64_t h = 0; h < heads; ++h) {
        const float* rows = kv_b + (h * (nope + value) + nope) * latent;
        v.insert(v.end(), rows, rows + value * latent);
      }
      return v;
    });
  }

  const ParameterStore& store_;
  const ModelConfig& config_;
  const float* flat_;
  std::vector<Piece> pieces_;
};

void check_range(const std::string& path, const GgufTensorInfo& info,
                 const std::vector<float>& values) {
  const float most = ggml_largest(info.type);
  for (size_t i = 0; i < values.size(); ++i)
    if (!(std::fabs(values[i]) <= most))
      throw_error<InputError>("{}: tensor {}: [{}] is {}, {} holds at most {}", path, info.name, i,
                              values[i], ggml_type_name(info.type), most);
}

}  // namespace

void save_gguf(const std::string& path, const ParameterStore& store, const at::Tensor& masters,
               const Tokenizer& tokenizer, GgufFileType type, const std::string& name) {
  COHORT_CHECK(masters.numel() == store.numel() && masters.is_contiguous() &&
                   masters.scalar_type() == at::kFloat && masters.device().is_cpu(),
               "save_gguf: masters are fp32 in the store's flat order");
  const ModelConfig& c = store.config();
  const std::string architecture = gguf_architecture(c);
  GgufMetadata metadata(path);
  metadata.add("general.architecture", architecture);
  metadata.add("general.type", std::string("model"));
  metadata.add("general.name", name);
  metadata.add("general.file_type", static_cast<uint32_t>(type));
  metadata.add("general.quantization_version", kQuantizationVersion);
  write_gguf_config(c, metadata);
  tokenizer.write_gguf(c.vocab_size, metadata);

  const GgufModelFacts facts = {.architecture = architecture,
                                .layers = c.num_hidden_layers,
                                .heads = c.num_attention_heads,
                                .kv_heads = c.latent_attention() ? 1 : c.kv_heads(),
                                .experts = c.num_moe_layers() > 0 ? c.n_routed_experts : 0,
                                .tied = c.tie_word_embeddings};
  Saver saver(store, masters);
  std::vector<Piece> pieces = saver.pieces();
  std::vector<GgufTensorInfo> infos;
  for (Piece& piece : pieces) {
    piece.info.type = gguf_tensor_type(type, facts, piece.info.name, piece.info.shape);
    infos.push_back(piece.info);
  }
  GgufWriter writer(path, metadata, infos);
  std::vector<std::byte> data;
  for (const Piece& piece : pieces) {
    const std::vector<float> values = piece.values();
    check_range(path, piece.info, values);
    data.resize(ggml_bytes(piece.info.type, values.size()));
    ggml_quantize(piece.info.type, values, data);
    writer.append(piece.info.name, data);
  }
  writer.finish();
}

}  // namespace cohort
