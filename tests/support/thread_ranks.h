// Ranks as threads of one process: the Communicator of a test that needs several ranks without
// mpirun.
#pragma once

#include <barrier>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <thread>

#include "core/comm/communicator.h"

namespace cohort {

// What the ranks share: each posts where its data lies, waits for the others, reads theirs, and
// waits again.
struct ThreadRanks {
  explicit ThreadRanks(int size) : posted(size), posted_parts(size), barrier(size) {}
  std::vector<std::span<const std::byte>> posted;
  std::vector<const std::vector<std::vector<std::byte>>*> posted_parts;
  std::barrier<> barrier;
};

class ThreadCommunicator final : public Communicator {
 public:
  ThreadCommunicator(ThreadRanks& ranks, int rank) : ranks_(ranks), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(ranks_.posted.size()); }
  const char* kind() const override { return "threads"; }
  void barrier(const char*) override { ranks_.barrier.arrive_and_wait(); }

  void broadcast(std::span<std::byte> data, int root, const char*) override {
    exchange(data, [&] {
      const auto from = ranks_.posted[root];
      if (rank_ != root && !data.empty()) std::memcpy(data.data(), from.data(), from.size());
    });
  }
  void all_reduce_sum(std::span<int64_t> data, const char*) override {
    reduce(data, [](int64_t a, int64_t b) { return a + b; });
  }
  void all_reduce_max(std::span<int64_t> data, const char*) override {
    reduce(data, [](int64_t a, int64_t b) { return std::max(a, b); });
  }
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all,
                  const char* what) override {
    size_t offset = 0;
    for (const auto& part : all_gather_v(mine, what)) {
      std::copy(part.begin(), part.end(), all.begin() + static_cast<std::ptrdiff_t>(offset));
      offset += part.size();
    }
  }
  std::vector<std::vector<std::byte>> all_gather_v(std::span<const std::byte> mine,
                                                   const char*) override {
    std::vector<std::vector<std::byte>> all;
    exchange(mine, [&] {
      for (const auto part : ranks_.posted) all.emplace_back(part.begin(), part.end());
    });
    return all;
  }
  void all_to_all(std::span<const std::byte> send, std::span<std::byte> receive,
                  const char*) override {
    exchange(send, [&] {
      const size_t part = send.size() / ranks_.posted.size();
      for (size_t r = 0; r < ranks_.posted.size(); ++r) {
        const auto from = ranks_.posted[r].subspan(rank_ * part, part);
        std::copy(from.begin(), from.end(),
                  receive.begin() + static_cast<std::ptrdiff_t>(r * part));
      }
    });
  }
  std::vector<std::vector<std::byte>> all_to_all_v(const std::vector<std::vector<std::byte>>& send,
                                                   const char*) override {
    std::vector<std::vector<std::byte>> received;
    ranks_.posted_parts[rank_] = &send;
    exchange({}, [&] {
      for (const auto* parts : ranks_.posted_parts) received.push_back((*parts)[rank_]);
    });
    return received;
  }

  void heartbeat(const char*) override {}
  [[noreturn]] void abort(int exit_code) override { std::_Exit(exit_code); }

 private:
  void exchange(std::span<const std::byte> mine, const std::function<void()>& read_others) {
    ranks_.posted[rank_] = mine;
    ranks_.barrier.arrive_and_wait();
    read_others();
    ranks_.barrier.arrive_and_wait();
  }
  template <class Combine>
  void reduce(std::span<int64_t> data, const Combine& combine) {
    std::vector<int64_t> result;
    exchange(std::as_bytes(data), [&] {
      for (const auto part : ranks_.posted) {
        const auto* values = reinterpret_cast<const int64_t*>(part.data());
        if (result.empty()) {
          result.assign(values, values + data.size());
        } else {
          for (size_t i = 0; i < data.size(); ++i) result[i] = combine(result[i], values[i]);
        }
      }
    });
    std::copy(result.begin(), result.end(), data.begin());
  }

  ThreadRanks& ranks_;
  int rank_;
};

// Runs body on every rank. An exception ends the program, as the other ranks would wait for ever.
inline void run_thread_ranks(int size, const std::function<void(Communicator&)>& body) {
  ThreadRanks ranks(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadCommunicator comm(ranks, rank);
      try {
        body(comm);
      } catch (const std::exception& e) {
        std::cerr << "rank " << rank << ": " << e.what() << std::endl;
        std::abort();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace cohort
