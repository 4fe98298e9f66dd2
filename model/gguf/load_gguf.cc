#include "model/gguf/load_gguf.h"

#include <set>

#include "core/base/error.h"
#include "kernels/optimizer/optimizer.h"
#include "model/gguf/gguf_config.h"
#include "model/gguf/row_order.h"
#include "model/gguf/tensor_names.h"
#include "model/stored_values.h"
#include "model/tensor_faults.h"
#include "model/weight_filler.h"

namespace cohort {
namespace {

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
      if (is_split(place)) {
        const KvBNames kv_b = kv_b_names(place.name);
        const int64_t heads = config_.num_attention_heads, latent = config_.kv_lora_rank;
        expect(kv_b.key, {heads, latent, config_.qk_nope_head_dim});
        expect(kv_b.value, {heads, config_.v_head_dim, latent});
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

  void load(const TensorEntry& t, WeightFiller& filler) const {
    const GgufPlace place = gguf_place(config_, t.name);
    if (is_split(place)) {
      filler.fill(t.offset, t.numel,
                  [&](std::span<float> out) { join_kv_b(kv_b_names(place.name), out); });
      return;
    }
    const int64_t first = std::max<int64_t>(place.expert, 0) * t.numel;
    // Whole heads are moved; others come in pieces.
    const int64_t piece = place.change == GgufChange::paired_rows ? t.numel : WeightFiller::kPiece;
    for (int64_t begin = 0; begin < t.numel; begin += piece) {
      filler.fill(t.offset + begin, std::min(piece, t.numel - begin), [&](std::span<float> out) {
        read(place.name, first + begin, out);
        if (place.change == GgufChange::plus_one)
          for (float& w : out) w -= 1.0f;
        if (place.change == GgufChange::paired_rows) {
          const int64_t columns = t.shape.size() == 1 ? 1 : t.shape[1];
          std::ranges::copy(pairs_to_halves(out, columns, config_.query_dim()), out.begin());
        }
      });
    }
  }

  // Elements of a tensor from `first` on, which begins a block.
  void read(const std::string& name, int64_t first, std::span<float> out) const {
    const GgufTensor& tensor = *file_.find(name);
    const auto data = tensor.data.subspan(ggml_bytes(tensor.type, static_cast<size_t>(first)),
                                          ggml_bytes(tensor.type, out.size()));
    dequantize(tensor.type, data, out);
    if (!kernels::all_finite(out))
      throw_error<InputError>("{}: tensor {} holds a value that is not finite",
                              file_.metadata().file(), name);
    file_.release(data);
  }

 private:
  bool is_split(const GgufPlace& place) const {
    return place.change == GgufChange::kv_b_split && file_.find(place.name) == nullptr;
  }

  // kv_b [heads, nope + value, latent] from k_b [heads, latent, nope] and v_b [heads, value,
  // latent].
  void join_kv_b(const KvBNames& names, std::span<float> out) const {
    const int64_t heads = config_.num_attention_heads, latent = config_.kv_lora_rank;
    const int64_t nope = config_.qk_nope_head_dim, value = config_.v_head_dim;
    std::vector<float> k(static_cast<size_t>(heads * latent * nope));
    std::vector<float> v(static_cast<size_t>(heads * value * latent));
    read(names.key, 0, k);
    read(names.value, 0, v);
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
  WeightFiller filler(store, masters_f32);
  for (const TensorEntry& t : store.tensors()) loader.load(t, filler);
  for (const auto& [name, bias] : store.buffers())
    loader.read(gguf_place(store.config(), name).name, 0,
                std::span(bias.mutable_data_ptr<float>(), static_cast<size_t>(bias.numel())));
}

}  // namespace cohort
