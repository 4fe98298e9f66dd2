#include "core/io/hdf5_file.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "core/base/error.h"
#include "core/base/files.h"
#include "tests/support/error_text.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

class Hdf5FileTest : public TempFolderTest {
 protected:
  std::string path() const { return in_folder("a.h5"); }
};

TEST_F(Hdf5FileTest, EveryTypeReadsBack) {
  const std::vector<float> f32 = {0.0f, -0.0f, 1.5f, -3.25e-42f, INFINITY, 6.0f};
  const std::vector<double> f64 = {1.0 / 3, -1e300};
  const std::vector<int64_t> i64 = {INT64_MIN, -1, INT64_MAX};
  const std::vector<int32_t> i32 = {INT32_MIN, 0, INT32_MAX};
  const std::vector<uint8_t> u8 = {0, 128, 255};
  const std::vector<uint16_t> u16 = {0, 0x7fc0, 0xffff};
  const std::vector<std::string> strings = {"", "plain", "gr\xc3\xbc\xc3\x9f dich\nline"};
  {
    const auto file = Hdf5File::create(path());
    file->write_f32("prompt/deep/f32", f32, {2, 3});
    file->write_f64("prompt/f64", f64);
    file->write_i64("i64", i64);
    file->write_i32("i32", i32);
    file->write_u8("u8", u8);
    file->write_u16("u16", u16);
    file->write_strings("strings", strings);
    file->write_attribute("/", "format", "first");
    file->write_attribute("/", "format", "rollout 1");
    file->write_attribute("prompt/f64", "unit", "");
    file->commit();
  }
  const auto file = Hdf5File::open(path());
  const std::vector<float> read = file->read_f32("prompt/deep/f32");
  ASSERT_EQ(read.size(), f32.size());
  EXPECT_EQ(std::memcmp(read.data(), f32.data(), sizeof(float) * f32.size()), 0);
  EXPECT_EQ(file->shape("prompt/deep/f32"), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file->shape("i64"), std::vector<int64_t>{3});
  EXPECT_EQ(file->read_f64("prompt/f64"), f64);
  EXPECT_EQ(file->read_i64("i64"), i64);
  EXPECT_EQ(file->read_i32("i32"), i32);
  EXPECT_EQ(file->read_u8("u8"), u8);
  EXPECT_EQ(file->read_u16("u16"), u16);
  EXPECT_EQ(file->read_strings("strings"), strings);
  EXPECT_EQ(file->read_attribute("/", "format"), "rollout 1");
  EXPECT_EQ(file->read_attribute("prompt/f64", "unit"), "");
  EXPECT_EQ(file->list("/"),
            (std::vector<std::string>{"i32", "i64", "prompt", "strings", "u16", "u8"}));
  EXPECT_EQ(file->list("prompt"), (std::vector<std::string>{"deep", "f64"}));
  EXPECT_TRUE(file->has("prompt"));
  EXPECT_TRUE(file->has("prompt/deep/f32"));
  EXPECT_FALSE(file->has("prompt/other/f32"));
  EXPECT_FALSE(file->has("prompt/deep/f32/x"));
}

TEST_F(Hdf5FileTest, EmptyDatasetsReadBackEmpty) {
  {
    const auto file = Hdf5File::create(path());
    file->write_f32("a", {});
    file->write_i64("b", {}, {0, 7});
    file->write_strings("c", {});
    file->commit();
  }
  const auto file = Hdf5File::open(path());
  EXPECT_TRUE(file->read_f32("a").empty());
  EXPECT_EQ(file->shape("b"), (std::vector<int64_t>{0, 7}));
  EXPECT_TRUE(file->read_i64("b").empty());
  EXPECT_TRUE(file->read_strings("c").empty());
}

TEST_F(Hdf5FileTest, LargeDatasetsAreWrittenInSlabs) {
  std::vector<int32_t> flat(5'000'003);  // 20 MB
  for (size_t i = 0; i < flat.size(); ++i) flat[i] = static_cast<int32_t>(i);
  const std::vector<int32_t> rows(flat.begin(), flat.begin() + 3 * 1'600'000);
  {
    const auto file = Hdf5File::create(path());
    file->write_i32("flat", flat);
    file->write_i32("rows", rows, {3, 1'600'000});  // two rows a slab
    file->commit();
  }
  const auto file = Hdf5File::open(path());
  EXPECT_EQ(file->read_i32("flat"), flat);
  EXPECT_EQ(file->read_i32("rows"), rows);
}

TEST_F(Hdf5FileTest, RangesReadPartOfADataset) {
  std::vector<float> f32(1000);
  std::vector<uint16_t> u16(1000);
  for (size_t i = 0; i < 1000; ++i) {
    f32[i] = static_cast<float>(i);
    u16[i] = static_cast<uint16_t>(i);
  }
  {
    const auto file = Hdf5File::create(path());
    file->write_f32("f", f32);
    file->write_u16("u", u16);
    file->commit();
  }
  const auto file = Hdf5File::open(path());
  std::vector<float> some(3);
  file->read_f32_range("f", 997, some);
  EXPECT_EQ(some, (std::vector<float>{997, 998, 999}));
  std::vector<uint16_t> few(2);
  file->read_u16_range("u", 10, few);
  EXPECT_EQ(few, (std::vector<uint16_t>{10, 11}));
  file->read_f32_range("f", 1000, {});
  EXPECT_EQ(error_text<InputError>([&] { file->read_f32_range("f", 998, some); }),
            path() + ": f: elements [998, 1001) of shape [1000]");
}

