#include "rewards/code/sandbox_wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/base/error.h"

namespace cohort::judge {
namespace {

constexpr uint64_t kMaxFrame = uint64_t{4} << 30;

class Writer {
 public:
  void add(uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void add(double value) { add(std::bit_cast<uint64_t>(value)); }
  void add(std::string_view text) {
    add(uint64_t{text.size()});
    bytes_.append(text);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  uint64_t number() {
    uint64_t value = 0;
    std::memcpy(&value, piece(sizeof value).data(), sizeof value);
    return value;
  }
  double real() { return std::bit_cast<double>(number()); }
  std::string text() { return std::string(piece(number())); }
  // Of a list; each entry takes at least eight bytes.
  uint64_t count() {
    const uint64_t value = number();
    if (value > bytes_.size() / 8) throw_error<InputError>("sandbox: a frame is cut short");
    return value;
  }
  void finish() const {
    if (!bytes_.empty()) throw_error<InputError>("sandbox: a frame is too long");
  }

 private:
  std::string_view piece(uint64_t size) {
    if (size > bytes_.size()) throw_error<InputError>("sandbox: a frame is cut short");
    const std::string_view result = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return result;
  }
  std::string_view bytes_;
};

void add(Writer& w, const Limits& l) {
  w.add(l.cpu_seconds);
  w.add(l.wall_seconds);
  for (const int64_t value : {l.memory_bytes, l.processes, l.output_bytes, l.file_bytes}) {
    w.add(static_cast<uint64_t>(value));
  }
}

Limits read_limits(Reader& r) {
  Limits l;
  l.cpu_seconds = r.real();
  l.wall_seconds = r.real();
  for (int64_t* value : {&l.memory_bytes, &l.processes, &l.output_bytes, &l.file_bytes}) {
    *value = static_cast<int64_t>(r.number());
  }
  return l;
}

// Moves exactly `size` bytes; `io(data, size)` moves some.
template <class Io>
bool move_all(char* data, size_t size, Io io) {
  while (size > 0) {
    const ssize_t moved = io(data, size);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return false;
    data += moved;
    size -= static_cast<size_t>(moved);
  }
  return true;
}

}  // namespace

std::string encode(const Hello& hello) {
  Writer w;
  w.add(uint64_t{hello.works});
  w.add(hello.detail);
  return w.take();
}

Hello decode_hello(std::string_view bytes) {
  Reader r(bytes);
  Hello hello;
  hello.works = r.number() != 0;
  hello.detail = r.text();
  r.finish();
  return hello;
}

std::string encode(const std::vector<Job>& jobs) {
  Writer w;
  w.add(uint64_t{jobs.size()});
  for (const Job& job : jobs) {
    w.add(static_cast<uint64_t>(job.language));
    w.add(job.source);
    w.add(job.input);
    w.add(uint64_t{job.call.has_value()});
    if (job.call) {
      w.add(job.call->entry_point);
      w.add(job.call->arguments);
    }
    w.add(uint64_t{job.files.size()});
    for (const auto& [name, content] : job.files) {
      w.add(name);
      w.add(content);
    }
    w.add(uint64_t{job.arguments.size()});
    for (const std::string& argument : job.arguments) w.add(argument);
    add(w, job.limits);
  }
  return w.take();
}

std::vector<Job> decode_jobs(std::string_view bytes) {
  Reader r(bytes);
  std::vector<Job> jobs(r.count());
  for (Job& job : jobs) {
    job.language = r.number() == 0 ? Job::Language::python : Job::Language::cpp;
    job.source = r.text();
    job.input = r.text();
    if (r.number() != 0) {
      job.call.emplace();
      job.call->entry_point = r.text();
      job.call->arguments = r.text();
    }
    job.files.resize(r.count());
    for (auto& [name, content] : job.files) {
      name = r.text();
      content = r.text();
    }
    job.arguments.resize(r.count());
    for (std::string& argument : job.arguments) argument = r.text();
    job.limits = read_limits(r);
  }
  r.finish();
  return jobs;
}

std::string encode(const Execution& e) {
  Writer w;
  w.add(static_cast<uint64_t>(e.end));
  w.add(static_cast<uint64_t>(e.status));
  w.add(e.output);
  w.add(e.error);
  w.add(uint64_t{e.returned.has_value()});
  if (e.returned) w.add(*e.returned);
  w.add(e.wall_seconds);
  w.add(e.cpu_seconds);
  w.add(static_cast<uint64_t>(e.peak_memory_bytes));
  return w.take();
}

Execution decode_execution(std::string_view bytes) {
  Reader r(bytes);
  Execution e;
  const uint64_t end = r.number();
  if (end > static_cast<uint64_t>(Execution::End::refused)) {
    throw_error<InputError>("sandbox: a frame has an unknown end: {}", end);
  }
  e.end = static_cast<Execution::End>(end);
  e.status = static_cast<int>(r.number());
  e.output = r.text();
  e.error = r.text();
  if (r.number() != 0) e.returned = r.text();
  e.wall_seconds = r.real();
  e.cpu_seconds = r.real();
  e.peak_memory_bytes = static_cast<int64_t>(r.number());
  r.finish();
  return e;
}

bool send_frame(int socket, std::string_view bytes) {
  uint64_t size = bytes.size();
  const auto write = [socket](const char* data, size_t count) {
    return send(socket, data, count, MSG_NOSIGNAL);
  };
  return move_all(reinterpret_cast<char*>(&size), sizeof size, write) &&
         move_all(const_cast<char*>(bytes.data()), bytes.size(), write);
}

Received receive_frame(int socket, std::string& bytes,
                       std::optional<std::chrono::steady_clock::time_point> deadline) {
  bool late = false;
  const auto read = [&](char* data, size_t count) -> ssize_t {
    if (deadline) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          *deadline - std::chrono::steady_clock::now());
      pollfd waiting{socket, POLLIN, 0};
      const int ready =
          poll(&waiting, 1, static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1000000000)));
      if (ready == 0) late = true;
      if (ready <= 0) return ready;
    }
    return recv(socket, data, count, 0);
  };
  uint64_t size = 0;
  if (!move_all(reinterpret_cast<char*>(&size), sizeof size, read) || size > kMaxFrame) {
    return late ? Received::late : Received::closed;
  }
  bytes.resize(size);
  if (move_all(bytes.data(), size, read)) return Received::frame;
  return late ? Received::late : Received::closed;
}

}  // namespace cohort::judge
