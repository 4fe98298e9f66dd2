#include "core/base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/error.h"
#include "core/base/files.h"

namespace cohort {
namespace {
namespace fs = std::filesystem;

TEST(Log, GoesToTheFileOfTheRunToo) {
  const std::string path =
      (fs::temp_directory_path() / fmt::format("cohort_log_{}.txt", ::getpid())).string();
  log_configure(0, LogLevel::info);
  log_to_file(path);
  log_info("step {} done", 3);
  log_line(LogLevel::debug, "not shown");
  const std::string content = read_file(path);
  EXPECT_NE(content.find("info step 3 done\n"), std::string::npos) << content;
  EXPECT_EQ(content.find("not shown"), std::string::npos);
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
