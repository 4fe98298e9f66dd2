#include "trainer/batch.h"

#include <numeric>

#include "core/base/error.h"

namespace cohort {
namespace {

// Some samples of a group, packed together with its prompt's rows.
struct Piece {
  int64_t group = 0;
  std::vector<int64_t> samples;
  bool first = true;  // the group's first piece
  int64_t rows = 0;
};

// The pieces of one shard that are computed in one pass.
struct Part {
  std::vector<Piece> pieces;
  int64_t rows = 0;
};

// A sample's own rows: token t is a row if a later token counts. -1: no token counts.
int64_t own_rows(const TrainSample& sample) {
  for (auto t = static_cast<int64_t>(sample.mask.size()) - 1; t >= 0; --t) {
    if (sample.mask[t]) return t;
  }
  return -1;
}

// One piece, or as few as keep to max_tokens with at least one sample each.
std::vector<Piece> cut_group(const std::vector<TrainGroup>& groups, int64_t index,
                             const PackOptions& options) {
  const TrainGroup& group = groups[index];
  const auto prompt_rows = static_cast<int64_t>(group.prompt.size());
  std::vector<Piece> pieces;
  for (size_t i = 0; i < group.samples.size(); ++i) {
    const TrainSample& sample = group.samples[i];
    COHORT_CHECK(sample.mask.size() == sample.tokens.size(),
                 "group {} sample {}: {} tokens, {} mask entries", index, i, sample.tokens.size(),
                 sample.mask.size());
    const int64_t rows = own_rows(sample);
    if (rows < 0) continue;
    COHORT_CHECK(prompt_rows > 0, "group {} has no prompt token to predict from", index);
    const bool full =
        !pieces.empty() && options.max_tokens > 0 && pieces.back().rows + rows > options.max_tokens;
    if (pieces.empty() || options.linear || full) {
      pieces.push_back(
          {.group = index, .samples = {}, .first = pieces.empty(), .rows = prompt_rows});
    }
    pieces.back().samples.push_back(static_cast<int64_t>(i));
    pieces.back().rows += rows;
  }
  return pieces;
}

std::vector<Part> plan_shard(const std::vector<TrainGroup>& groups,
                             const std::vector<int64_t>& shard, const PackOptions& options) {
  std::vector<Part> parts;
  for (int64_t index : shard) {
    for (Piece& piece : cut_group(groups, index, options)) {
      const bool full = !parts.empty() && options.max_tokens > 0 &&
                        parts.back().rows + piece.rows > options.max_tokens;
      if (parts.empty() || full) parts.emplace_back();
      parts.back().rows += piece.rows;
      parts.back().pieces.push_back(std::move(piece));
    }
  }
  return parts;
}

template <class T>
at::Tensor tensor_of(const std::vector<T>& values, at::ScalarType dtype) {
  at::Tensor tensor = at::empty({static_cast<int64_t>(values.size())}, dtype);
  std::copy(values.begin(), values.end(), static_cast<T*>(tensor.data_ptr()));
  return tensor;
}

class MicroBatchBuilder {
 public:
  explicit MicroBatchBuilder(bool linear) : linear_(linear) {}

  void add_piece(const std::vector<TrainGroup>& groups, const Piece& piece) {
    const TrainGroup& group = groups[piece.group];
    const int64_t first_row = rows();
    const auto prompt_rows = static_cast<int64_t>(group.prompt.size());
    for (int64_t p = 0; p < prompt_rows; ++p) add_row(group.prompt[p], p, piece.first);
    add_sequence(first_row, prompt_rows, 0, first_row, prompt_rows);
    for (int64_t index : piece.samples) {
      const TrainSample& sample = group.samples[index];
      const int64_t sample_row = rows();
      const int64_t num_rows = own_rows(sample);
      for (int64_t t = 0; t < num_rows; ++t) add_row(sample.tokens[t], prompt_rows + t, true);
      if (num_rows > 0) add_sequence(sample_row, num_rows, prompt_rows, first_row, prompt_rows);
      add_predictions(piece.group, index, sample, first_row, prompt_rows, sample_row);
      add_balance_sequence(piece, index, sample_row);
    }
    if (linear_) add_next_tokens(group, group.samples[piece.samples.front()], first_row);
    layout_->tree_offsets.push_back(static_cast<int64_t>(layout_->first_position.size()));
  }

  void end_shard() {
    shards_->push_back(rows());
    prediction_shards_->push_back(static_cast<int64_t>(batch_.predictions.size()));
    mtp_prediction_shards_->push_back(static_cast<int64_t>(batch_.mtp_predictions.size()));
  }

  MicroBatch finish() {
    batch_.input.tokens = tensor_of(tokens_, at::kInt);
    batch_.input.positions = tensor_of(positions_, at::kInt);
    batch_.input.load_mask = tensor_of(load_mask_, at::kByte);
    batch_.input.layout = layout_;
    batch_.input.shards = shards_;
    batch_.prediction_shards = prediction_shards_;
    if (linear_) {
      batch_.next_tokens = tensor_of(next_tokens_, at::kInt);
      batch_.mtp_prediction_shards = mtp_prediction_shards_;
    }
    return std::move(batch_);
  }

 private:
  using Offsets = std::shared_ptr<std::vector<int64_t>>;
  static Offsets offsets_from_zero() { return std::make_shared<std::vector<int64_t>>(1, 0); }

  int64_t rows() const { return static_cast<int64_t>(tokens_.size()); }

