#include "model/chat_template/value_text.h"

#include <fmt/format.h>

#include "model/chat_template/code_points.h"
#include "model/chat_template/loops.h"
#include "model/chat_template/macros.h"
#include "model/chat_template/number_text.h"

namespace cohort::chat {
namespace {

class Writer {
 public:
  explicit Writer(Heap& heap) : heap_(heap) {}
  std::string take() { return std::move(out_); }

  void write(const Value& value) {
    heap_.step();
    switch (value.kind()) {
      case Kind::kMissing:
      case Kind::kUndefined:
        return put("Undefined");
      case Kind::kNone:
        return put("None");
      case Kind::kBool:
        return put(value.as_bool() ? "True" : "False");
      case Kind::kInt:
        return put(fmt::format("{}", value.as_integer()));
      case Kind::kFloat:
        return put(float_text(value.as_double()));
      case Kind::kText:
        heap_.read(value.bytes().size());
        return put(value.get<Text>().markup ? "Markup(" + quoted(value.bytes()) + ")"
                                            : quoted(value.bytes()));
      case Kind::kList:
        return write_items("[", value.items(), "]");
      case Kind::kTuple:
        return write_items("(", value.items(), value.items().size() == 1 ? ",)" : ")");
      case Kind::kDict:
        return write_dict(value.get<Dict>());
      case Kind::kNamespace:
        if (++depth_ > heap_.limits().depth) throw Fault("a namespace inside itself");
        put("<Namespace ");
        write_dict(value.get<Namespace>().attributes);
        --depth_;
        return put(">");
      case Kind::kRange:
        return write_range(value.get<Range>());
      case Kind::kView:
        return write_view(value.get<View>());
      case Kind::kLoop: {
        Loop& loop = value.get<Loop>();
        Value index;
        loop.attribute("index", index);
        return put(fmt::format("<LoopContext {}/{}>", index.as_integer(), loop.total()));
      }
      case Kind::kMacro: {
        const Macro& macro = value.get<Macro>();
        return put(macro.named ? "<Macro " + quoted(macro.name) + ">" : "<Macro anonymous>");
      }
      case Kind::kIterator:
      case Kind::kFunction:
      case Kind::kMethod:
        throw Fault(fmt::format("the text of a {} is its address in memory", type_name(value)));
    }
  }

 private:
  void put(std::string_view text) {
    heap_.allow(static_cast<int64_t>(out_.size() + text.size()));
    out_ += text;
  }

  void write_items(std::string_view open, const std::vector<Value>& items, std::string_view close) {
    put(open);
    for (size_t i = 0; i < items.size(); ++i) {
      if (i) put(", ");
      write(items[i]);
    }
    put(close);
  }

  void write_dict(const Dict& dict) {
    put("{");
    bool first = true;
    for (const auto& [key, value] : dict.entries()) {
      if (!first) put(", ");
      first = false;
      write(key);
      put(": ");
      write(value);
    }
    put("}");
  }

  void write_range(const Range& range) {
    put(range.step == 1 ? fmt::format("range({}, {})", range.start, range.stop)
                        : fmt::format("range({}, {}, {})", range.start, range.stop, range.step));
  }

  void write_view(const View& view) {
    constexpr const char* kNames[] = {"dict_items([", "dict_keys([", "dict_values(["};
    put(kNames[static_cast<int>(view.part)]);
    bool first = true;
    for (const auto& [key, value] : view.dict->entries()) {
      if (!first) put(", ");
      first = false;
      if (view.part == View::Part::kItems) put("(");
      if (view.part != View::Part::kValues) write(key);
      if (view.part == View::Part::kItems) put(", ");
      if (view.part != View::Part::kKeys) write(value);
      if (view.part == View::Part::kItems) put(")");
    }
    put("])");
  }

  Heap& heap_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

std::string quoted(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  for (size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      append_utf8(out, c);
    } else if (c < 0x100) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
    } else if (c < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
    }
  }
  return out + quote;
}

std::string repr_of(Heap& heap, const Value& value) {
  Writer writer(heap);
  writer.write(value);
  return writer.take();
}

std::string text_of(Heap& heap, const Value& value) {
  if (value.is(Kind::kText)) {
    heap.read(value.bytes().size());
    return value.bytes();
  }
  return value.is(Kind::kUndefined) ? std::string() : repr_of(heap, value);
}

Value escaped(Heap& heap, const Value& value) {
  if (value.is(Kind::kText) && value.get<Text>().markup) return value;
  std::string out;
  for (const char c : text_of(heap, value)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return heap.text(std::move(out), /*markup=*/true);
}

Value soft_text(Heap& heap, const Value& value) {
  return value.is(Kind::kText) ? value : heap.text(text_of(heap, value));
}

}  // namespace cohort::chat
