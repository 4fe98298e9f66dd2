#include "model/parameter_store.h"

#include <cmath>
#include <numbers>
#include <span>

#include "core/base/error.h"
#include "core/base/rng.h"
#include "core/base/threads.h"
#include "model/host_memory.h"
#include "model/parameter_layout.h"
#include "model/weight_filler.h"

namespace cohort {

ParameterStore::ParameterStore(const ModelConfig& config, at::ScalarType dtype, at::Device device)
    : config_(config) {
  COHORT_CHECK(dtype == at::kFloat || dtype == at::kBFloat16, "weights are fp32 or bf16, not {}",
               at::toString(dtype));
  ParameterLayout layout = make_parameter_layout(config);
  flat_ = device.is_cpu() ? zeros_in_host_memory(layout.numel, dtype)
                          : at::zeros({layout.numel}, at::TensorOptions(dtype).device(device));
  tensors_ = std::move(layout.tensors);
  for (size_t i = 0; i < tensors_.size(); ++i) index_[tensors_[i].name] = i;
  for (const std::string& name : layout.router_biases)
    buffers_[name] = at::zeros({config.n_routed_experts}, at::kFloat);
  for (const BlockLayout& b : layout.blocks) {
    auto block = std::make_unique<Block>();
    block->offset = b.offset;
    block->shape = b.shape;
    block->mtp = b.mtp;
    int64_t numel = 1;
    for (int64_t size : b.shape) numel *= size;
    block->param.data = flat_.narrow(0, b.offset, numel).view(b.shape);
    blocks_[b.name] = std::move(block);
  }
}

ParameterStore::ParameterStore(const ParameterStore& source, kernels::WeightFormat format)
    : config_(source.config_),
      flat_(source.flat_),
      tensors_(source.tensors_),
      index_(source.index_),
      buffers_(source.buffers_) {
  for (const auto& [name, from] : source.blocks_) {
    auto block = std::make_unique<Block>();
    block->offset = from->offset;
    block->shape = from->shape;
    block->mtp = from->mtp;
    block->param.data = from->param.data;
    block->param.format = format;
    blocks_[name] = std::move(block);
  }
  follow(source);
}

void ParameterStore::follow(const ParameterStore& source) {
  for (auto& [name, block] : blocks_) block->param.version = source.blocks_.at(name)->param.version;
}

at::ScalarType ParameterStore::dtype() const { return flat_.scalar_type(); }

kernels::Param& ParameterStore::block(const std::string& name) {
  const auto found = blocks_.find(name);
  COHORT_CHECK(found != blocks_.end(), "no block {}", name);
  return found->second->param;
}

at::Tensor ParameterStore::tensor(const std::string& name) const {
  const auto found = index_.find(name);
  COHORT_CHECK(found != index_.end(), "no tensor {}", name);
  const TensorEntry& t = tensors_[found->second];
  return flat_.narrow(0, t.offset, t.numel).view(t.shape);
}

void ParameterStore::enable_gradients(int64_t local_shards, bool mtp) {
  COHORT_CHECK(local_shards >= 0, "{} shards", local_shards);
  used_.assign(static_cast<size_t>(local_shards), 1);
  grads_ = at::Tensor();
  if (local_shards > 0 && flat_.is_cpu()) {
    grads_ = zeros_in_host_memory(local_shards * numel(), at::kFloat).view({local_shards, numel()});
  } else if (local_shards > 0) {
    grads_ = at::zeros({local_shards, numel()}, flat_.options().dtype(at::kFloat));
  }
  for (auto& [name, block] : blocks_) {
    block->param.grad = at::Tensor();
    if (local_shards == 0 || (block->mtp && !mtp)) continue;
    // [S, ...shape] inside [S, numel]: contiguous within a shard.
    std::vector<int64_t> shape = {local_shards}, strides = {numel()};
    int64_t stride = 1;
    for (auto size = block->shape.rbegin(); size != block->shape.rend(); ++size) {
      strides.insert(strides.begin() + 1, stride);
      stride *= *size;
    }
    shape.insert(shape.end(), block->shape.begin(), block->shape.end());
    block->param.grad = grads_.as_strided(shape, strides, block->offset);
  }
}

void ParameterStore::zero_gradients(const std::vector<uint8_t>& used) {
  if (!grads_.defined()) return;
  COHORT_CHECK(used.empty() || used.size() == used_.size(), "{} shards, not {}", used.size(),
               used_.size());
  if (!grads_.is_cpu()) {
    grads_.zero_();
    return;
  }
  std::fill(used_.begin(), used_.end(), 1);
  if (!used.empty()) used_ = used;
  constexpr int64_t kPart = 1 << 18;
  const int64_t parts = (numel() + kPart - 1) / kPart;
  parallel_tasks(grads_.size(0) * parts, [&](int64_t i) {
    if (!has_gradients(i / parts)) return;
    const int64_t begin = i % parts * kPart;
    std::fill_n(grads_.data_ptr<float>() + i / parts * numel() + begin,
                std::min(kPart, numel() - begin), 0.0f);
  });
}

void ParameterStore::touch() {
  for (auto& [name, block] : blocks_) ++block->param.version;
}

namespace {

// A tensor's values are drawn in chunks of this size, each its own stream, so that chunks can be
// drawn in parallel.
constexpr int64_t kInitChunk = 1 << 14;
static_assert(WeightFiller::kPiece % kInitChunk == 0);

// normal(0, std) in double, rounded once; draw p of the key gives values 2p and 2p + 1
// (Box-Muller).
void draw_normals(DrawKey key, double std, std::span<float> out) {
  constexpr double kUnit = 0x1.0p-64, kTurn = 2.0 * std::numbers::pi;
  for (size_t i = 0; i < out.size(); i += 2) {
    key.position = static_cast<uint32_t>(i / 2);
    const auto bits = draw_bits(key);
    const double u = (static_cast<double>(uint64_t{bits[0]} << 32 | bits[1]) + 0.5) * kUnit;
    const double v = static_cast<double>(uint64_t{bits[2]} << 32 | bits[3]) * kUnit;
    const double radius = std * std::sqrt(-2.0 * std::log(u));  // u is in (0, 1]
    out[i] = static_cast<float>(radius * std::cos(kTurn * v));
    if (i + 1 < out.size()) out[i + 1] = static_cast<float>(radius * std::sin(kTurn * v));
  }
}

// The key's chunks from `first` on.
void draw_chunks(const DrawKey& key, int64_t first, double std, std::span<float> out) {
  const auto size = static_cast<int64_t>(out.size());
  parallel_tasks((size + kInitChunk - 1) / kInitChunk, [&](int64_t chunk) {
    const int64_t begin = chunk * kInitChunk, end = std::min(begin + kInitChunk, size);
    DrawKey own = key;
    own.sample = static_cast<uint32_t>(first + chunk);
    draw_normals(own, std, {out.data() + begin, out.data() + end});
  });
}

}  // namespace

void ParameterStore::initialise(uint64_t seed, at::Tensor* masters_f32) {
  const double residual_scale =
      config_.scale_residual_init ? 1.0 / std::sqrt(2.0 * config_.num_hidden_layers) : 1.0;
  WeightFiller filler(*this, masters_f32);
  for (size_t t = 0; t < tensors_.size(); ++t) {
    const TensorEntry& entry = tensors_[t];
    const bool into_residual =
        entry.name.ends_with("o_proj.weight") || entry.name.ends_with("down_proj.weight");
    const double std = config_.initializer_range * (into_residual ? residual_scale : 1.0);
    for (int64_t begin = 0; begin < entry.numel; begin += WeightFiller::kPiece) {
      const int64_t count = std::min(WeightFiller::kPiece, entry.numel - begin);
      filler.fill(entry.offset + begin, count, [&](std::span<float> out) {
        if (entry.init != RandomInit::normal) {
          std::ranges::fill(out, entry.init == RandomInit::ones ? 1.0f : 0.0f);
        } else {
          draw_chunks({.seed = seed, .kind = DrawKind::weights, .ordinal = t}, begin / kInitChunk,
                      std, out);
        }
      });
    }
  }
  for (auto& [name, bias] : buffers_) bias.zero_();
}

}  // namespace cohort