  void add_row(int32_t token, int64_t position, bool counts_in_load) {
    tokens_.push_back(token);
    positions_.push_back(static_cast<int32_t>(position));
    load_mask_.push_back(counts_in_load);
  }

  // Queries: `num_rows` rows from `row` at positions from `position`. Keys: the prompt's rows, then
  // the queries' own.
  void add_sequence(int64_t row, int64_t num_rows, int64_t position, int64_t prompt_row,
                    int64_t prompt_rows) {
    std::vector<int32_t>& keys = layout_->key_rows;
    for (int64_t p = 0; p < prompt_rows; ++p) keys.push_back(static_cast<int32_t>(prompt_row + p));
    if (position > 0) {
      for (int64_t t = 0; t < num_rows; ++t) keys.push_back(static_cast<int32_t>(row + t));
    }
    layout_->first_position.push_back(position);
    layout_->query_offsets.push_back(row + num_rows);
    layout_->key_offsets.push_back(static_cast<int64_t>(keys.size()));
  }

  // Token t is predicted by the row before it: the prompt's last row for t = 0. Depth 1 of
  // multi-token prediction sees token t - 1 too and predicts from the row before that.
  void add_predictions(int64_t group, int64_t index, const TrainSample& sample, int64_t prompt_row,
                       int64_t prompt_rows, int64_t sample_row) {
    for (size_t i = 0; i < sample.tokens.size(); ++i) {
      if (!sample.mask[i]) continue;
      const auto t = static_cast<int64_t>(i);
      const auto row_of = [&](int64_t position) {
        return static_cast<int32_t>(position < 0 ? prompt_row + prompt_rows + position
                                                 : sample_row + position);
      };
      Prediction prediction{row_of(t - 1), sample.tokens[i], static_cast<int32_t>(group),
                            static_cast<int32_t>(index), static_cast<int32_t>(t)};
      batch_.predictions.push_back(prediction);
      if (linear_ && prompt_rows + t >= 2) {
        prediction.row = row_of(t - 2);
        batch_.mtp_predictions.push_back(prediction);
      }
    }
  }

  void add_balance_sequence(const Piece& piece, int64_t index, int64_t sample_row) {
    std::vector<int64_t>& offsets = batch_.sequence_offsets;
    if (offsets.empty()) offsets.push_back(0);
    if (index == piece.samples.front() && !piece.first) {
      offsets.push_back(sample_row);
      batch_.sequence_counts.push_back(0);
    }
    if (rows() == offsets.back()) return;
    offsets.push_back(rows());
    batch_.sequence_counts.push_back(1);
  }

  void add_next_tokens(const TrainGroup& group, const TrainSample& sample, int64_t first_row) {
    next_tokens_.insert(next_tokens_.end(), tokens_.begin() + first_row + 1, tokens_.end());
    next_tokens_.push_back(
        sample.tokens[rows() - first_row - static_cast<int64_t>(group.prompt.size())]);
  }

  bool linear_;
  MicroBatch batch_;
  std::vector<int32_t> tokens_, positions_, next_tokens_;
  std::vector<uint8_t> load_mask_;
  std::shared_ptr<kernels::AttentionLayout> layout_ =
      std::make_shared<kernels::AttentionLayout>(kernels::AttentionLayout{.query_offsets = {0},
                                                                          .first_position = {},
                                                                          .key_offsets = {0},
                                                                          .key_rows = {},
                                                                          .tree_offsets = {0}});
  Offsets shards_ = offsets_from_zero(), prediction_shards_ = offsets_from_zero(),
          mtp_prediction_shards_ = offsets_from_zero();
};

int64_t group_tokens(const TrainGroup& group) {
  auto tokens = static_cast<int64_t>(group.prompt.size());
  for (const TrainSample& sample : group.samples)
    tokens += static_cast<int64_t>(sample.tokens.size());
  return tokens;
}

}  // namespace

std::vector<std::vector<int64_t>> deal_to_shards(const std::vector<TrainGroup>& groups,
                                                 int64_t dp_shards) {
  std::vector<int64_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return group_tokens(groups[a]) > group_tokens(groups[b]);
  });
  std::vector<std::vector<int64_t>> shards(dp_shards);
  std::vector<int64_t> load(dp_shards, 0);
  for (int64_t index : order) {
    const auto lightest = std::min_element(load.begin(), load.end()) - load.begin();
    shards[lightest].push_back(index);
    load[lightest] += group_tokens(groups[index]);
  }
  for (auto& shard : shards) std::sort(shard.begin(), shard.end());
  return shards;
}

std::vector<MicroBatch> pack(const std::vector<TrainGroup>& groups,
                             const std::vector<std::vector<int64_t>>& shards, int64_t first_shard,
                             int64_t num_local_shards, const PackOptions& options) {
  std::vector<std::vector<Part>> plans;
  size_t num_batches = 0;
  for (int64_t s = first_shard; s < first_shard + num_local_shards; ++s) {
    plans.push_back(plan_shard(groups, shards[s], options));
    num_batches = std::max(num_batches, plans.back().size());
  }
  std::vector<MicroBatch> batches;
  for (size_t j = 0; j < num_batches; ++j) {
    MicroBatchBuilder builder(options.linear);
    for (const std::vector<Part>& parts : plans) {
      if (j < parts.size()) {
        for (const Piece& piece : parts[j].pieces) builder.add_piece(groups, piece);
      }
      builder.end_shard();
    }
    batches.push_back(builder.finish());
  }
  return batches;
}

}  // namespace cohort
