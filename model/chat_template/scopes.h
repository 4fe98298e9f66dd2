// Finds out, before anything is rendered, which scope each name of a template belongs to. Jinja
// decides that for a whole body at once (a name that a body sets anywhere is that body's own), and
// a look-up at run time would differ from it.
#pragma once

#include <string>

#include "model/chat_template/ast.h"

namespace cohort::chat {

// Throws InputError with `file` and line: a break outside a loop, an unknown filter or test, an
// assignment to `loop`, a name that Jinja cannot place.
void resolve_scopes(Program& program, const std::string& file);

}  // namespace cohort::chat
