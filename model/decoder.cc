#include "model/decoder.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/scalar_tensor.h>

#include <optional>

#include "core/base/error.h"
#include "kernels/autograd_node.h"
#include "kernels/embedding/embedding.h"
#include "kernels/linear/linear.h"
#include "kernels/rms_norm/rms_norm.h"
#include "model/layers/feed_forward.h"
#include "model/layers/gqa.h"
#include "model/layers/mla.h"
#include "model/layers/recompute.h"
#include "model/parameter_layout.h"

namespace cohort {
namespace {

// Pre-norm residual layer: x += Attn(norm(x)); x += FFN(norm(x)). Gemma norms what is added, too:
// x += norm(Attn(norm(x))).
struct Layer {
  Layer(ParameterStore& store, int64_t index, bool moe, int64_t load_row,
        const kernels::RopeTable& rope)
      : input_norm(&store.block(layer_prefix(index) + "input_layernorm")) {
    const ModelConfig& c = store.config();
    const std::string prefix = layer_prefix(index), mlp = prefix + "mlp.";
    if (c.gemma()) {
      attention_out_norm = &store.block(prefix + "post_attention_layernorm");
      ffn_norm = &store.block(prefix + "pre_feedforward_layernorm");
      ffn_out_norm = &store.block(prefix + "post_feedforward_layernorm");
    } else {
      ffn_norm = &store.block(prefix + "post_attention_layernorm");
    }
    if (c.latent_attention()) {
      attention = std::make_unique<Mla>(store, prefix + "self_attn.", rope);
    } else {
      const int64_t window = c.sliding(index) ? c.sliding_window : 0;
      attention = std::make_unique<Gqa>(store, prefix + "self_attn.", rope, window);
    }
    if (moe) {
      experts.emplace(store, mlp, load_row);
    } else {
      dense.emplace(store, mlp);
    }
  }

  at::Tensor feed_forward(const at::Tensor& x, const DecoderInput& input) const {
    return experts ? experts->forward(x, input) : dense->forward(x, input.shards);
  }

  const kernels::Param *input_norm, *ffn_norm;
  const kernels::Param *attention_out_norm = nullptr, *ffn_out_norm = nullptr;  // Gemma's
  std::unique_ptr<AttentionLayer> attention;
  std::optional<SwigluMlp> dense;
  std::optional<MoeMlp> experts;
};

struct Mtp {
  Mtp(ParameterStore& store, const kernels::RopeTable& rope)
      : Mtp(store, mtp_layer(store.config()), rope) {}
  Mtp(ParameterStore& store, int64_t index, const kernels::RopeTable& rope)
      : enorm(&store.block(layer_prefix(index) + "enorm")),
        hnorm(&store.block(layer_prefix(index) + "hnorm")),
        projection(&store.block(layer_prefix(index) + "eh_proj")),
        norm(&store.block(layer_prefix(index) + "shared_head.norm")),
        layer(store, index, /*moe=*/true, store.config().num_moe_layers(), rope) {}

  const kernels::Param *enorm, *hnorm, *projection, *norm;
  Layer layer;
};

}  // namespace

struct Decoder::Impl {
  explicit Impl(ParameterStore& s)
      : store(s),
        config(s.config()),
        form(config.rms_norm_eps, config.gemma()),
        rope(table(config.rope())),
        local_rope(config.gemma() ? table(config.local_rope()) : rope),
        embedding(&s.block("model.embed_tokens")),
        norm(&s.block("model.norm")),
        head(config.tie_word_embeddings ? embedding : &s.block("lm_head")) {
    layers.reserve(static_cast<size_t>(config.num_hidden_layers));
    for (int64_t i = 0; i < config.num_hidden_layers; ++i)
      layers.emplace_back(s, i, config.is_moe(i), i - config.first_k_dense_replace,
                          config.sliding(i) ? local_rope : rope);
    if (config.num_nextn_predict_layers > 0) mtp.emplace(s, rope);
  }

  kernels::RopeTable table(const kernels::RopeConfig& rope_config) const {
    return kernels::make_rope_table(rope_config, config.max_position_embeddings).to(store.device());
  }

  at::Tensor embed(const at::Tensor& tokens, const kernels::RowShards& shards) const {
    const at::Tensor x = kernels::embedding(tokens, *embedding, shards);
    const double scale = config.embedding_scale();
    if (scale == 1) return x;
    // Rounded to the weights' dtype first, as transformers does.
    return at::mul(x, at::scalar_tensor(scale, x.options()).item());
  }

  // What a part adds to the residual stream.
  at::Tensor added(const at::Tensor& out, const kernels::Param* norm,
                   const kernels::RowShards& shards) const {
    return norm == nullptr ? out : kernels::rms_norm(out, *norm, form, shards);
  }

