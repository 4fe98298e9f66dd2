// A memory cgroup for one helper's programs, version 1 or 2, where one can be made. It holds the
// warm interpreter, whose children are born into it: moving a process takes the kernel
// milliseconds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "rewards/code/helper/system.h"

namespace cohort::judge {

class MemoryCgroup {
 public:
  // Made with the rights of the caller; used also after these are dropped.
  MemoryCgroup();
  explicit operator bool() const { return version_ != 0; }
  int version() const { return version_; }

  bool add(pid_t process);
  // From here on: at most `bytes` beside the interpreter; peak() and out_of_memory() count anew.
  bool start(int64_t bytes);
  bool out_of_memory() const;  // the kernel has ended a process of the group since start()
  int64_t peak() const;        // bytes since start(); 0: not known
  void remove();               // when all its processes are gone

 private:
  bool make_v1(const std::string& mounts, const std::string& memberships);
  bool make_v2(const std::string& mounts, const std::string& memberships);
  int64_t kills() const;

  int version_ = 0;
  std::string folder_;
  Descriptor processes_, limit_, swap_limit_, usage_, peak_, events_;
  int64_t kills_before_ = 0, usage_before_ = 0, limit_now_ = -1;
};

}  // namespace cohort::judge
