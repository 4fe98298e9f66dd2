// What the sandbox's pool and its helper processes say to each other over a socket: frames of
// bytes, each with its length before it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rewards/code/sandbox.h"

namespace cohort::judge {

// What the pool says behind each execution but the last: the next job, or no more of them.
inline constexpr std::string_view kNextJob = "1", kNoMoreJobs = "0";

// The first frame that a helper sends.
struct Hello {
  bool works = false;
  std::string detail;  // as Availability::detail
};

std::string encode(const Hello& hello);
std::string encode(const std::vector<Job>& jobs);
std::string encode(const Execution& execution);
// Each throws InputError when the bytes are not such a frame.
Hello decode_hello(std::string_view bytes);
std::vector<Job> decode_jobs(std::string_view bytes);
Execution decode_execution(std::string_view bytes);

// False: the other side is gone.
bool send_frame(int socket, std::string_view bytes);

enum class Received : uint8_t { frame, closed, late };
// Waits for a whole frame until `deadline` (none: for ever).
Received receive_frame(int socket, std::string& bytes,
                       std::optional<std::chrono::steady_clock::time_point> deadline = {});

}  // namespace cohort::judge
