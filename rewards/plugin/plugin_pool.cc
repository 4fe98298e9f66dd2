#include "rewards/plugin/plugin_pool.h"

#include <algorithm>
#include <bit>

#include "core/base/error.h"
#include "core/base/log.h"

namespace cohort {

namespace {

constexpr size_t kMaxReply = size_t{16} << 20;
constexpr auto kEnding = std::chrono::milliseconds(200);

std::chrono::steady_clock::duration seconds(double count) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(count));
}

// What a plugin wrote, fit for a log: one line, no control characters.
std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = '?';
  return result;
}

}  // namespace

// An idle process; null when the caller is to start one.
PluginPool::Child PluginPool::take() {
  std::unique_lock lock(mutex_);
  is_free_.wait(lock, [&] { return taken_ < process_.processes; });
  ++taken_;
  if (idle_.empty()) return nullptr;
  Child child = std::move(idle_.back());
  idle_.pop_back();
  return child;
}

void PluginPool::give_back(Child child) {
  {
    const std::lock_guard lock(mutex_);
    if (child) idle_.push_back(std::move(child));
    --taken_;
  }
  is_free_.notify_one();
}

PluginPool::Child PluginPool::start() {
  return std::make_unique<ChildProcess>(process_.argv,
                                        [name = process_.name](std::string_view line) {
                                          log_warning("plugin {}: {}", name, printable(line));
                                        });
}

Reason PluginPool::ask(std::string_view request, const Accept& accept) {
  Child child = take();
  Reason reason = Reason::plugin_failed;
  try {
    reason = ask_child(child, request, accept);
  } catch (const IoError& e) {
    log_failure(reason, e.what());
  }
  if (reason != Reason::ok) child.reset();
  give_back(std::move(child));
  return reason;
}

Reason PluginPool::ask_child(Child& child, std::string_view request, const Accept& accept) {
  using Outcome = ChildProcess::Outcome;
  const bool starts = !child || !child->is_running();  // it may have ended since it was last asked
  const double start_timeout = starts ? start_timeout_.load() : 0;
  const double timeout = process_.timeout + start_timeout;
  if (starts) {
    child.reset();
    child = start();
  }
  std::string reply;
  const Outcome outcome =
      child->exchange(request, reply, kMaxReply, ChildProcess::Clock::now() + seconds(timeout));
  // Halves of what this one had: several that start at once are one failure.
  if (starts && outcome == Outcome::timed_out)
    start_timeout_ = std::min(start_timeout_.load(), start_timeout / 2);
  if (starts && outcome == Outcome::done) start_timeout_ = process_.start_timeout;

  std::string fault;
  if (outcome == Outcome::done && (fault = accept(reply)).empty()) return Reason::ok;
  // Its output ends a little before it does; how it ended is worth the wait.
  if (outcome == Outcome::ended) child->wait(ChildProcess::Clock::now() + kEnding);
  child->kill();
  Reason reason = Reason::plugin_bad_reply;
  std::string what;
  switch (outcome) {
    case Outcome::done:
      what = fmt::format("{}: {}", fault, printable(reply.substr(0, 200)));
      break;
    case Outcome::unasked:
      what = "it wrote to stdout before it was asked: " + printable(reply);
      break;
    case Outcome::too_long:
      what = fmt::format("a reply of more than {} bytes", kMaxReply);
      break;
    case Outcome::ended:
      reason = Reason::plugin_failed;
      what = "ended: " + child->end();
      break;
    case Outcome::timed_out:
      reason = Reason::plugin_time_limit;
      what = fmt::format("no reply within {:.4g} s", timeout);
      break;
  }
  log_failure(reason, what);
  return reason;
}

// The 1st, 2nd, 4th, 8th...: one that always fails would fill the log.
void PluginPool::log_failure(Reason reason, const std::string& what) {
  const auto count = static_cast<uint64_t>(++num_failures_);
  if (std::has_single_bit(count))
    log_warning("plugin {}: {} ({}); failure {}, started again when next asked", process_.name,
                what, reason_name(reason), count);
}

}  // namespace cohort
