// Attention of a few queries of one sequence: the unit of work that threads take. One thread, no
// tensors.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

#include "kernels/math/bf16.h"

namespace cohort::kernels {

// A matrix of [rows][heads][dim] as strides in elements.
template <class T>
struct HeadRows {
  T* data = nullptr;
  int64_t row_stride = 0, head_stride = 0;
  T* at(int64_t row, int64_t head) const { return data + row * row_stride + head * head_stride; }
};

// Consecutive queries of a sequence for some of its key heads. Query i sees the keys below
// first_limit + i, with a window the last `window` of them; its heads kv * group .. kv * group +
// group - 1 share key head kv. Key j is row key_rows[j] of k and v.
struct TileShape {
  int64_t first_query, queries, first_limit;
  int64_t kv_begin, kv_end, group;
  const int32_t* key_rows;
  int64_t num_key_rows;  // rows that k and v have
  int64_t key_dim, value_dim;
  float scale;
  int64_t window;  // 0: all keys

  int64_t rows_per_kv() const { return queries * group; }
  int64_t rows() const { return (kv_end - kv_begin) * rows_per_kv(); }
  int64_t keys() const { return first_limit + queries - 1; }
  // Rows of a key head are numbered query by query, so that limits never decrease.
  int64_t limit(int64_t row) const {
    return first_limit + static_cast<uint32_t>(row) / static_cast<uint32_t>(group);
  }
  // The first key that the row sees.
  int64_t first_key(int64_t row) const {
    return window == 0 ? 0 : std::max<int64_t>(0, limit(row) - window);
  }
  // Behind the last row that sees key j.
  int64_t last_row(int64_t j) const {
    return window == 0 ? rows_per_kv()
                       : std::clamp<int64_t>(j + window - first_limit + 1, 0, queries) * group;
  }
  // The first row that sees key j.
  int64_t first_row(int64_t j) const { return j < first_limit ? 0 : (j - first_limit + 1) * group; }
};

template <class T>
struct ForwardTile {
  TileShape shape;
  HeadRows<const T> q, k, v;
  HeadRows<T> out;
};

template <class T>
struct BackwardTile {
  TileShape shape;
  HeadRows<const T> q, k, v, d_out;
  HeadRows<T> dq;
  HeadRows<float> dk, dv;  // added to
};

// 64-byte aligned floats that grow and are never shrunk; a thread each.
class TileScratch {
 public:
  TileScratch() = default;
  TileScratch(const TileScratch&) = delete;
  TileScratch& operator=(const TileScratch&) = delete;
  ~TileScratch() { release(); }
  float* get(size_t count) {
    if (count > count_) {
      release();
      data_ = static_cast<float*>(::operator new(count * sizeof(float), kAlignment));
      count_ = count;
    }
    return data_;
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  void release() {
    if (data_ != nullptr) ::operator delete(data_, kAlignment);
    data_ = nullptr;
    count_ = 0;
  }
  float* data_ = nullptr;
  size_t count_ = 0;
};

// Scores kept of one row: keys rounded up to whole key blocks of the kernel.
int64_t score_row_size(int64_t keys);

// False when a key row is out of range (nothing is written then).
template <class T>
bool attention_forward_tile(const ForwardTile<T>& tile, TileScratch& scratch);
template <class T>
bool attention_backward_tile(const BackwardTile<T>& tile, TileScratch& scratch);

}  // namespace cohort::kernels
