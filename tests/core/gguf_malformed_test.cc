// Files that are broken or hostile. Each is one InputError of one line, before any allocation by a
// forged count.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/gguf.h"
#include "core/io/gguf/quants.h"
#include "tests/support/error_text.h"
#include "tests/support/temp_folder.h"

namespace cohort {
namespace {

constexpr uint64_t kHuge = UINT64_MAX;

// A file as bytes, put together by hand.
class Bytes {
 public:
  template <class T>
  Bytes& number(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  Bytes& raw(const std::string& text) {
    text_ += text;
    return *this;
  }
  Bytes& string(const std::string& text) { return number<uint64_t>(text.size()).raw(text); }
  Bytes& pad(size_t alignment = 32) {
    text_.resize((text_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Bytes header(uint64_t tensors, uint64_t keys, uint32_t version = 3) {
  return Bytes().raw("GGUF").number(version).number(tensors).number(keys);
}

Bytes& add_info(Bytes& bytes, const std::string& name, const std::vector<uint64_t>& extents,
                uint32_t type, uint64_t offset) {
  bytes.string(name).number(static_cast<uint32_t>(extents.size()));
  for (const uint64_t extent : extents) bytes.number(extent);
  return bytes.number(type).number(offset);
}

class MalformedGguf : public TempFolderTest {
 protected:
  // In memory: some file systems flush a file that is truncated and written again.
  void SetUp() override {
    TempFolderTest::SetUp();
    fd_ = ::memfd_create("malformed", MFD_CLOEXEC);
    ASSERT_GE(fd_, 0);
  }
  void TearDown() override {
    ::close(fd_);
    TempFolderTest::TearDown();
  }
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }

  // Without the path in front.
  std::string error_of(const std::string& bytes) {
    EXPECT_EQ(::ftruncate(fd_, static_cast<off_t>(bytes.size())), 0);
    EXPECT_EQ(::pwrite(fd_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    std::string text = error_text<InputError>([&] { GgufFile::open(path()); });
    EXPECT_EQ(text.find('\n'), std::string::npos);
    if (text.starts_with(path() + ": ")) text.erase(0, path().size() + 2);
    return text;
  }
  std::string error_of(const Bytes& bytes) { return error_of(bytes.text()); }

  // Of a file with one key `k` whose type and value are these.
  std::string error_of_value(const Bytes& value) {
    return error_of(header(0, 1).string("k").raw(value.text()).text());
  }
  // Of a file with one tensor and so many bytes of data.
  std::string error_of_tensor(const std::string& name, const std::vector<uint64_t>& extents,
                              uint32_t type, uint64_t offset, size_t data) {
    Bytes bytes = header(1, 0);
    add_info(bytes, name, extents, type, offset).pad().raw(std::string(data, 'x'));
    return error_of(bytes);
  }

 private:
  int fd_ = -1;
};

const char* const kOk = "no error";

TEST_F(MalformedGguf, OtherFilesAndVersionsAreRefused) {
  EXPECT_EQ(error_of(""), "not a GGUF file: it does not begin with \"GGUF\"");
  EXPECT_EQ(error_of("GGU"), "not a GGUF file: it does not begin with \"GGUF\"");
  EXPECT_EQ(error_of("ggml" + std::string(40, '\0')),
            "not a GGUF file: it does not begin with \"GGUF\"");
  EXPECT_EQ(error_of(header(0, 0)), kOk);
  for (const uint32_t version : {0u, 1u, 2u, 4u, 0x03000001u})
    EXPECT_EQ(error_of(header(0, 0, version)), fmt::format("GGUF version {}, expected 3", version));
  EXPECT_EQ(error_of(header(0, 0, 0x03000000)),
            "a big-endian GGUF file; only little-endian ones are read");
  EXPECT_EQ(error_text<InputError>([&] { GgufFile::open(in_folder("none")); }),
            in_folder("none") + ": cannot open: No such file or directory");
  EXPECT_EQ(error_text<InputError>([&] { GgufFile::open(folder_); }),
            folder_ + ": not a regular file");
}

TEST_F(MalformedGguf, ShardsAreRefused) {
  const auto with_count = [&](uint16_t count) {
    return error_of(header(0, 1).string("split.count").number<uint32_t>(2).number(count));
  };
  EXPECT_EQ(with_count(3),
            "one of the 3 shards of a split model; merge them (llama-gguf-split --merge)");
  EXPECT_EQ(with_count(1), kOk);
}

TEST_F(MalformedGguf, EveryTruncationIsRefused) {
  const std::string whole = read_file(COHORT_SOURCE_DIR "/tests/golden/io/types.gguf");
  ASSERT_EQ(error_of(whole), kOk);
  // Of the last tensor's padding nothing is needed.
  const size_t needed = whole.size() - 16;
  for (size_t size = 0; size < needed; ++size)
    ASSERT_NE(error_of(whole.substr(0, size)), kOk) << size;
  EXPECT_EQ(error_of(whole.substr(0, needed)), kOk);
  EXPECT_EQ(error_of(whole + "x"), "1 bytes after the last tensor");
}

// Whatever a byte of the header becomes, the file is refused or still safe to read whole.
TEST_F(MalformedGguf, NoFlippedByteCrashes) {
  const std::string whole = read_file(COHORT_SOURCE_DIR "/tests/golden/io/types.gguf");
  const size_t header_bytes = 1504;  // where the golden's data begins
  size_t refused = 0;
  for (size_t i = 0; i < header_bytes; ++i) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ change);
      if (error_of(bytes) != kOk) {
        ++refused;
        continue;
      }
      const auto file = GgufFile::open(path());
      for (const GgufTensor& tensor : file->tensors()) {
        std::vector<float> values(tensor.data.size() /
                                  static_cast<size_t>(ggml_block_bytes(tensor.type)) *
                                  static_cast<size_t>(ggml_block_elements(tensor.type)));
        ggml_dequantize(tensor.type, tensor.data, values);
      }
    }
  }
  EXPECT_GT(refused, header_bytes);
}

TEST_F(MalformedGguf, CountsAreBoundedByTheFile) {
  EXPECT_EQ(error_of(header(kHuge, 0)),
            "truncated: 18446744073709551615 tensors in a file of 24 bytes");
  EXPECT_EQ(error_of(header(0, kHuge)),
            "truncated: 18446744073709551615 keys in a file of 24 bytes");
  EXPECT_EQ(error_of(header(1, 0).raw(std::string(24, '\0'))),
            "truncated: 1 tensors in a file of 48 bytes");
  EXPECT_EQ(error_of(header(0, 1).number(kHuge).raw(std::string(20, 'x'))),
            "key number 1: a string of 18446744073709551615 bytes, at most 1073741824 are allowed");
  EXPECT_EQ(error_of(header(0, 1).number<uint64_t>(30).raw(std::string(20, 'x'))),
            "truncated: key number 1 needs 30 bytes at byte 32, the file has 52");
}

TEST_F(MalformedGguf, KeysAreUniquePrintableAndNotEmpty) {
  const auto keys = [&](const std::string& a, const std::string& b) {
    return error_of(header(0, 2)
                        .string(a)
                        .number<uint32_t>(0)
                        .number<uint8_t>(1)
                        .string(b)
                        .number<uint32_t>(0)
                        .number<uint8_t>(1)
                        .pad());
  };
  EXPECT_EQ(keys("a.b", "c.d"), kOk);
  EXPECT_EQ(keys("a.b", "a.b"), "key a.b occurs twice");
  EXPECT_EQ(keys("aaa", ""), "key number 2 is empty: ");
  EXPECT_EQ(keys("a\nb", "c"), "key number 1 is not printable ASCII: a\\x0ab");
  EXPECT_EQ(keys("a\xff", "c"), "key number 1 is not printable ASCII: a\\xff");
  EXPECT_EQ(keys(std::string(65535, 'k'), "c"), kOk);
  EXPECT_EQ(keys(std::string(65536, 'k'), "c"),
            "key number 1 is 65536 bytes long, at most 65535 are allowed: " +
                std::string(100, 'k') + "...");
}

TEST_F(MalformedGguf, ValuesAreOfKnownTypesAndInTheFile) {
  const auto array = [](uint32_t type, uint64_t count) {
    return Bytes().number<uint32_t>(9).number(type).number(count);
  };
  EXPECT_EQ(error_of_value(Bytes().number<uint32_t>(13).number<uint64_t>(0)),
            "key k: 13 is no type of a value");
  EXPECT_EQ(error_of_value(array(13, 1)), "key k: 13 is no type of a value");
  EXPECT_EQ(error_of_value(array(9, 1).number<uint32_t>(0).number<uint64_t>(0)),
            "key k: arrays of arrays are not allowed");
  EXPECT_EQ(error_of_value(array(0, (uint64_t{1} << 30) + 1)),
            "key k: an array of 1073741825 elements, at most 1073741824 are allowed");
  EXPECT_EQ(error_of_value(array(0, kHuge)),
            "key k: an array of 18446744073709551615 elements, at most 1073741824 are allowed");
  EXPECT_EQ(error_of_value(array(12, 3).raw(std::string(23, '\0'))),
            "truncated: key k needs 24 bytes at byte 49, the file has 72");
  EXPECT_EQ(error_of_value(array(8, uint64_t{1} << 30)),
            "key k: truncated: an array of 1073741824 strings in 0 bytes");
  EXPECT_EQ(error_of_value(array(8, 2).string("abcdefgh").raw("xxxx")),
            "truncated: key k needs 8 bytes at byte 65, the file has 69");
  EXPECT_EQ(error_of_value(array(8, 1).number(kHuge)),
            "key k: a string of 18446744073709551615 bytes, at most 1073741824 are allowed");
  EXPECT_EQ(error_of_value(array(0, 0)), kOk);
  EXPECT_EQ(error_of_value(array(8, 0)), kOk);
  EXPECT_EQ(error_of_value(Bytes().number<uint32_t>(7).number<uint8_t>(2)),
            "key k: a bool is 0 or 1, not 2");
  EXPECT_EQ(error_of_value(array(7, 2).number<uint8_t>(1).number<uint8_t>(255)),
            "key k: a bool is 0 or 1, not 255");
}

TEST_F(MalformedGguf, TheAlignmentIsAPowerOfTwo) {
  const auto with_alignment = [&](uint32_t alignment) {
    return error_of(header(0, 1).string("general.alignment").number<uint32_t>(4).number(alignment));
  };
  EXPECT_EQ(with_alignment(64), kOk);
  for (const uint32_t alignment : {0u, 1u, 4u, 33u, 48u, UINT32_MAX})
    EXPECT_EQ(with_alignment(alignment),
              fmt::format("key general.alignment: {} is not a power of two from 8 to 2147483648",
                          alignment));
  EXPECT_EQ(error_of(header(0, 1).string("general.alignment").number<uint32_t>(8).string("32")),
            "key general.alignment is a string, expected an integer");
}

TEST_F(MalformedGguf, TensorsAreOfKnownTypesAndWholeBlocks) {
  EXPECT_EQ(error_of_tensor("t", {2, 3}, 0, 0, 24), kOk);
  EXPECT_EQ(error_of_tensor("t", {32}, 8, 0, 34), kOk);
  EXPECT_EQ(error_of_tensor("t", {31}, 8, 0, 34),
            "tensor t: shape [31]: the last extent is no multiple of 32, the block of Q8_0");
  EXPECT_EQ(error_of_tensor("t", {128, 2}, 12, 0, 144),
            "tensor t: shape [2, 128]: the last extent is no multiple of 256, the block of Q4_K");
  EXPECT_EQ(error_of_tensor("t", {256}, 10, 0, 84), "tensor t: type Q2_K is not supported");
  EXPECT_EQ(error_of_tensor("t", {32}, 4, 0, 84), "tensor t: type 4 is unknown");
  EXPECT_EQ(error_of_tensor("t", {32}, 77, 0, 84), "tensor t: type 77 is unknown");
  EXPECT_EQ(error_of_tensor("t", {1, 1, 1, 1, 1}, 0, 0, 4),
            "tensor t: 5 extents, at most 4 are allowed");
}

TEST_F(MalformedGguf, NamesAreShortUniqueAndNotEmpty) {
  EXPECT_EQ(error_of_tensor(std::string(63, 'n'), {1}, 0, 0, 4), kOk);
  EXPECT_EQ(error_of_tensor(std::string(64, 'n'), {1}, 0, 0, 4),
            "tensor number 1: the name is 64 bytes long, at most 63 are allowed: " +
                std::string(64, 'n'));
  EXPECT_EQ(error_of_tensor("", {1}, 0, 0, 4), "tensor number 1: the name is empty: ");
  EXPECT_EQ(error_of_tensor(std::string("a\0b", 3), {1}, 0, 0, 4),
            "tensor number 1: the name holds a NUL character: a\\x00b");
  Bytes bytes = header(2, 0);
  add_info(bytes, "t", {1}, 0, 0);
  add_info(bytes, "t", {1}, 0, 32).pad().raw(std::string(64, 'x'));
  EXPECT_EQ(error_of(bytes), "tensor t occurs twice");
}

TEST_F(MalformedGguf, ShapesDoNotOverflow) {
  EXPECT_EQ(error_of_tensor("t", {kHuge}, 0, 0, 32),
            "tensor t: 18446744073709551615 is not an extent");
  EXPECT_EQ(error_of_tensor("t", {uint64_t{1} << 32, uint64_t{1} << 32}, 0, 0, 32),
            "tensor t: shape [4294967296, 4294967296] overflows");
  EXPECT_EQ(error_of_tensor("t", {uint64_t{1} << 62}, 0, 0, 32),
            "tensor t: shape [4611686018427387904] overflows");
  EXPECT_EQ(error_of_tensor("t", {0, uint64_t{1} << 32, uint64_t{1} << 32}, 0, 0, 0),
            "tensor t: shape [4294967296, 4294967296, 0] overflows");
  EXPECT_EQ(error_of_tensor("t", {0, 3}, 0, 0, 0), kOk);
  EXPECT_EQ(error_of_tensor("t", {uint64_t{1} << 60}, 0, 0, 32),
            "truncated: tensor t needs 4611686018427387904 bytes at byte 64, the file has 96");
}

TEST_F(MalformedGguf, TensorsFollowOneAnotherWithoutHolesOrOverlap) {
  const auto two = [&](uint64_t first, uint64_t second, size_t data) {
    Bytes bytes = header(2, 0);
    add_info(bytes, "a", {10}, 0, first);
    add_info(bytes, "b", {2}, 0, second).pad().raw(std::string(data, 'x'));
    return error_of(bytes);
  };
  const auto wrong = [](const char* name, uint64_t offset, uint64_t expected) {
    return fmt::format(
        "tensor {}: offset {}, expected {}: tensors follow one another, each padded to 32", name,
        offset, expected);
  };
  EXPECT_EQ(two(0, 64, 72), kOk);
  EXPECT_EQ(two(0, 64, 96), kOk);
  EXPECT_EQ(two(0, 0, 72), wrong("b", 0, 64));
  EXPECT_EQ(two(0, 40, 72), wrong("b", 40, 64));
  EXPECT_EQ(two(0, 96, 104), wrong("b", 96, 64));
  EXPECT_EQ(two(32, 96, 104), wrong("a", 32, 0));
  EXPECT_EQ(two(64, 0, 104), wrong("a", 64, 0));
  EXPECT_EQ(two(0, kHuge, 72), wrong("b", kHuge, 64));
  EXPECT_EQ(two(0, 64, 71), "truncated: tensor b needs 8 bytes at byte 160, the file has 167");
  EXPECT_EQ(two(0, 64, 40), "truncated: tensor b needs 8 bytes at byte 160, the file has 136");
  EXPECT_EQ(two(0, 64, 97), "1 bytes after the last tensor");
}

}  // namespace
}  // namespace cohort
