// One pool of helpers for all tests of the sandbox.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "rewards/code/sandbox.h"

namespace cohort::judge {

inline const std::string& helper_path_for_tests() {
  static const std::string path = COHORT_BINARY_DIR "/launch/cohort-judge";
  return path;
}

inline const Availability& sandbox_here() {
  static const Availability availability = sandbox_availability(helper_path_for_tests());
  return availability;
}

inline Sandbox& shared_sandbox() {
  static const std::unique_ptr<Sandbox> sandbox = start_sandbox(2, helper_path_for_tests());
  return *sandbox;
}

inline Execution run_job(const Job& job) { return shared_sandbox().run({job}).at(0); }

inline Execution run_python(const std::string& source, const std::string& input = "",
                            const Limits& limits = {}) {
  Job job;
  job.source = source;
  job.input = input;
  job.limits = limits;
  return run_job(job);
}

inline Execution run_call(const std::string& source, const std::string& entry_point,
                          const std::string& arguments, const Limits& limits = {}) {
  Job job;
  job.source = source;
  job.call = Call{entry_point, arguments};
  job.limits = limits;
  return run_job(job);
}

inline Execution run_cpp(const std::string& source, const std::string& input = "",
                         const Limits& limits = {}) {
  Job job;
  job.language = Job::Language::cpp;
  job.source = source;
  job.input = input;
  job.limits = limits;
  return run_job(job);
}

#define COHORT_NEEDS_SANDBOX() \
  if (!sandbox_here().works) GTEST_SKIP() << "no sandbox here: " << sandbox_here().detail

}  // namespace cohort::judge
