#include "model/exactness_probe.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cstring>
#include <numeric>

#include "core/base/rng.h"
#include "core/base/threads.h"
#include "kernels/linear/linear.h"
#include "model/compute_device.h"
#include "model/sequence_logits.h"

namespace cohort {
namespace {

constexpr int64_t kTokens = 40;  // crosses key blocks of attention and row blocks of the GEMM
constexpr int64_t kOtherTokens = 13;

std::vector<int32_t> random_ids(int64_t count, int64_t vocab, uint64_t seed) {
  DrawStream draws({.seed = seed, .kind = DrawKind::data});
  std::vector<int32_t> ids(static_cast<size_t>(count));
  for (int32_t& id : ids) id = static_cast<int32_t>(draws.next_below(static_cast<uint64_t>(vocab)));
  return ids;
}

// Sequence `ids` after another one in the same batch; its rows are the last ids.size().
DecoderInput after_another(std::span<const int32_t> other, std::span<const int32_t> ids) {
  std::vector<int32_t> both(other.begin(), other.end());
  both.insert(both.end(), ids.begin(), ids.end());
  DecoderInput input = single_sequence(both);
  const auto first = static_cast<int64_t>(other.size()), last = static_cast<int64_t>(both.size());
  auto layout = std::make_shared<kernels::AttentionLayout>();
  layout->query_offsets = layout->key_offsets = {0, first, last};
  layout->first_position = {0, 0};
  layout->key_rows.resize(both.size());
  std::iota(layout->key_rows.begin(), layout->key_rows.end(), 0);
  input.layout = std::move(layout);
  auto* positions = input.positions.mutable_data_ptr<int32_t>();
  std::iota(positions + first, positions + last, 0);
  return input;
}

// The rows [begin, end) of a sequence whose earlier keys are in the cache; slot = position.
DecoderInput cached_rows(std::span<const int32_t> ids, int64_t begin, int64_t end, KvCache& cache) {
  DecoderInput input = single_sequence(ids.subspan(begin, end - begin));
  auto* positions = input.positions.mutable_data_ptr<int32_t>();
  std::iota(positions, positions + (end - begin), static_cast<int32_t>(begin));
  auto layout = std::make_shared<kernels::AttentionLayout>();
  layout->query_offsets = {0, end - begin};
  layout->first_position = {begin};
  layout->key_offsets = {0, end};
  layout->key_rows.resize(static_cast<size_t>(end));
  std::iota(layout->key_rows.begin(), layout->key_rows.end(), 0);
  input.layout = std::move(layout);
  input.cache = &cache;
  input.slots = input.positions;
  return input;
}

// Position of the first row of `got` that differs from row `first` + 0, 1, ... of `want`; -1 when
// none does.
int64_t first_difference(const at::Tensor& want_any, int64_t first, const at::Tensor& got_any,
                         int64_t got_first = 0) {
  const at::Tensor want = want_any.cpu(), got = got_any.cpu();
  const auto row_bytes = static_cast<size_t>(want.size(1)) * want.element_size();
  const auto* a = static_cast<const char*>(want.const_data_ptr());
  const auto* b = static_cast<const char*>(got.const_data_ptr());
  for (int64_t row = 0; row < got.size(0) - got_first; ++row)
    if (std::memcmp(a + (first + row) * row_bytes, b + (got_first + row) * row_bytes, row_bytes) !=
        0)
      return first + row;
  return -1;
}

class ThreadsGuard {
 public:
  explicit ThreadsGuard(int threads) : before_(num_threads()) { set_num_threads(threads); }
  ~ThreadsGuard() { set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace

std::optional<std::string> probe_exactness(Decoder& decoder) {
  const at::NoGradGuard no_grad;
  const ModelConfig& config = decoder.config();
  const int64_t tokens = std::min(kTokens, config.max_position_embeddings);
  const std::vector<int32_t> ids = random_ids(tokens, config.vocab_size, 1);
  const std::vector<int32_t> other = random_ids(kOtherTokens, config.vocab_size, 2);
  const at::Tensor whole_TH = decoder.hidden(single_sequence(ids)).contiguous();
  const auto report = [&](const std::string& way, int64_t position) -> std::optional<std::string> {
    if (position < 0) return std::nullopt;
    return fmt::format(
        "{}: the hidden row of position {} has other bits than in the whole sequence", way,
        position);
  };

  const at::Tensor batched = decoder.hidden(after_another(other, ids)).contiguous();
  if (auto failure =
          report("beside another sequence", first_difference(whole_TH, 0, batched, kOtherTokens)))
    return failure;

  constexpr int64_t kBlockSize = 16;
  for (const int64_t chunk : {int64_t{1}, int64_t{7}}) {
    KvCache cache(config, decoder.store().dtype(), (tokens + kBlockSize - 1) / kBlockSize,
                  kBlockSize, decoder.store().device());
    for (int64_t begin = 0; begin < tokens; begin += chunk) {
      const int64_t end = std::min(tokens, begin + chunk);
      const at::Tensor rows = decoder.hidden(cached_rows(ids, begin, end, cache)).contiguous();
      if (auto failure = report(fmt::format("through the cache, {} at a time", chunk),
                                first_difference(whole_TH, begin, rows)))
        return failure;
    }
  }

  const ThreadsGuard one_thread(1);
  return report("on one thread",
                first_difference(whole_TH, 0, decoder.hidden(single_sequence(ids)).contiguous()));
}

const char* kernel_name(at::ScalarType dtype) {
  return compute_device().is_cpu() ? kernels::linear_kernel_name(dtype) : "cuda";
}

}  // namespace cohort
