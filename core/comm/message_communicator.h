// Inside core/comm only: the collectives, made of messages between pairs of ranks. A transport
// (mpi) derives from it and supplies begin() and exchange().
//
// Integer reductions are exact in any order; floats are never reduced here.
#pragma once

#include <functional>

#include "core/comm/communicator.h"

namespace cohort {

class MessageCommunicator : public Communicator {
 public:
  int rank() const final { return rank_; }
  int size() const final { return size_; }

  void barrier(const char* what) final;
  void broadcast(std::span<std::byte> data, int root, const char* what) final;
  void all_reduce_sum(std::span<int64_t> data, const char* what) final;
  void all_reduce_max(std::span<int64_t> data, const char* what) final;
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all,
                  const char* what) final;
  std::vector<std::vector<std::byte>> all_gather_v(std::span<const std::byte> mine,
                                                   const char* what) final;
  void all_to_all(std::span<const std::byte> send, std::span<std::byte> receive,
                  const char* what) final;
  std::vector<std::vector<std::byte>> all_to_all_v(const std::vector<std::vector<std::byte>>& send,
                                                   const char* what) final;

 protected:
  struct Send {
    int peer;
    std::span<const std::byte> data;
  };
  struct Receive {
    int peer;
    std::span<std::byte> data;
  };

  MessageCommunicator(int rank, int size) : rank_(rank), size_(size) {}

  // The next collective; it makes one or more exchanges.
  virtual void begin(const char* operation, const char* what) = 0;
  // Sends and receives all of it, empty messages too. Each receive has the size that its peer
  // sends.
  virtual void exchange(const std::vector<Send>& sends, const std::vector<Receive>& receives) = 0;

 private:
  using Combine = std::function<int64_t(int64_t, int64_t)>;

  std::vector<int> children(int v) const;
  void gather_to_root(std::span<int64_t> data, const Combine& combine);
  void spread(std::span<std::byte> data, int root);
  void gather(std::span<const std::byte> mine, std::span<std::byte> all);
  void exchange_parts(const std::function<std::span<const std::byte>(int)>& send_to,
                      const std::function<std::span<std::byte>(int)>& receive_from);

  int rank_;
  int size_;
};

}  // namespace cohort
