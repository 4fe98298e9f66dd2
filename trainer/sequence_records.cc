#include "trainer/sequence_records.h"

#include <type_traits>

#include "core/base/error.h"

namespace cohort {

static_assert(std::is_trivially_copyable_v<SequenceRecord>,
              "records travel between ranks as bytes");

void Mismatch::add(const Mismatch& other) {
  if (!(other.diff_max <= diff_max) && !std::isnan(diff_max))
    diff_max = other.diff_max;  // NaN stays
  diff_sum += other.diff_sum;
  k3_sum += other.k3_sum;
  tokens += other.tokens;
  expert_sets += other.expert_sets;
  expert_sets_differ += other.expert_sets_differ;
}

Mismatch logprob_mismatch(std::span<const float> logprob, std::span<const float> old_logprob,
                          std::span<const uint8_t> mask) {
  Mismatch mismatch;
  for (size_t t = 0; t < mask.size(); ++t) {
    if (!mask[t]) continue;
    const double d = static_cast<double>(logprob[t]) - static_cast<double>(old_logprob[t]);
    mismatch.add({.diff_max = std::abs(d),
                  .diff_sum = std::abs(d),
                  .k3_sum = std::expm1(d) - d,
                  .tokens = 1});
  }
  return mismatch;
}

RecordTable empty_records(const std::vector<TrainGroup>& groups) {
  RecordTable records;
  for (const TrainGroup& group : groups) records.emplace_back(group.samples.size());
  return records;
}

namespace {

// Every rank packs the groups of its shards with `pack(group, bytes)`; afterwards each rank's bytes
// go to `unpack(group, bytes, offset)` in the same order.
template <class Pack, class Unpack>
void exchange(Communicator& comm, const std::vector<std::vector<int64_t>>& shards, const char* what,
              const Pack& pack, const Unpack& unpack) {
  const size_t per_rank = shards.size() / static_cast<size_t>(comm.size());
  const auto each_group = [&](size_t rank, const auto& visit) {
    for (size_t s = rank * per_rank; s < (rank + 1) * per_rank; ++s) {
      for (int64_t group : shards[s]) visit(group);
    }
  };
  std::vector<std::byte> mine;
  each_group(static_cast<size_t>(comm.rank()), [&](int64_t group) { pack(group, mine); });
  const auto parts = comm.all_gather_v(mine, what);
  for (size_t rank = 0; rank < parts.size(); ++rank) {
    size_t offset = 0;
    each_group(rank, [&](int64_t group) { unpack(group, parts[rank], offset); });
    COHORT_CHECK_EQ(offset, parts[rank].size());
  }
}

// The elements of `values` as bytes, and back.
template <class T>
void append_bytes(const std::vector<T>& values, std::vector<std::byte>& bytes) {
  const auto more = std::as_bytes(std::span(values));
  bytes.insert(bytes.end(), more.begin(), more.end());
}
template <class T>
void read_bytes(const std::vector<std::byte>& bytes, size_t& offset, std::vector<T>& values) {
  const size_t size = values.size() * sizeof(T);
  COHORT_CHECK(offset + size <= bytes.size(), "{} bytes, expected at least {}", bytes.size(),
               offset + size);
  if (size > 0) std::memcpy(values.data(), bytes.data() + offset, size);
  offset += size;
}

}  // namespace

void gather_records(Communicator& comm, const std::vector<std::vector<int64_t>>& shards,
                    RecordTable& records) {
  exchange(
      comm, shards, "losses of samples",
      [&](int64_t group, std::vector<std::byte>& bytes) { append_bytes(records[group], bytes); },
      [&](int64_t group, const std::vector<std::byte>& bytes, size_t& offset) {
        read_bytes(bytes, offset, records[group]);
      });
}

void gather_reference_logprobs(Communicator& comm, const std::vector<std::vector<int64_t>>& shards,
                               std::vector<TrainGroup>& groups) {
  exchange(
      comm, shards, "reference log-probs",
      [&](int64_t group, std::vector<std::byte>& bytes) {
        for (const TrainSample& sample : groups[group].samples)
          append_bytes(sample.reference_logprob, bytes);
      },
      [&](int64_t group, const std::vector<std::byte>& bytes, size_t& offset) {
        for (TrainSample& sample : groups[group].samples)
          read_bytes(bytes, offset, sample.reference_logprob);
      });
}

RecordSums sum_records(const RecordTable& records) {
  RecordSums sums;
  for (const auto& group : records) {
    for (const SequenceRecord& record : group) {
      const SequenceLoss& loss = record.loss;
      sums.loss.policy += loss.policy;
      sums.loss.kl += loss.kl;
      sums.loss.entropy += loss.entropy;
      sums.loss.clipped_high += loss.clipped_high;
      sums.loss.clipped_low += loss.clipped_low;
      sums.loss.clipped_dual += loss.clipped_dual;
      sums.loss.kl_sum += loss.kl_sum;
      sums.loss.ratio_sum += loss.ratio_sum;
      sums.loss.ratio_max = std::max(sums.loss.ratio_max, loss.ratio_max);
      sums.loss.entropy_sum += loss.entropy_sum;
      sums.tokens += record.tokens;
      sums.sequences += record.tokens > 0;
      sums.nll += record.nll;
      sums.mtp_nll += record.mtp_nll;
      sums.mismatch.add(record.mismatch);
    }
  }
  return sums;
}

}  // namespace cohort
