#include "rewards/code/assert_harness.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <charconv>

#include "core/base/error.h"
#include "rewards/code/python_literal.h"

namespace cohort::judge {

namespace {

// PR_SET_DUMPABLE 0 closes /proc/PID/{mem,fd,maps} of the parent to its child; without it nothing
// is run.
constexpr const char* kHarness = R"py(
import ast, ctypes, os, random, struct, sys

if ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) != 0:
    os._exit(3)


def read_exactly(file, size):
    data = b""
    while len(data) < size:
        piece = os.read(file, min(size - len(data), 1 << 20))
        if not piece:
            os._exit(4)
        data += piece
    return data


def receive(file):
    size, = struct.unpack("<Q", read_exactly(file, 8))
    if size > 1 << 26:
        os._exit(5)
    return read_exactly(file, size).decode("utf-8", "surrogatepass")


def send(file, text):
    data = text.encode("utf-8", "surrogatepass")
    data = struct.pack("<Q", len(data)) + data
    while data:
        data = data[os.write(file, data):]


def serve(requests, replies):
    null = os.open("/dev/null", os.O_RDWR)
    for file in 0, 1, 2:
        os.dup2(null, file)
    program, entry_point = receive(requests), receive(requests)
    names = {"__name__": "solution"}
    exec(compile(program, "solution.py", "exec"), names)
    while True:
        arguments, keywords = ast.literal_eval(receive(requests))
        send(replies, repr(names[entry_point](*arguments, **keywords)))


call_read, call_write = os.pipe()
reply_read, reply_write = os.pipe()
if os.fork() == 0:
    try:
        os.close(call_write)
        os.close(reply_read)
        serve(call_read, reply_write)
    finally:
        os._exit(1)
os.close(call_read)
os.close(reply_write)

task = ast.literal_eval(sys.stdin.read())
send(call_write, task["program"])
send(call_write, task["entry_point"])
held = 0


def candidate(*arguments, **keywords):
    send(call_write, repr((arguments, keywords)))
    return ast.literal_eval(receive(reply_read))


def count():
    global held
    held += 1


class Counted(ast.NodeTransformer):
    def visit_Assert(self, node):
        call = ast.Expr(ast.Call(ast.Name("__count__", ast.Load()), [], []))
        return [node, ast.copy_location(call, node)]


names = {"__name__": "tests", "__count__": count}
exec(task["names"], names)
names[task["entry_point"]] = candidate
tests = ast.fix_missing_locations(Counted().visit(ast.parse(task["test"])))
random.seed(0)
exec(compile(tests, "tests.py", "exec"), names)
if held == 0:
    names["check"](candidate)
sys.stdout.write("%s %d\n" % (task["nonce"], held))
sys.stdout.flush()
os._exit(0)
)py";

// A secret, not a draw: no result depends on its value.
std::string make_nonce() {
  std::array<unsigned char, 16> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw_error<IoError>("the system gives no random bytes");
  std::string nonce;
  for (const unsigned char byte : bytes) nonce += fmt::format("{:02x}", byte);
  return nonce;
}

}  // namespace

AssertRun make_assert_run(const std::string& program, const std::string& names,
                          const std::string& test_source, const std::string& entry_point,
                          const Limits& limits) {
  AssertRun run{.job = {}, .nonce = make_nonce()};
  Value task{.kind = Value::Kind::dict};
  const auto put = [&task](const char* key, const std::string& text) {
    task.items.push_back(make_text(key));
    task.items.push_back(make_text(text));
  };
  put("nonce", run.nonce);
  put("program", program);
  put("names", names);
  put("test", test_source);
  put("entry_point", entry_point);
  run.job.source = kHarness;
  run.job.input = to_literal(task);
  run.job.limits = limits;
  return run;
}

std::optional<int64_t> asserts_held(const AssertRun& run, const Execution& execution) {
  if (execution.end != Execution::End::exited || execution.status != 0) return std::nullopt;
  const std::string& output = execution.output;
  if (!output.starts_with(run.nonce + " ") || !output.ends_with('\n')) return std::nullopt;
  int64_t held = 0;
  const char* const end = output.data() + output.size() - 1;
  const auto [at, error] = std::from_chars(output.data() + run.nonce.size() + 1, end, held);
  if (error != std::errc() || at != end || held <= 0) return std::nullopt;
  return held;
}

}  // namespace cohort::judge
