#include "model/gguf/load_gguf.h"

#include <ATen/ops/empty.h>

#include <set>

#include "core/base/error.h"
#include "core/io/gguf/quants.h"
#include "kernels/optimizer/optimizer.h"
#include "model/gguf/gguf_config.h"
#include "model/gguf/row_order.h"
#include "model/gguf/tensor_names.h"
#include "model/tensor_faults.h"

namespace cohort {
namespace {

// Both layouts of a kv_b_proj: whole, or each head's key part transposed beside its value part.
struct KvBNames {
  explicit KvBNames(const std::string& whole_name)
      : whole(whole_name),
        k(whole_name.substr(0, whole_name.find("attn_kv_b")) + "attn_k_b.weight"),
        v(whole_name.substr(0, whole_name.find("attn_kv_b")) + "attn_v_b.weight") {}
  std::string whole, k, v;
};

class Loader {
 public:
  Loader(const GgufFile& file, ParameterStore& store)
      : file_(file), store_(store), config_(store.config()) {}

  void check_names() const {
    TensorFaults faults;
    std::set<std::string> known = {"rope_freqs.weight"};
    const auto expect = [&](const std::string& name, const std::vector<int64_t>& shape) {
      known.insert(name);
      const GgufTensor* found = file_.find(name);
      if (found == nullptr) {
        faults.missing(name);
      } else if (found->shape != shape) {
        faults.misshapen(name, found->shape, shape);
      }
    };
    for (const TensorEntry& t : store_.tensors()) {
      const GgufPlace place = gguf_place(config_, t.name);
      std::vector<int64_t> shape = t.shape;
      if (place.expert >= 0) shape.insert(shape.begin(), config_.n_routed_experts);
      const KvBNames kv_b(place.name);
      if (place.change == GgufChange::kv_b_split && file_.find(kv_b.whole) == nullptr) {
        const int64_t heads = config_.num_attention_heads, latent = config_.kv_lora_rank;
        expect(kv_b.k, {heads, latent, config_.qk_nope_head_dim});
        expect(kv_b.v, {heads, config_.v_head_dim, latent});
      } else {
        expect(place.name, shape);
      }
    }
    for (const auto& [name, bias] : store_.buffers())
      expect(gguf_place(config_, name).name, bias.sizes().vec());
    for (const GgufTensor& tensor : file_.tensors())
      if (!known.contains(tensor.name)) faults.surplus(tensor.name);
    faults.throw_if_any(file_.metadata().file(), "its metadata");
  }

  void load(const TensorEntry& t, std::span<float> out) const {
    const GgufPlace place = gguf_place(config_, t.name);
    if (place.change == GgufChange::kv_b_split && file_.find(place.name) == nullptr)
      return join_kv_b(KvBNames(place.name), out);
    read(place.name, std::max<int64_t>(place.expert, 0), out);
    if (place.change == GgufChange::plus_one)
      for (float& w : out) w -= 1.0f;
    if (place.change == GgufChange::paired_rows) {
      const int64_t columns = t.shape.size() == 1 ? 1 : t.shape[1];
      std::ranges::copy(pairs_to_halves(out, columns, head_rows(config_)), out.begin());
    }
  }

  // Part `part` of the tensor, parts as large as `out`.
  void read(const std::string& name, int64_t part, std::span<float> out) const {
    const GgufTensor& tensor = *file_.find(name);
    const size_t bytes = out.size() / static_cast<size_t>(ggml_block_elements(tensor.type)) *
                         static_cast<size_t>(ggml_block_bytes(tensor.type));
    ggml_dequantize(tensor.type, tensor.data.subspan(static_cast<size_t>(part) * bytes, bytes),
                    out);
    if (!kernels::all_finite(out))
      throw_error<InputError>("{}: tensor {} holds a value that is not finite",
                              file_.metadata().file(), name);
  }

 private:
  // kv_b [heads, nope + value, latent] from k_b [heads, latent, nope] and v_b [heads, value,
  // latent].
  void join_kv_b(const KvBNames& names, std::span<float> out) const {
    const int64_t heads = config_.num_attention_heads, latent = config_.kv_lora_rank;
    const int64_t nope = config_.qk_nope_head_dim, value = config_.v_head_dim;
    std::vector<float> k(static_cast<size_t>(heads * latent * nope));
    std::vector<float> v(static_cast<size_t>(heads * value * latent));
    read(names.k, 0, k);
    read(names.v, 0, v);
    for (int64_t h = 0; h < heads; ++h) {
      float* rows = out.data() + h * (nope + value) * latent;
      for (int64_t d = 0; d < nope; ++d)
        for (int64_t c = 0; c < latent; ++c)
          rows[d * latent + c] = k[static_cast<size_t>((h * latent + c) * nope + d)];
      std::copy_n(v.data() + h * value * latent, value * latent, rows + nope * latent);
    }
  }

  const GgufFile& file_;
  ParameterStore& store_;
  const ModelConfig& config_;
};

}  // namespace

void load_gguf_weights(const GgufFile& file, ParameterStore& store, at::Tensor* masters_f32) {
  const Loader loader(file, store);
  loader.check_names();
  const bool in_place = store.dtype() == at::kFloat && store.device().is_cpu();
  const at::Tensor values = in_place ? store.flat() : at::empty({store.numel()}, at::kFloat);
  float* out = values.mutable_data_ptr<float>();
  for (const TensorEntry& t : store.tensors())
    loader.load(t, std::span(out + t.offset, static_cast<size_t>(t.numel)));
  for (const auto& [name, bias] : store.buffers())
    loader.read(gguf_place(store.config(), name).name, 0,
                std::span(bias.mutable_data_ptr<float>(), static_cast<size_t>(bias.numel())));
  if (!in_place) store.flat().copy_(values);
  if (masters_f32 != nullptr) *masters_f32 = in_place ? values.clone() : values;
  store.touch();
}

}  // namespace cohort
