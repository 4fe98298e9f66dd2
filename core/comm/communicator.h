// Ranks talk through this interface alone. `null` serves one process, `mpi` CPU memory, `nccl`
// device memory. Callers never ask whether they are distributed.
//
// Every collective has a timeout: MPI calls are non-blocking and polled to a deadline; on expiry
// the live ranks exchange (sequence number, operation) point to point and CommError names the
// operation and the ranks that are missing. A rank that computes for long calls heartbeat() so that
// it counts as alive. All ranks must call the same operations with the same `what` in the same
// order, from one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cohort {

struct CommConfig {
  double timeout_s = 600;
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual const char* kind() const = 0;  // "null", "mpi"
  // How long a collective may take.
  virtual double timeout_s() const { return CommConfig{}.timeout_s; }

  virtual void barrier(const char* what) = 0;
  virtual void broadcast(std::span<std::byte> data, int root, const char* what) = 0;
  // Integers only: a float reduction by the library would depend on the number of ranks.
  virtual void all_reduce_sum(std::span<int64_t> data, const char* what) = 0;
  virtual void all_reduce_max(std::span<int64_t> data, const char* what) = 0;
  // Equal parts: rank r's `mine` lands at all[r * mine.size()].
  virtual void all_gather(std::span<const std::byte> mine, std::span<std::byte> all,
                          const char* what) = 0;
  // Parts of any size, in rank order.
  virtual std::vector<std::vector<std::byte>> all_gather_v(std::span<const std::byte> mine,
                                                           const char* what) = 0;
  // Rank r receives send[r]'s counterpart of each rank: send and receive are size() equal parts.
  virtual void all_to_all(std::span<const std::byte> send, std::span<std::byte> receive,
                          const char* what) = 0;
  virtual std::vector<std::vector<std::byte>> all_to_all_v(
      const std::vector<std::vector<std::byte>>& send, const char* what) = 0;

  // This rank is alive and inside `phase`; cheap, may be called at any rate.
  virtual void heartbeat(const char* phase) = 0;
  // Ends every rank of the job with this exit code after the message is out; does not return.
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

// Under mpirun or srun an MpiCommunicator, else a NullCommunicator. MPI is only initialised in the
// former case, so a single process starts fast. Call once, from main.
std::unique_ptr<Communicator> make_communicator(const CommConfig& config);
std::unique_ptr<Communicator> make_null_communicator();

// The fixed binary tree of docs/numerics.md: out = tree over parts 0..n-1 of element-wise fp32
// sums, where node [a, b) = node [a, m) + node [m, b) with m the middle; n a power of two. `parts`
// are read only; a null one stands for zeros and has the bits of them.
void tree_sum(std::span<const float* const> parts, std::span<float> out);

// Sum over all ranks' parts with that tree; rank r gets the chunk [bounds[r], bounds[r+1]) of it.
// `mine` is this rank's node of the tree (its own shards summed already). Traffic of a
// reduce-scatter.
void reduce_scatter_tree(Communicator& comm, std::span<const float> mine,
                         const std::vector<int64_t>& bounds, std::span<float> chunk,
                         const char* what);

}  // namespace cohort
