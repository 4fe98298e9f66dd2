// One process alone: every collective is a copy or nothing.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/base/error.h"
#include "core/comm/communicator.h"

namespace cohort {
namespace {

class NullCommunicator final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  const char* kind() const override { return "null"; }

  void barrier(const char*) override {}
  void broadcast(std::span<std::byte>, int root, const char* what) override {
    COHORT_CHECK(root == 0, "{}: root {} of one rank", what, root);
  }
  void all_reduce_sum(std::span<int64_t>, const char*) override {}
  void all_reduce_max(std::span<int64_t>, const char*) override {}
  void all_gather(std::span<const std::byte> mine, std::span<std::byte> all, const char*) override {
    copy(mine, all);
  }
  std::vector<std::vector<std::byte>> all_gather_v(std::span<const std::byte> mine,
                                                   const char*) override {
    return {std::vector<std::byte>(mine.begin(), mine.end())};
  }
  void all_to_all(std::span<const std::byte> send, std::span<std::byte> receive,
                  const char*) override {
    copy(send, receive);
  }
  std::vector<std::vector<std::byte>> all_to_all_v(const std::vector<std::vector<std::byte>>& send,
                                                   const char*) override {
    COHORT_CHECK_EQ(send.size(), size_t{1});
    return send;
  }

  void heartbeat(const char*) override {}
  [[noreturn]] void abort(int exit_code) override {
    std::fflush(nullptr);
    std::_Exit(exit_code);
  }

 private:
  static void copy(std::span<const std::byte> from, std::span<std::byte> to) {
    COHORT_CHECK_EQ(from.size(), to.size());
    if (!from.empty()) std::memmove(to.data(), from.data(), from.size());
  }
};

}  // namespace

std::unique_ptr<Communicator> make_null_communicator() {
  return std::make_unique<NullCommunicator>();
}

}  // namespace cohort