TEST_F(Hdf5FileTest, HasItsNameOnlyWhenCommitted) {
  {
    const auto file = Hdf5File::create(path());
    file->write_u8("a", std::vector<uint8_t>(10));
    EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"a.h5.part"});
  }
  EXPECT_TRUE(list_folder(folder_).empty());
  const auto file = Hdf5File::create(path());
  file->commit();
  EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"a.h5"});
  EXPECT_THROW(file->write_u8("a", {}), CheckError);
}

TEST_F(Hdf5FileTest, TheSameContentHasTheSameBytes) {
  std::string first;
  for (const char* name : {"x.h5", "y.h5"}) {
    const auto file = Hdf5File::create(in_folder(name));
    file->write_f32("g/a", std::vector<float>(100, 2.0f));
    file->write_attribute("g/a", "k", "v");
    file->commit();
    if (first.empty()) {
      first = read_file(in_folder(name));
      std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // times are kept in seconds
    } else {
      EXPECT_EQ(read_file(in_folder(name)), first);
    }
  }
}

TEST_F(Hdf5FileTest, ErrorsNameFileAndDataset) {
  {
    const auto file = Hdf5File::create(path());
    file->write_i64("a/b", std::vector<int64_t>{1});
    file->write_strings("s", {"x"});
    EXPECT_EQ(error_text<InputError>([&] { file->write_strings("n", {std::string("a\0b", 3)}); }),
              path() + ": n: HDF5 strings cannot hold a NUL character");
    EXPECT_THROW(file->write_f32("c", std::vector<float>(5), {2, 3}), CheckError);
    file->commit();
  }
  {
    const auto file = Hdf5File::create(in_folder("b.h5"));
    file->write_i64("a", {});
    EXPECT_EQ(error_text<IoError>([&] { file->write_i64("a", {}); }),
              in_folder("b.h5.part") + ": cannot write a: name already exists");
    EXPECT_THROW(file->commit(), CheckError);
  }
  const auto file = Hdf5File::open(path());
  EXPECT_EQ(error_text<InputError>([&] { file->read_f32("a/c"); }), path() + ": no dataset a/c");
  EXPECT_EQ(error_text<InputError>([&] { file->read_f32("a/b"); }),
            path() + ": a/b holds i64, expected f32");
  EXPECT_EQ(error_text<InputError>([&] { file->read_i64("s"); }),
            path() + ": s holds string, expected i64");
  EXPECT_EQ(error_text<InputError>([&] { file->read_strings("a/b"); }),
            path() + ": a/b holds i64, expected strings of variable length");
  EXPECT_EQ(error_text<InputError>([&] { file->list("z"); }), path() + ": no group z");
  EXPECT_EQ(error_text<InputError>([&] { file->read_attribute("a", "k"); }),
            path() + ": no attribute a@k");
}

TEST_F(Hdf5FileTest, MissingForeignAndTruncatedFilesAreRefused) {
  EXPECT_EQ(error_text<InputError>([&] { Hdf5File::open(path()); }),
            path() + ": cannot open as HDF5: No such file or directory");
  write_file_atomic(path(), "not an HDF5 file at all");
  EXPECT_EQ(error_text<InputError>([&] { Hdf5File::open(path()); }),
            path() + ": cannot open as HDF5: file signature not found");
  {
    const auto file = Hdf5File::create(path());
    file->write_u8("a", std::vector<uint8_t>(100000));
    file->commit();
  }
  const std::string whole = read_file(path());
  write_file_atomic(path(), whole.substr(0, whole.size() - 1));
  EXPECT_NE(error_text<InputError>([&] { Hdf5File::open(path()); }).find("truncated file"),
            std::string::npos);
  write_file_atomic(path(), "");
  EXPECT_THROW(Hdf5File::open(path()), InputError);
}

TEST_F(Hdf5FileTest, AMissingFolderIsAnIoError) {
  EXPECT_EQ(error_text<IoError>([&] { Hdf5File::create(in_folder("no/a.h5")); }),
            in_folder("no/a.h5.part") + ": cannot create: No such file or directory");
}

// A limit on the file size stands for a full disk: the writes fail in the same places. In a child
// process, which also shows that the library leaves quietly after it.
TEST_F(Hdf5FileTest, AFullDiskIsOneLineAndLeavesNoFile) {
  for (const rlim_t limit : {rlim_t{1000}, rlim_t{100000}, rlim_t{1000000}, rlim_t{1300000}}) {
    const std::string report = in_folder("report");
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit bound = {limit, limit};
      ::setrlimit(RLIMIT_FSIZE, &bound);
      const std::string text = error_text<IoError>([&] {
        const auto file = Hdf5File::create(path());
        for (int i = 0; i < 10; ++i)
          file->write_f32(fmt::format("group/{}", i), std::vector<float>(25000, 1.0f));
        file->write_strings("s", std::vector<std::string>(10000, "some text for the heap"));
        file->commit();
      });
      std::ofstream(report) << text;
      std::exit(0);  // with the library's own clean-up
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "limit " << limit;
    const std::string text = read_file(report);
    EXPECT_NE(text.find(path() + ".part: cannot "), std::string::npos) << text;
    EXPECT_NE(text.find("File too large"), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_EQ(list_folder(folder_), std::vector<std::string>{"report"});
  }
}

TEST_F(Hdf5FileTest, SeveralFilesFromSeveralThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string name = in_folder(fmt::format("{}.h5", t));
      const auto file = Hdf5File::create(name);
      for (int i = 0; i < 50; ++i)
        file->write_i64(fmt::format("g/{}", i), std::vector<int64_t>(100, t * 1000 + i));
      file->commit();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t) {
    const auto file = Hdf5File::open(in_folder(fmt::format("{}.h5", t)));
    EXPECT_EQ(file->list("g").size(), 50u);
    EXPECT_EQ(file->read_i64("g/49"), std::vector<int64_t>(100, t * 1000 + 49));
  }
}

}  // namespace
}  // namespace cohort
