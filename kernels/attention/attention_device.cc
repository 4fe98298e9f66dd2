#include "kernels/attention/attention_device.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace cohort::kernels {
namespace {

device::HeadTensor heads_of(const at::Tensor& x) {
  return {const_cast<void*>(x.const_data_ptr()), x.stride(0), x.stride(1)};
}

int64_t num_sequences(const AttentionLayout& layout) {
  return static_cast<int64_t>(layout.first_position.size());
}

void append(std::vector<int64_t>& all, const std::vector<int64_t>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// By query: where the keys that it sees begin in key_rows, how many they are; then key_rows.
std::vector<int64_t> query_table(const DeviceAttention& a) {
  const AttentionLayout& layout = a.layout;
  std::vector<int64_t> first_keys, limits;
  for (int64_t i = 0; i < num_sequences(layout); ++i) {
    const int64_t queries = layout.query_offsets[i + 1] - layout.query_offsets[i];
    for (int64_t t = 0; t < queries; ++t) {
      const int64_t keys = layout.first_position[i] + t + 1;
      const int64_t seen = a.window == 0 ? keys : std::min(keys, a.window);
      first_keys.push_back(layout.key_offsets[i] + keys - seen);
      limits.push_back(seen);
    }
  }
  std::vector<int64_t> table;
  append(table, first_keys);
  append(table, limits);
  for (int64_t j = 0; j < layout.key_offsets.back(); ++j) {
    const int32_t row = layout.key_rows[j];
    COHORT_CHECK(row >= 0 && row < a.k.size(0), "attention: a key row is outside the {} rows of k",
                 a.k.size(0));
    table.push_back(row);
  }
  return table;
}

// By key row: its uses, in order of sequences; a use is the run of queries that see it.
std::vector<int64_t> use_table(const DeviceAttention& a, int64_t& num_uses) {
  const AttentionLayout& layout = a.layout;
  const int64_t rows = a.k.size(0);
  struct Use {
    int64_t row, begin, end;
  };
  std::vector<Use> uses;
  std::vector<int64_t> offsets(rows + 1, 0);
  for (int64_t i = 0; i < num_sequences(layout); ++i) {
    const int64_t begin = layout.query_offsets[i], end = layout.query_offsets[i + 1];
    const int64_t keys = layout.first_position[i] + end - begin;
    for (int64_t j = 0; j < keys && begin < end; ++j) {
      const int64_t row = layout.key_rows[layout.key_offsets[i] + j];
      const int64_t first = begin + std::max<int64_t>(0, j - layout.first_position[i]);
      const int64_t last = begin + j - layout.first_position[i] + a.window;
      uses.push_back({row, first, a.window == 0 ? end : std::clamp(last, first, end)});
      ++offsets[row + 1];
    }
  }
  for (int64_t r = 0; r < rows; ++r) offsets[r + 1] += offsets[r];
  std::vector<int64_t> next(offsets.begin(), offsets.end() - 1);
  std::vector<int64_t> begins(uses.size()), ends(uses.size());
  for (const Use& use : uses) {
    const int64_t place = next[use.row]++;
    begins[place] = use.begin;
    ends[place] = use.end;
  }
  num_uses = static_cast<int64_t>(uses.size());
  std::vector<int64_t> table = offsets;
  append(table, begins);
  append(table, ends);
  return table;
}

// The tables of a layout, made once for all layers that use it alike.
const AttentionLayout::DeviceTable& table_of(const DeviceAttention& a, bool backward) {
  const AttentionLayout& layout = a.layout;
  std::vector<AttentionLayout::DeviceTable>& tables = layout.device_tables;
  std::erase_if(tables, [&](const auto& table) { return table.version != layout.version; });
  for (const AttentionLayout::DeviceTable& table : tables)
    if (table.window == a.window && table.rows == a.k.size(0) && table.backward == backward &&
        table.values.device() == a.q.device())
      return table;
  std::vector<int64_t> values = query_table(a);
  int64_t num_uses = 0;
  if (backward) append(values, use_table(a, num_uses));
  return tables.emplace_back(AttentionLayout::DeviceTable{
      layout.version, a.window, a.k.size(0), backward,
      device::upload_new(std::span<const int64_t>(values), a.q), num_uses});
}

device::Attention arguments(const DeviceAttention& a, const at::Tensor& table,
                            const at::Tensor& out) {
  const int64_t queries = a.q.size(0);
  const int64_t* first_keys = device::in_as<int64_t>(table);
  return {.element = device::element_of(a.q),
          .q = heads_of(a.q),
          .k = heads_of(a.k),
          .v = heads_of(a.v),
          .out = heads_of(out),
          .queries = queries,
          .heads = a.q.size(1),
          .group = a.q.size(1) / a.k.size(1),
          .key_dim = a.q.size(2),
          .value_dim = a.v.size(2),
          .scale = static_cast<float>(a.scale),
          .first_keys = first_keys,
          .limits = first_keys + queries,
          .key_rows = first_keys + 2 * queries};
}

}  // namespace

void device_attention(const DeviceAttention& a, const at::Tensor& out) {
  a.ops.attention(arguments(a, table_of(a, /*backward=*/false).values, out));
}

void device_attention_backward(const DeviceAttention& a, const at::Tensor& d_out,
                               const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv) {
  const AttentionLayout::DeviceTable& table = table_of(a, /*backward=*/true);
  const at::Tensor stats =
      at::empty({a.q.size(0), a.q.size(1), 3}, a.q.options().dtype(at::kFloat));
  const int64_t* use_offsets =
      device::in_as<int64_t>(table.values) + 2 * a.q.size(0) + a.layout.key_offsets.back();
  const int64_t* use_begin = use_offsets + a.k.size(0) + 1;
  a.ops.attention_backward({.forward = arguments(a, table.values, dq),
                            .d_out = heads_of(d_out),
                            .rows = a.k.size(0),
                            .use_offsets = use_offsets,
                            .use_begin = use_begin,
                            .use_end = use_begin + table.num_uses,
                            .stats = device::out_as<float>(stats),
                            .dk = device::out_as<float>(dk),
                            .dv = device::out_as<float>(dv)});
}

}  // namespace cohort::kernels
