#include "trainer/passes.h"

#include <algorithm>

#include "core/base/error.h"
#include "kernels/rows/rows.h"
#include "kernels/token_logprob/token_logprob.h"

namespace cohort {

Predicted predict(const Decoder& decoder, const at::Tensor& hidden,
                  const std::vector<Prediction>& predictions, const kernels::RowShards& shards,
                  double temperature, int64_t num_valid) {
  const auto count = static_cast<int64_t>(predictions.size());
  at::Tensor rows = at::empty({count}, at::kInt);
  at::Tensor targets = at::empty({count}, at::kInt);
  for (int64_t i = 0; i < count; ++i) {
    rows.data_ptr<int32_t>()[i] = predictions[i].row;
    targets.data_ptr<int32_t>()[i] = predictions[i].target;
  }
  auto [logprob, entropy] = kernels::token_logprob(kernels::pick_rows(hidden, rows), decoder.head(),
                                                   targets, temperature, num_valid, shards);
  return {logprob, entropy};
}

void each_sample(const std::vector<Prediction>& predictions,
                 const std::function<void(std::span<const Prediction> run, size_t begin)>& visit) {
  for (size_t begin = 0; begin < predictions.size();) {
    size_t end = begin + 1;
    while (end < predictions.size() && predictions[end].group == predictions[begin].group &&
           predictions[end].sample == predictions[begin].sample) {
      ++end;
    }
    visit(std::span(predictions).subspan(begin, end - begin), begin);
    begin = end;
  }
}

void apply_loss(const Objective& objective, const std::vector<TrainGroup>& groups,
                const MicroBatch& batch, const Predicted& predicted, RecordTable& records,
                BackwardRoots& roots) {
  const at::Tensor host_logprob = predicted.logprob.detach().cpu();
  const at::Tensor host_entropy = predicted.entropy.detach().cpu();
  const float* logprob = host_logprob.const_data_ptr<float>();
  const float* entropy = host_entropy.const_data_ptr<float>();
  const at::Tensor logprob_gradient = at::empty({predicted.logprob.numel()}, at::kFloat);
  const at::Tensor entropy_gradient = at::empty({predicted.entropy.numel()}, at::kFloat);
  SampleArrays arrays;
  each_sample(batch.predictions, [&](std::span<const Prediction> run, size_t begin) {
    const TrainSample& sample = groups[run[0].group].samples[run[0].sample];
    for (auto* array : {&arrays.logprob, &arrays.entropy, &arrays.d_logprob, &arrays.d_entropy}) {
      array->assign(sample.tokens.size(), 0.0f);
    }
    double nll = 0;
    for (size_t i = 0; i < run.size(); ++i) {
      arrays.logprob[run[i].position] = logprob[begin + i];
      arrays.entropy[run[i].position] = entropy[begin + i];
      nll -= static_cast<double>(logprob[begin + i]);
    }
    SequenceRecord& record = records[run[0].group][run[0].sample];
    record = objective.loss(run[0].group, sample, arrays);
    record.tokens = static_cast<int64_t>(run.size());
    record.nll = nll;
    for (size_t i = 0; i < run.size(); ++i) {
      logprob_gradient.data_ptr<float>()[begin + i] = arrays.d_logprob[run[i].position];
      entropy_gradient.data_ptr<float>()[begin + i] = arrays.d_entropy[run[i].position];
    }
  });
  roots.outputs.push_back(predicted.logprob);
  roots.gradients.push_back(logprob_gradient.to(predicted.logprob.device()));
  if (objective.entropy_gradient) {
    roots.outputs.push_back(predicted.entropy);
    roots.gradients.push_back(entropy_gradient.to(predicted.entropy.device()));
  }
}

void apply_mtp_loss(const Objective& objective, const BatchCounts& counts, const MicroBatch& batch,
                    const Predicted& predicted, RecordTable& records, BackwardRoots& roots) {
  const at::Tensor host_logprob = predicted.logprob.detach().cpu();
  const float* logprob = host_logprob.const_data_ptr<float>();
  each_sample(batch.mtp_predictions, [&](std::span<const Prediction> run, size_t begin) {
    double& nll = records[run[0].group][run[0].sample].mtp_nll;
    for (size_t i = 0; i < run.size(); ++i) nll -= static_cast<double>(logprob[begin + i]);
  });
  const at::Tensor gradient = at::empty({predicted.logprob.numel()}, at::kFloat);
  gradient.fill_(-objective.mtp_weight / static_cast<double>(counts.mtp_tokens));
  roots.outputs.push_back(predicted.logprob);
  roots.gradients.push_back(gradient.to(predicted.logprob.device()));
}

bool has_expert_sets(const std::vector<TrainGroup>& groups, const MicroBatch& batch) {
  return std::ranges::any_of(batch.predictions, [&](const Prediction& p) {
    return !groups[p.group].samples[p.sample].expert_sets.empty();
  });
}

void compare_expert_sets(const std::vector<TrainGroup>& groups, const MicroBatch& batch,
                         const at::Tensor& sets, RecordTable& records) {
  const int64_t layers = sets.size(0), rows = sets.size(1);
  const int16_t* own = sets.const_data_ptr<int16_t>();
  for (const Prediction& p : batch.predictions) {
    const TrainSample& sample = groups[p.group].samples[p.sample];
    if (sample.carried || sample.expert_sets.empty()) continue;
    COHORT_CHECK_EQ(static_cast<int64_t>(sample.expert_sets.size()),
                    layers * static_cast<int64_t>(sample.tokens.size()));
    const int16_t* sampled = sample.expert_sets.data() + p.position * layers;
    Mismatch& mismatch = records[p.group][p.sample].mismatch;
    mismatch.expert_sets += layers;
    for (int64_t layer = 0; layer < layers; ++layer)
      mismatch.expert_sets_differ += own[layer * rows + p.row] != sampled[layer];
  }
}

}  // namespace cohort
