// The global functions of templates.
#include <fmt/format.h>

#include <array>
#include <ctime>

#include "model/chat_template/compare.h"
#include "model/chat_template/interpreter.h"
#include "model/chat_template/value_text.h"

namespace cohort::chat {
namespace {

using In = Interpreter&;
using Args = const Arguments&;

constexpr size_t kNone = std::string_view::npos;
constexpr int64_t kMaxRange = 100'000;  // of Jinja's sandbox

Value range(In in, Args arguments) {
  expect_positional(arguments, "range()", 1, 3);
  std::array<int64_t, 3> numbers{0, 0, 1};
  for (size_t i = 0; i < arguments.positional.size(); ++i)
    numbers[i] = index_of(arguments.positional[i]);
  if (arguments.positional.size() == 1) std::swap(numbers[0], numbers[1]);
  const auto [start, stop, step] = numbers;
  if (step == 0) throw Fault("range() arg 3 must not be zero");
  const __int128 distance =
      step > 0 ? static_cast<__int128>(stop) - start : static_cast<__int128>(start) - stop;
  const __int128 stride = step > 0 ? static_cast<__int128>(step) : -static_cast<__int128>(step);
  const __int128 length = distance > 0 ? (distance - 1) / stride + 1 : 0;
  if (length > kMaxRange) throw Fault(fmt::format("a range of more than {} items", kMaxRange));
  in.heap().charge(128);
  auto out = std::make_shared<Range>();
  out->start = start;
  out->stop = stop;
  out->step = step;
  out->length = static_cast<int64_t>(length);
  return Value(Kind::kRange, std::move(out));
}

// Python's dict(mapping or pairs, **named).
std::shared_ptr<Dict> filled(In in, Args arguments, std::string_view callee) {
  Heap& heap = in.heap();
  if (arguments.positional.size() > 1)
    throw Fault(fmt::format("{} takes at most 1 argument", callee));
  auto out = std::make_shared<Dict>();
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    use_defined(from);
    if (from.is(Kind::kDict)) {
      for (const auto& [key, value] : from.get<Dict>().entries()) out->set(heap, key, value);
    } else {
      const auto items = iterate(heap, from);
      for (Value item; items->next(item);) {
        const std::vector<Value> pair = list_of(heap, item);
        if (pair.size() != 2)
          throw Fault(fmt::format("{}: a pair of length {}", callee, pair.size()));
        out->set(heap, pair[0], pair[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) out->set(heap, heap.text(name), value);
  return out;
}

Value dict(In in, Args arguments) { return in.heap().dict(filled(in, arguments, "dict()")); }

Value make_namespace(In in, Args arguments) {
  auto attributes = filled(in, arguments, "namespace()");
  for (const auto& [name, value] : attributes->entries())
    if (name.is(Kind::kText) && name.bytes().starts_with("_"))
      throw Fault(fmt::format("a namespace takes no attribute that begins with an underscore: '{}'",
                              name.bytes()));
  return in.heap().make_namespace(std::move(attributes));
}

Value raise_exception(In in, Args arguments) {
  const Bound bound(arguments, "raise_exception()", {"message"}, 1);
  throw Fault(text_of(in.heap(), bound.at(0)));
}

// A time without a zone, in the C locale.
Value strftime_now(In in, Args arguments) {
  const Bound bound(arguments, "strftime_now()", {"format"}, 1);
  const std::string& format = expect_text(bound.at(0), "strftime_now()");
  if (!in.now()) throw Fault("strftime_now() needs the time, and none was given");
  std::string out;
  for (size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%') {
      out += format[at];
      continue;
    }
    // A flag of the C library, then the conversion.
    std::string one = "%";
    if (at + 1 < format.size() && std::string_view("-_0^#").find(format[at + 1]) != kNone)
      one += format[++at];
    const char type = ++at < format.size() ? format[at] : '\0';
    if ((type == 'z' || type == 'Z') && one.size() == 1) continue;
    constexpr std::string_view kKnown = "aAwdbBmyYHIpMSjUWcxXGuVeDFTRrnthCklP%";
    if (type == '\0' || kKnown.find(type) == kNone)
      throw Fault(fmt::format("strftime_now: the format '{}{}' is not supported", one, type));
    one += type;
    std::array<char, 64> buffer{};
    out.append(buffer.data(), std::strftime(buffer.data(), buffer.size(), one.c_str(), &*in.now()));
  }
  return in.heap().text(std::move(out));
}

const std::array kFunctions = [] {
  std::array<Function, 8> out;
  const auto set = [&](size_t at, std::string_view name, auto call) {
    out[at].name = name;
    out[at].call = call;
  };
  set(0, "range", range);
  set(1, "dict", dict);
  set(2, "namespace", make_namespace);
  set(3, "raise_exception", raise_exception);
  set(4, "strftime_now", strftime_now);
  set(5, "lipsum", nullptr);
  set(6, "cycler", nullptr);
  set(7, "joiner", nullptr);
  return out;
}();

}  // namespace

const Function* find_function(std::string_view name) {
  for (const Function& function : kFunctions)
    if (function.name == name) return &function;
  return nullptr;
}

}  // namespace cohort::chat
