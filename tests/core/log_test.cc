#include "core/base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/files.h"

namespace cohort {
namespace {
namespace fs = std::filesystem;

std::string log_path(const std::string& name) {
  return (fs::temp_directory_path() / fmt::format("cohort_{}_{}.txt", name, ::getpid())).string();
}

TEST(Log, GoesToTheFileOfTheRunToo) {
  const std::string path = log_path("log");
  log_configure(0, LogLevel::info);
  log_to_file(path);
  log_info("step {} done", 3);
  log_line(LogLevel::debug, "not shown");
  const std::string content = read_file(path);
  EXPECT_NE(content.find("info step 3 done\n"), std::string::npos) << content;
  EXPECT_EQ(content.find("not shown"), std::string::npos);
  fs::remove(path);
}

TEST(Log, ASecondRunsLinesAreNotInTheFirstOnesFile) {
  const std::string first = log_path("first"), second = log_path("second");
  log_to_file(first);
  log_info("one");
  log_to_file(second);
  log_info("two");
  EXPECT_EQ(read_file(first).find("two"), std::string::npos);
  EXPECT_EQ(read_file(second).find("one"), std::string::npos);
  EXPECT_NE(read_file(second).find("two"), std::string::npos);
  fs::remove(first);
  fs::remove(second);
}

TEST(Log, AFileThatTakesNoMoreIsToldOnce) {
  log_to_file("/dev/full");
  testing::internal::CaptureStderr();
  log_info("one");
  log_info("two");
  const std::string shown = testing::internal::GetCapturedStderr();
  EXPECT_NE(shown.find("info one"), std::string::npos) << shown;
  EXPECT_NE(shown.find("info two"), std::string::npos) << shown;
  const size_t warning = shown.find("warning: ");
  ASSERT_NE(warning, std::string::npos) << shown;
  EXPECT_EQ(shown.find("warning: ", warning + 1), std::string::npos) << shown;
  const std::string path = log_path("after");
  log_to_file(path);  // the other tests' lines go elsewhere
  fs::remove(path);
}

TEST(Log, AnUnwritableFileIsAnError) { EXPECT_THROW(log_to_file("/proc/none/log.txt"), IoError); }

TEST(Log, OtherRanksOnlyWarn) {
  testing::internal::CaptureStderr();
  log_configure(1, LogLevel::info);
  log_info("chatter");
  log_warning("trouble");
  const std::string shown = testing::internal::GetCapturedStderr();
  EXPECT_EQ(shown.find("chatter"), std::string::npos);
  EXPECT_NE(shown.find("[rank 1] trouble"), std::string::npos) << shown;
  log_configure(0, LogLevel::info);
}

}  // namespace
}  // namespace cohort
