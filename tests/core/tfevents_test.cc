// The golden file comes from TensorBoard's own writer: tools/goldens/io_goldens.py.
#include "core/io/tfevents.h"

#include <cmath>
#include <fstream>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

constexpr size_t kVersionBytes = 40;  // the golden file's first record
constexpr double kTime = 1700000000.5;

class TfEvents : public TempFolderTest {
 protected:
  void TearDown() override {
    log_configure(0, LogLevel::info);
    TempFolderTest::TearDown();
  }
  std::string path() const { return in_folder("events.out.tfevents.cohort"); }
  void put(const std::string& content) { std::ofstream(path(), std::ios::binary) << content; }
  std::string content() const { return read_file(path()); }

  const std::string golden_ = read_file(COHORT_SOURCE_DIR "/tests/golden/io/scalars.tfevents");
};

TEST_F(TfEvents, WritesTensorBoardsBytes) {
  put(golden_.substr(0, kVersionBytes));
  {
    TfEventsWriter writer(folder_);
    writer.scalar("reward/mean", 0, 0.5, kTime);
    writer.flush();
    writer.scalar("reward/mean", 1, -1e30, kTime + 1);
    writer.scalar("x", 300, INFINITY, kTime + 300);
    writer.scalar("l\xc3\xa4nge", int64_t{1} << 40, 0.0, kTime + std::pow(2.0, 40));
  }
  EXPECT_EQ(content(), golden_);
}

TEST_F(TfEvents, ANewFileBeginsWithItsVersion) {
  { TfEventsWriter writer(in_folder("new/tb")); }
  const std::string made = read_file(in_folder("new/tb/events.out.tfevents.cohort"));
  ASSERT_EQ(made.size(), kVersionBytes);
  EXPECT_EQ(made.substr(0, 13), golden_.substr(0, 13));    // length, its checksum, tag of wall_time
  EXPECT_EQ(made.substr(21, 15), golden_.substr(21, 15));  // the version
  { TfEventsWriter writer(in_folder("new/tb")); }
  EXPECT_EQ(read_file(in_folder("new/tb/events.out.tfevents.cohort")), made);
}

TEST_F(TfEvents, TruncateKeepsTheVersionAndWhatIsAsked) {
  put(golden_);
  TfEventsWriter::truncate_after(folder_, [](const std::string&, int64_t) { return true; });
  EXPECT_EQ(content(), golden_);

  std::string seen;
  TfEventsWriter::truncate_after(folder_, [&](const std::string& tag, int64_t step) {
    seen += fmt::format("{}@{} ", tag, step);
    return tag == "reward/mean" && step < 1;
  });
  EXPECT_EQ(seen, "reward/mean@0 reward/mean@1 x@300 l\xc3\xa4nge@1099511627776 ");
  const std::string truncated = content();

  put(golden_.substr(0, kVersionBytes));
  { TfEventsWriter(folder_).scalar("reward/mean", 0, 0.5, kTime); }
  EXPECT_EQ(content(), truncated);
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"events.out.tfevents.cohort"});
}

TEST_F(TfEvents, TruncateDropsATornOrDamagedTail) {
  log_configure(0, LogLevel::error);  // each cut would warn
  const auto all = [](const std::string&, int64_t) { return true; };
  put(golden_);
  TfEventsWriter::truncate_after(folder_,
                                 [](const std::string& tag, int64_t) { return tag[0] != 'l'; });
  const std::string without_last = content();
  ASSERT_LT(without_last.size(), golden_.size());
  for (size_t size = without_last.size() + 1; size < golden_.size(); ++size) {
    put(golden_.substr(0, size));
    TfEventsWriter::truncate_after(folder_, all);
    ASSERT_EQ(content(), without_last) << size;
  }
  for (size_t at = without_last.size(); at < golden_.size(); ++at) {
    std::string damaged = golden_;
    damaged[at] ^= 0x10;
    put(damaged);
    TfEventsWriter::truncate_after(folder_, all);
    ASSERT_EQ(content(), without_last) << at;
  }
  TfEventsWriter::truncate_after(in_folder("absent"), all);
}

}  // namespace
}  // namespace cohort
