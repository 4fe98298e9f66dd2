// object.name, object[key] and object[a:b:c] as Jinja's sandbox does them.
#pragma once

#include <string>
#include <string_view>

#include "model/chat_template/interpreter.h"

namespace cohort::chat {

// The attribute, else the item of that name, else undefined. Throws Fault for what only Python has.
Value get_attribute(Interpreter& interpreter, const Value& object, const std::string& name);
// The item, else the attribute of that name, else undefined.
Value get_item(Interpreter& interpreter, const Value& object, const Value& key);
Value get_slice(Heap& heap, const Value& object, const Value& start, const Value& stop,
                const Value& step);
// An attribute alone; false when there is none.
bool find_attribute(Interpreter& interpreter, const Value& object, const std::string& name,
                    Value& out);

// Methods by type; null when there is none of that name. An entry without a function is known to
// Python and not supported here.
const MethodEntry* find_text_method(std::string_view name);
const MethodEntry* find_dict_method(std::string_view name);
const MethodEntry* find_list_method(std::string_view name);
const MethodEntry* find_tuple_method(std::string_view name);
const MethodEntry* find_loop_method(std::string_view name);

// What the sandbox keeps from templates: the methods that change a list or dict.
bool is_forbidden_method(const Value& object, std::string_view name);

}  // namespace cohort::chat
