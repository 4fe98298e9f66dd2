// A record of the file is
//   u64 length | u32 masked_crc(length) | bytes of an Event | u32 masked_crc(bytes)
// all little-endian. Fields of the protocol buffers (tensorflow/core/util/event.proto,
// summary.proto):
//   Event   1 wall_time double, 2 step int64, 3 file_version string, 5 summary Summary
//   Summary 1 value, repeated;  Value 1 tag string, 2 simple_value float
#include "core/io/tfevents.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/log.h"
#include "core/io/posix_file.h"

namespace cohort {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kFlushBytes = size_t{1} << 20;
constexpr size_t kFrameBytes = 16;  // of a record beside its Event

std::string file_in(const std::string& folder) { return folder + "/events.out.tfevents.cohort"; }

// CRC-32C (Castagnoli), reflected, and its mask of the TFRecord format.
uint32_t masked_crc(std::string_view bytes) {
  static const auto table = [] {
    std::array<uint32_t, 256> out{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
      out[i] = crc;
    }
    return out;
  }();
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) crc = table[(crc ^ static_cast<uint8_t>(c)) & 0xff] ^ (crc >> 8);
  crc = ~crc;
  return std::rotr(crc, 15) + 0xa282ead8u;
}

template <class T>
std::string raw(T value) {
  std::string out(sizeof(T), '\0');
  std::memcpy(out.data(), &value, sizeof(T));
  return out;
}

template <class T>
T raw_at(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out += static_cast<char>(value);
}

std::string tag(uint64_t field, WireType type) { return varint(field << 3 | type); }

std::string bytes_field(uint64_t field, std::string_view bytes) {
  return tag(field, kBytes).append(varint(bytes.size())).append(bytes);
}

std::string event(double wall_time_s, int64_t step, const std::string& rest) {
  std::string out = tag(1, kFixed64) + raw(wall_time_s);
  if (step != 0) out += tag(2, kVarint) + varint(static_cast<uint64_t>(step));
  return out + rest;
}

std::string record(std::string_view event) {
  const std::string length = raw(static_cast<uint64_t>(event.size()));
  return length + raw(masked_crc(length)) + std::string(event) + raw(masked_crc(event));
}

// The record at the front of `bytes`; empty when it is torn or damaged.
std::optional<std::string_view> first_record(std::string_view bytes) {
  if (bytes.size() < kFrameBytes || raw_at<uint32_t>(bytes, 8) != masked_crc(bytes.substr(0, 8)))
    return std::nullopt;
  const auto length = raw_at<uint64_t>(bytes, 0);
  if (length > bytes.size() - kFrameBytes) return std::nullopt;
  if (raw_at<uint32_t>(bytes, 12 + length) != masked_crc(bytes.substr(12, length)))
    return std::nullopt;
  return bytes.substr(0, kFrameBytes + length);
}

// One field of a message after the other. `value` is the number of a varint, `bytes` of a string or
// message.
struct Field {
  uint64_t number = 0;
  uint64_t value = 0;
  std::string_view bytes;
};

std::optional<uint64_t> take_varint(std::string_view& message) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !message.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(message.front());
    message.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// Empty at the end, and where the message is damaged.
std::optional<Field> take_field(std::string_view& message) {
  const auto key = take_varint(message);
  if (!key) return std::nullopt;
  Field field;
  field.number = *key >> 3;
  uint64_t size = 0;
  switch (*key & 7) {
    case kVarint: {
      const auto value = take_varint(message);
      if (!value) return std::nullopt;
      field.value = *value;
      return field;
    }
    case kFixed64:
      size = 8;
      break;
    case kFixed32:
      size = 4;
      break;
    case kBytes: {
      const auto length = take_varint(message);
      if (!length) return std::nullopt;
      size = *length;
      break;
    }
    default:
      return std::nullopt;
  }
  if (size > message.size()) return std::nullopt;
  field.bytes = message.substr(0, size);
  message.remove_prefix(size);
  return field;
}

bool is_kept(std::string_view event,
             const std::function<bool(const std::string& tag, int64_t step)>& keep) {
  int64_t step = 0;
  std::vector<std::string> tags;
  while (const auto field = take_field(event)) {
    if (field->number == 2) step = static_cast<int64_t>(field->value);
    std::string_view summary = field->number == 5 ? field->bytes : std::string_view();
    while (const auto value = take_field(summary)) {
      std::string_view parts = value->bytes;
      while (const auto part = take_field(parts))
        if (part->number == 1) tags.emplace_back(part->bytes);
    }
  }
  for (const std::string& name : tags)
    if (!keep(name, step)) return false;
  return true;
}

}  // namespace

TfEventsWriter::TfEventsWriter(const std::string& folder) : path_(file_in(folder)) {
  make_folders(folder);
  fd_ = posix_file::open_append(path_);
  struct stat status {};
  if (::fstat(fd_, &status) == 0 && status.st_size == 0) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    buffer_ = record(
        event(std::chrono::duration<double>(now).count(), 0, bytes_field(3, "brain.Event:2")));
  }
}

TfEventsWriter::~TfEventsWriter() {
  posix_file::write_some(fd_, buffer_.data(), buffer_.size());
  ::close(fd_);
}

void TfEventsWriter::scalar(const std::string& name, int64_t step, double value,
                            double wall_time_s) {
  const std::string simple_value = tag(2, kFixed32) + raw(static_cast<float>(value));
  const std::string summary = bytes_field(1, bytes_field(1, name) + simple_value);
  buffer_ += record(event(wall_time_s, step, bytes_field(5, summary)));
  if (buffer_.size() >= kFlushBytes) flush();
}

void TfEventsWriter::flush() { posix_file::append_durably(fd_, path_, buffer_); }

void TfEventsWriter::truncate_after(
    const std::string& folder,
    const std::function<bool(const std::string& tag, int64_t step)>& keep) {
  const std::string path = file_in(folder);
  if (!path_exists(path)) return;
  const std::string content = read_file(path);
  std::string_view rest = content;
  std::string kept;
  while (const auto whole = first_record(rest)) {
    if (is_kept(whole->substr(12, whole->size() - kFrameBytes), keep)) kept += *whole;
    rest.remove_prefix(whole->size());
  }
  if (!rest.empty())
    log_warning("{}: dropped {} bytes after the last whole record", path, rest.size());
  if (kept.size() < content.size()) write_file_atomic(path, kept);
}

}  // namespace cohort
