#include "rewards/code/helper/order.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "rewards/code/helper/marshalled.h"

namespace cohort::judge {
namespace {

constexpr uint64_t kMegabyte = 1 << 20;

std::vector<ResourceLimit> resource_limits(const Order& order) {
  const Limits& l = order.limits;
  const auto seconds = static_cast<uint64_t>(std::max(1.0, std::ceil(l.cpu_seconds)));
  // The memory of the whole tree is counted elsewhere. This bounds a single process between two
  // looks, with room for what is reserved and never used.
  const uint64_t address_space = static_cast<uint64_t>(l.memory_bytes) + 1024 * kMegabyte;
  const uint64_t stack = (order.kind == Order::Kind::command ? 128 : 64) * kMegabyte;
  const auto file_bytes = static_cast<uint64_t>(l.file_bytes);
  // Beside the program's own: those that keep the namespaces, which have the same user.
  const uint64_t processes = static_cast<uint64_t>(l.processes) + 3;
  return {{RLIMIT_CPU, seconds, seconds + 1},  // SIGXCPU, then SIGKILL
          {RLIMIT_AS, address_space, address_space},
          {RLIMIT_STACK, stack, stack},
          {RLIMIT_FSIZE, file_bytes, file_bytes},
          {RLIMIT_NOFILE, 64, 64},
          {RLIMIT_NPROC, processes, processes},
          {RLIMIT_SIGPENDING, 256, 256},
          {RLIMIT_CORE, 0, 0},
          {RLIMIT_MSGQUEUE, 0, 0},
          {RLIMIT_MEMLOCK, 0, 0},
          {RLIMIT_NICE, 0, 0},
          {RLIMIT_RTPRIO, 0, 0}};
}

// Between processes of one program.
std::string to_bytes(const std::vector<ResourceLimit>& limits) {
  return {reinterpret_cast<const char*>(limits.data()), limits.size() * sizeof(ResourceLimit)};
}

Value list_of(Value::Kind kind, std::vector<Value> items) {
  Value value;
  value.kind = kind;
  value.items = std::move(items);
  return value;
}

Value bytes_of(std::string bytes) {
  Value value = make_text(std::move(bytes));
  value.kind = Value::Kind::bytes;
  return value;
}

// Each field: its length in eight bytes, lowest first; then its bytes.
void add(std::string& bytes, const std::string& field) {
  uint64_t size = field.size();
  for (int i = 0; i < 8; ++i, size >>= 8) bytes += static_cast<char>(size & 0xff);
  bytes += field;
}

std::vector<std::string> split(const std::string& bytes) {
  std::vector<std::string> fields;
  for (size_t place = 0; place + 8 <= bytes.size();) {
    uint64_t size = 0;
    for (int i = 7; i >= 0; --i) size = size << 8 | static_cast<unsigned char>(bytes[place + i]);
    fields.push_back(bytes.substr(place + 8, size));
    place += 8 + size;
  }
  return fields;
}

}  // namespace

std::string encode_setup(const Order& order) {
  std::string bytes;
  add(bytes, to_bytes(resource_limits(order)));
  add(bytes, std::to_string(order.limits.file_bytes));
  add(bytes, order.collect);
  add(bytes, std::to_string(order.arguments.size()));
  for (const std::string& argument : order.arguments) add(bytes, argument);
  for (const auto& [name, content] : order.files) {
    add(bytes, name);
    add(bytes, content);
  }
  return bytes;
}

Setup decode_setup(const std::string& bytes) {
  const std::vector<std::string> fields = split(bytes);
  COHORT_CHECK(fields.size() >= 4, "{} fields", fields.size());
  Setup setup;
  setup.limits.resize(fields[0].size() / sizeof(ResourceLimit));
  std::memcpy(setup.limits.data(), fields[0].data(), setup.limits.size() * sizeof(ResourceLimit));
  setup.file_bytes = std::stoll(fields[1]);
  setup.collect = fields[2];
  const size_t arguments = std::stoull(fields[3]);
  COHORT_CHECK(fields.size() >= 4 + arguments, "{} fields", fields.size());
  setup.arguments.assign(fields.begin() + 4, fields.begin() + 4 + static_cast<long>(arguments));
  for (size_t i = 4 + arguments; i + 1 < fields.size(); i += 2) {
    setup.files.emplace_back(fields[i], fields[i + 1]);
  }
  return setup;
}

std::string encode_program(const Order& order, const std::string& nonce) {
  std::vector<Value> arguments;
  for (const std::string& argument : order.arguments) arguments.push_back(bytes_of(argument));
  const bool is_call = order.kind == Order::Kind::call;
  return marshalled(list_of(
      Value::Kind::tuple,
      {bytes_of(is_call ? "call" : "script"), bytes_of(nonce),
       make_integer(order.limits.output_bytes), bytes_of(order.source), bytes_of(order.entry_point),
       bytes_of(order.call_arguments), list_of(Value::Kind::tuple, std::move(arguments))}));
}

}  // namespace cohort::judge
