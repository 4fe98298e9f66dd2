#include "core/comm/message_communicator.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/error.h"

namespace cohort {
namespace {

size_t index(int rank) { return static_cast<size_t>(rank); }

}  // namespace

void MessageCommunicator::barrier(const char* what) {
  begin("barrier", what);
  gather_to_root({}, {});
  spread({}, 0);
}

void MessageCommunicator::broadcast(std::span<std::byte> data, int root, const char* what) {
  COHORT_CHECK(root >= 0 && root < size_, "{}: root {} of {} ranks", what, root, size_);
  begin("broadcast", what);
  spread(data, root);
}

void MessageCommunicator::all_reduce_sum(std::span<int64_t> data, const char* what) {
  begin("all_reduce_sum", what);
  gather_to_root(data, [](int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  });
  spread(std::as_writable_bytes(data), 0);
}

void MessageCommunicator::all_reduce_max(std::span<int64_t> data, const char* what) {
  begin("all_reduce_max", what);
  gather_to_root(data, [](int64_t a, int64_t b) { return std::max(a, b); });
  spread(std::as_writable_bytes(data), 0);
}

void MessageCommunicator::all_gather(std::span<const std::byte> mine, std::span<std::byte> all,
                                     const char* what) {
  COHORT_CHECK_EQ(all.size(), mine.size() * index(size_));
  begin("all_gather", what);
  gather(mine, all);
}

std::vector<std::vector<std::byte>> MessageCommunicator::all_gather_v(
    std::span<const std::byte> mine, const char* what) {
  begin("all_gather_v", what);
  const uint64_t my_bytes = mine.size();
  std::vector<uint64_t> bytes(index(size_));
  gather(std::as_bytes(std::span(&my_bytes, 1)), std::as_writable_bytes(std::span(bytes)));
  std::vector<std::vector<std::byte>> all(bytes.size());
  for (size_t r = 0; r < all.size(); ++r) all[r].resize(bytes[r]);
  exchange_parts([&](int) { return mine; }, [&](int r) { return std::span(all[index(r)]); });
  return all;
}

void MessageCommunicator::all_to_all(std::span<const std::byte> send, std::span<std::byte> receive,
                                     const char* what) {
  COHORT_CHECK_EQ(send.size(), receive.size());
  COHORT_CHECK(send.size() % index(size_) == 0, "{}: {} bytes for {} ranks", what, send.size(),
               size_);
  begin("all_to_all", what);
  const size_t part = send.size() / index(size_);
  exchange_parts([&](int r) { return send.subspan(index(r) * part, part); },
                 [&](int r) { return receive.subspan(index(r) * part, part); });
}

std::vector<std::vector<std::byte>> MessageCommunicator::all_to_all_v(
    const std::vector<std::vector<std::byte>>& send, const char* what) {
  COHORT_CHECK_EQ(send.size(), index(size_));
  begin("all_to_all_v", what);
  std::vector<uint64_t> send_bytes;
  for (const auto& part : send) send_bytes.push_back(part.size());
  std::vector<uint64_t> receive_bytes(send.size());
  exchange_parts(
      [&](int r) { return std::as_bytes(std::span(send_bytes).subspan(index(r), 1)); },
      [&](int r) { return std::as_writable_bytes(std::span(receive_bytes).subspan(index(r), 1)); });
  std::vector<std::vector<std::byte>> receive(send.size());
  for (size_t r = 0; r < send.size(); ++r) receive[r].resize(receive_bytes[r]);
  exchange_parts([&](int r) { return std::span<const std::byte>(send[index(r)]); },
                 [&](int r) { return std::span(receive[index(r)]); });
  return receive;
}

// Of v in the binomial tree with its root at 0, where the parent of v is v without its lowest bit.
std::vector<int> MessageCommunicator::children(int v) const {
  const auto ranks = static_cast<unsigned>(size_);
  std::vector<int> out;
  unsigned step = v == 0 ? std::bit_ceil(ranks) : static_cast<unsigned>(v & -v);
  for (step /= 2; step > 0; step /= 2)
    if (static_cast<unsigned>(v) + step < ranks) out.push_back(v + static_cast<int>(step));
  return out;
}

// Up the tree: rank 0 then holds the combination of all ranks' data.
void MessageCommunicator::gather_to_root(std::span<int64_t> data, const Combine& combine) {
  const std::vector<int> from = children(rank_);
  std::vector<std::vector<int64_t>> parts(from.size(), std::vector<int64_t>(data.size()));
  std::vector<Receive> receives;
  for (size_t i = 0; i < from.size(); ++i)
    receives.push_back({from[i], std::as_writable_bytes(std::span(parts[i]))});
  exchange({}, receives);
  for (const auto& part : parts)
    for (size_t i = 0; i < data.size(); ++i) data[i] = combine(data[i], part[i]);
  if (rank_ != 0) exchange({{rank_ & (rank_ - 1), std::as_bytes(data)}}, {});
}

// Down the tree, turned so that `root` is its root.
void MessageCommunicator::spread(std::span<std::byte> data, int root) {
  const int v = (rank_ - root + size_) % size_;
  const auto rank_of = [&](int u) { return (u + root) % size_; };
  if (v != 0) exchange({}, {{rank_of(v & (v - 1)), data}});
  std::vector<Send> sends;
  for (const int child : children(v)) sends.push_back({rank_of(child), data});
  exchange(sends, {});
}

void MessageCommunicator::gather(std::span<const std::byte> mine, std::span<std::byte> all) {
  exchange_parts([&](int) { return mine; },
                 [&](int r) { return all.subspan(index(r) * mine.size(), mine.size()); });
}

// Every rank to every rank, each beginning with its next, so that no rank is everybody's first.
void MessageCommunicator::exchange_parts(
    const std::function<std::span<const std::byte>(int)>& send_to,
    const std::function<std::span<std::byte>(int)>& receive_from) {
  std::vector<Send> sends;
  std::vector<Receive> receives;
  for (int i = 1; i < size_; ++i) {
    const int to = (rank_ + i) % size_;
    const int from = (rank_ - i + size_) % size_;
    sends.push_back({to, send_to(to)});
    receives.push_back({from, receive_from(from)});
  }
  const auto own = send_to(rank_);
  if (!own.empty()) std::memmove(receive_from(rank_).data(), own.data(), own.size());
  exchange(sends, receives);
}

}  // namespace cohort
