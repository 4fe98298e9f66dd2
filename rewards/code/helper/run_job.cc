#include "rewards/code/helper/run_job.h"

#include "rewards/code/helper/marshalled.h"
#include "rewards/code/helper/tree_usage.h"

namespace cohort::judge {
namespace {

using End = Execution::End;

constexpr int64_t kProgramBytes = int64_t{64} << 20;

Limits compiler_limits() {
  Limits limits;
  limits.cpu_seconds = 20;
  limits.wall_seconds = 60;
  limits.memory_bytes = int64_t{1} << 30;
  limits.processes = 16;
  limits.output_bytes = int64_t{1} << 20;
  limits.file_bytes = int64_t{128} << 20;
  return limits;
}

const char* limit_of_compiler(End end) {
  if (end == End::time_limit) return "the compiler ran out of time\n";
  if (end == End::memory_limit) return "the compiler ran out of memory\n";
  return end == End::output_limit ? "the compiler said too much\n" : "";
}

Execution refused(const std::string& why) {
  Execution execution;
  execution.error = why;
  return execution;
}

}  // namespace

JobRunner::JobRunner(MemoryCgroup& group, int trainer)
    : group_(group), trainer_(trainer), keeper_(std::make_unique<Keeper>(group)) {
  if (!tree_usage_works()) {
    throw_error<IoError>("/proc/PID/task/PID/children is missing: no way to count a program's use");
  }
}

JobRunner::~JobRunner() = default;

bool JobRunner::has_proc() const { return keeper_ && keeper_->has_proc(); }

Execution JobRunner::run(const Job& job) {
  try {
    Order order;
    // Made anew for each run: times, mode and attributes of a file can be changed by whoever runs
    // it, sealed or not.
    Descriptor program;
    order.files = job.files;
    order.input = job.input;
    order.limits = job.limits;
    order.arguments = job.arguments;
    if (job.language == Job::Language::cpp) {
      const Compiled& compiled = compile(job.source);
      if (compiled.program.empty()) return compiled.failure;
      program = sealed_file("program", compiled.program);
      order.kind = Order::Kind::command;
      order.program = program.get();
      order.arguments.insert(order.arguments.begin(), "./program");
    } else {
      order.source = job.source;
      if (job.call) {
        order.kind = Order::Kind::call;
        order.entry_point = job.call->entry_point;
        order.call_arguments = marshalled(job.call->arguments);
      }
    }
    return run(order).execution;
  } catch (const Error& error) {
    return refused(error.what());
  }
}

Outcome JobRunner::run(const Order& order) {
  // Once more where the namespaces were lost, and not by a limit that the program reached.
  for (bool again = true;; again = false) {
    if (!keeper_) keeper_ = std::make_unique<Keeper>(group_);
    Outcome outcome = supervise(order, *keeper_, group_, trainer_);
    if (outcome.keeper_lost) keeper_.reset();
    if (!again || !outcome.keeper_lost || outcome.execution.end != End::refused) return outcome;
  }
}

const JobRunner::Compiled& JobRunner::compile(const std::string& source) {
  if (compiled_ && compiled_->source == source) return *compiled_;
  compiled_.reset();
  Order order;
  order.kind = Order::Kind::command;
  order.arguments = {"/usr/bin/g++",    "-O2", "-std=c++20", "-w",
                     "-fmax-errors=20", "-o",  "program",    "main.cc"};
  order.files = {{"main.cc", source}};
  order.collect = "program";
  order.collect_bytes = kProgramBytes;
  order.limits = compiler_limits();
  Outcome outcome = run(order);
  Compiled compiled{source, {}, std::move(outcome.execution)};
  Execution& e = compiled.failure;
  if (e.end == End::exited && e.status == 0 && !outcome.collected.empty()) {
    compiled.program = std::move(outcome.collected);
  } else if (e.end != End::refused) {
    // A limit of the compiler's, too: no limit of the program's was reached. Which compiler's limit
    // it was may depend on the machine.
    e.error = std::string(limit_of_compiler(e.end)) + e.error;
    e.end = End::compile_error;
  }
  compiled_ = std::move(compiled);
  return *compiled_;
}

}  // namespace cohort::judge