  // One layer, given the residual stream and its norm; the result is normed by `next_norm`.
  kernels::NormedResidual run(const Layer& layer, const kernels::NormedResidual& x,
                              const kernels::Param& next_norm, const DecoderInput& input,
                              const at::Tensor& k, const at::Tensor& v) const {
    const kernels::RowShards& shards = input.shards;
    const at::Tensor attended = layer.attention->forward(x.normed, input, k, v);
    const auto middle =
        kernels::add_rms_norm(x.residual, added(attended, layer.attention_out_norm, shards),
                              *layer.ffn_norm, form, shards);
    const at::Tensor fed = layer.feed_forward(middle.normed, input);
    return kernels::add_rms_norm(middle.residual, added(fed, layer.ffn_out_norm, shards), next_norm,
                                 form, shards);
  }

  // run(), or the same with its activations computed again in backward.
  kernels::NormedResidual run_or_recompute(const Layer& layer, const kernels::NormedResidual& x,
                                           const kernels::Param& next_norm,
                                           const DecoderInput& input, const at::Tensor& k,
                                           const at::Tensor& v) const {
    if (!input.recompute_layers || !kernels::takes_gradient(x.residual))
      return run(layer, x, next_norm, input, k, v);
    const auto first = [&](const kernels::NormedResidual& state) {
      return run(layer, state, next_norm, input, {}, {});
    };
    // The second time nothing is counted; the balance loss keeps its gradient.
    DecoderInput quiet = input;
    quiet.load = quiet.expert_sets = at::Tensor();
    std::optional<kernels::BalanceLoss> balance;
    if (input.balance != nullptr) {
      balance = *input.balance;
      balance->loss = nullptr;
    }
    return recomputed_in_backward(
        x, first, [this, &layer, &next_norm, quiet, balance](const kernels::NormedResidual& state) {
          DecoderInput again = quiet;
          again.balance = balance ? &*balance : nullptr;
          return run(layer, state, next_norm, again, {}, {});
        });
  }

  ParameterStore& store;
  const ModelConfig& config;
  kernels::RmsNormForm form;
  kernels::RopeTable rope, local_rope;  // of full and of sliding layers
  const kernels::Param *embedding, *norm, *head;
  std::vector<Layer> layers;
  std::optional<Mtp> mtp;
};

Decoder::Decoder(ParameterStore& store) : impl_(std::make_unique<Impl>(store)) {}
Decoder::~Decoder() = default;

at::Tensor Decoder::hidden(const DecoderInput& input) {
  const Impl& m = *impl_;
  const at::Tensor x = m.embed(input.tokens, input.shards);
  kernels::NormedResidual state = {
      x, kernels::rms_norm(x, *m.layers[0].input_norm, m.form, input.shards)};
  for (size_t i = 0; i < m.layers.size(); ++i) {
    const kernels::Param& next = i + 1 < m.layers.size() ? *m.layers[i + 1].input_norm : *m.norm;
    const bool cached = input.cache != nullptr;
    state = m.run_or_recompute(m.layers[i], state, next, input,
                               cached ? input.cache->k[i] : at::Tensor(),
                               cached ? input.cache->v[i] : at::Tensor());
  }
  return state.normed;
}

at::Tensor Decoder::mtp_hidden(const DecoderInput& input, const at::Tensor& hidden,
                               const at::Tensor& next_tokens) {
  COHORT_CHECK(impl_->mtp.has_value(), "the model has no multi-token-prediction module");
  COHORT_CHECK(input.cache == nullptr, "multi-token prediction has no cache");
  const Impl& m = *impl_;
  const Mtp& mtp = *m.mtp;
  const at::Tensor next = kernels::embedding(next_tokens, *m.embedding, input.shards);
  // The embedding comes first, as the released weights want it.
  const at::Tensor both = at::cat({kernels::rms_norm(next, *mtp.enorm, m.form, input.shards),
                                   kernels::rms_norm(hidden, *mtp.hnorm, m.form, input.shards)},
                                  1);
  const at::Tensor x = kernels::linear(both, *mtp.projection, input.shards);
  const kernels::NormedResidual state = {
      x, kernels::rms_norm(x, *mtp.layer.input_norm, m.form, input.shards)};
  return m.run_or_recompute(mtp.layer, state, *mtp.norm, input, {}, {}).normed;
}

const kernels::Param& Decoder::head() const { return *impl_->head; }
const ModelConfig& Decoder::config() const { return impl_->config; }
ParameterStore& Decoder::store() { return impl_->store; }

}  // namespace cohort
