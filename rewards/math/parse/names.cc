#include "rewards/math/parse/names.h"

#include <string>
#include <unordered_map>

namespace cohort::math {

namespace {

using Names = std::unordered_map<std::string_view, Meaning>;

const Names& functions() {
  static const Names kTable = [] {
    Names table;
    for (const char* name :
         {"sin",    "cos",    "tan",    "cot",  "sec",  "csc",  "arcsin", "arccos", "arctan",
          "arccot", "arcsec", "arccsc", "sinh", "cosh", "tanh", "coth",   "sech",   "csch",
          "arsinh", "arcosh", "artanh", "ln",   "log",  "exp",  "gcd",    "lcm",    "max",
          "min",    "det",    "arg",    "sgn",  "Re",   "Im",   "cis"})
      table[name] = {Tok::function, name};
    table["asin"] = {Tok::function, "arcsin"};
    table["acos"] = {Tok::function, "arccos"};
    table["atan"] = {Tok::function, "arctan"};
    table["arcsinh"] = {Tok::function, "arsinh"};
    table["arccosh"] = {Tok::function, "arcosh"};
    table["arctanh"] = {Tok::function, "artanh"};
    table["asinh"] = {Tok::function, "arsinh"};
    table["acosh"] = {Tok::function, "arcosh"};
    table["atanh"] = {Tok::function, "artanh"};
    table["cosec"] = {Tok::function, "csc"};
    table["cotan"] = {Tok::function, "cot"};
    table["sign"] = {Tok::function, "sgn"};
    table["conj"] = {Tok::function, "conj"};
    return table;
  }();
  return kTable;
}

const Names& greek() {
  static const Names kTable = [] {
    Names table;
    for (const char* name :
         {"alpha",   "beta",   "gamma", "delta",   "epsilon", "zeta",  "eta",   "theta", "iota",
          "kappa",   "lambda", "mu",    "nu",      "xi",      "pi",    "rho",   "sigma", "tau",
          "upsilon", "phi",    "chi",   "psi",     "omega",   "Gamma", "Delta", "Theta", "Lambda",
          "Xi",      "Pi",     "Sigma", "Upsilon", "Phi",     "Psi",   "Omega"})
      table[name] = {Tok::symbol, name};
    return table;
  }();
  return kTable;
}

const Names& commands() {
  static const Names kTable = [] {
    Names table = functions();
    for (const auto& entry : greek()) table.insert(entry);
    const Names others = {
        {"tg", {Tok::function, "tan"}},
        {"ctg", {Tok::function, "cot"}},
        {"arctg", {Tok::function, "arctan"}},
        {"lg", {Tok::function, "lg"}},
        {"varepsilon", {Tok::symbol, "epsilon"}},
        {"vartheta", {Tok::symbol, "theta"}},
        {"varphi", {Tok::symbol, "phi"}},
        {"varrho", {Tok::symbol, "rho"}},
        {"varsigma", {Tok::symbol, "sigma"}},
        {"infty", {Tok::symbol, "inf"}},
        {"infin", {Tok::symbol, "inf"}},
        {"ldots", {Tok::symbol, "..."}},
        {"cdots", {Tok::symbol, "..."}},
        {"dots", {Tok::symbol, "..."}},
        {"dotsc", {Tok::symbol, "..."}},
        {"dotsb", {Tok::symbol, "..."}},
        {"dotsm", {Tok::symbol, "..."}},
        {"imath", {Tok::symbol, "i"}},
        {"cdot", {Tok::times, ""}},
        {"times", {Tok::times, "cross"}},
        {"ast", {Tok::times, ""}},
        {"div", {Tok::slash, ""}},
        {"pm", {Tok::plus_minus, "+-"}},
        {"mp", {Tok::plus_minus, "-+"}},
        {"cup", {Tok::unite, ""}},
        {"bigcup", {Tok::unite, ""}},
        {"cap", {Tok::intersect, ""}},
        {"bigcap", {Tok::intersect, ""}},
        {"setminus", {Tok::set_minus, ""}},
        {"smallsetminus", {Tok::set_minus, ""}},
        {"backslash", {Tok::set_minus, ""}},
        {"land", {Tok::and_, "land"}},
        {"wedge", {Tok::and_, "land"}},
        {"lor", {Tok::or_, ""}},
        {"vee", {Tok::or_, ""}},
        {"le", {Tok::relation, "l"}},
        {"leq", {Tok::relation, "l"}},
        {"leqslant", {Tok::relation, "l"}},
        {"leqq", {Tok::relation, "l"}},
        {"lt", {Tok::relation, "<"}},
        {"ge", {Tok::relation, "g"}},
        {"geq", {Tok::relation, "g"}},
        {"geqslant", {Tok::relation, "g"}},
        {"geqq", {Tok::relation, "g"}},
        {"gt", {Tok::relation, ">"}},
        {"ne", {Tok::relation, "!"}},
        {"neq", {Tok::relation, "!"}},
        {"approx", {Tok::relation, "~"}},
        {"simeq", {Tok::relation, "~"}},
        {"in", {Tok::relation, "e"}},
        {"notin", {Tok::relation, "n"}},
        {"subset", {Tok::relation, "s"}},
        {"subseteq", {Tok::relation, "s"}},
        {"equiv", {Tok::relation, "c"}},
        {"lfloor", {Tok::open_floor, ""}},
        {"rfloor", {Tok::close_floor, ""}},
        {"lceil", {Tok::open_ceiling, ""}},
        {"rceil", {Tok::close_ceiling, ""}},
        {"langle", {Tok::open_angle, ""}},
        {"rangle", {Tok::close_angle, ""}},
        {"lvert", {Tok::open_bar, ""}},
        {"rvert", {Tok::close_bar, ""}},
        {"lVert", {Tok::open_bar, ""}},
        {"rVert", {Tok::close_bar, ""}},
        {"vert", {Tok::bar, ""}},
        {"Vert", {Tok::double_bar, ""}},
        {"lbrace", {Tok::open_set, ""}},
        {"rbrace", {Tok::close_set, ""}},
        {"lbrack", {Tok::open_square, ""}},
        {"rbrack", {Tok::close_square, ""}},
        {"lparen", {Tok::open_round, ""}},
        {"rparen", {Tok::close_round, ""}},
        {"mid", {Tok::mid, ""}},
        {"colon", {Tok::colon, ""}},
        {"to", {Tok::to, ""}},
        {"rightarrow", {Tok::to, ""}},
        {"longrightarrow", {Tok::to, ""}},
        {"degree", {Tok::degree, ""}},
        {"degrees", {Tok::degree, ""}},
        {"textdegree", {Tok::degree, ""}},
        {"percent", {Tok::percent, ""}},
        {"permil", {Tok::percent, "mille"}},
        {"textperthousand", {Tok::percent, "mille"}},
        {"perthousand", {Tok::percent, "mille"}},
        {"prime", {Tok::prime, ""}},
        {"euro", {Tok::currency, "eur"}},
        {"texteuro", {Tok::currency, "eur"}},
        {"pounds", {Tok::currency, "gbp"}},
        {"textsterling", {Tok::currency, "gbp"}},
        {"yen", {Tok::currency, "jpy"}},
        {"textyen", {Tok::currency, "jpy"}},
        {"rupee", {Tok::currency, "inr"}},
        {"won", {Tok::currency, "krw"}},
        {"ruble", {Tok::currency, "rub"}},
        {"textdollar", {Tok::currency, "usd"}},
        {"dollar", {Tok::currency, "usd"}},
        {"cent", {Tok::currency, "cent"}},
        {"textcent", {Tok::currency, "cent"}},
        {"frac", {Tok::command, "frac"}},
        {"dfrac", {Tok::command, "frac"}},
        {"tfrac", {Tok::command, "frac"}},
        {"cfrac", {Tok::command, "frac"}},
        {"sfrac", {Tok::command, "frac"}},
        {"nicefrac", {Tok::command, "frac"}},
        {"binom", {Tok::command, "binom"}},
        {"dbinom", {Tok::command, "binom"}},
        {"tbinom", {Tok::command, "binom"}},
        {"sqrt", {Tok::command, "sqrt"}},
        {"overline", {Tok::command, "overline"}},
        {"bar", {Tok::command, "overline"}},
        {"angle", {Tok::command, "angle"}},
        {"measuredangle", {Tok::command, "angle"}},
        {"triangle", {Tok::command, "triangle"}},
        {"circ", {Tok::command, "circ"}},
        {"emptyset", {Tok::command, "emptyset"}},
        {"varnothing", {Tok::command, "emptyset"}},
        {"sum", {Tok::command, "sum"}},
        {"prod", {Tok::command, "prod"}},
        {"int", {Tok::command, "int"}},
        {"lim", {Tok::command, "lim"}},
        {"pmod", {Tok::command, "pmod"}},
        {"pod", {Tok::command, "pmod"}},
        {"bmod", {Tok::command, "bmod"}},
        {"mod", {Tok::command, "bmod"}},
        {"cr", {Tok::row_break, ""}},
        {"newline", {Tok::row_break, ""}},
        {"begin", {Tok::command, "begin"}},
        {"end", {Tok::command, "end"}},
        // Words that only look like names: never symbols.
        {"Rightarrow", {Tok::command, "implies"}},
        {"implies", {Tok::command, "implies"}},
        {"iff", {Tok::command, "implies"}},
        {"Leftrightarrow", {Tok::command, "implies"}},
        {"cong", {Tok::command, "cong"}},
        {"sim", {Tok::command, "sim"}},
        {"perp", {Tok::command, "perp"}},
        {"parallel", {Tok::command, "parallel"}},
        {"propto", {Tok::command, "propto"}},
        {"forall", {Tok::command, "forall"}},
        {"exists", {Tok::command, "exists"}},
    };
    for (const auto& entry : others) table.insert(entry);
    return table;
  }();
  return kTable;
}

}  // namespace

const Meaning* find_command(std::string_view name) {
  const auto found = commands().find(name);
  return found == commands().end() ? nullptr : &found->second;
}

const Meaning* find_plain_name(std::string_view letters) {
  static const Names kOthers = {
      {"sqrt", {Tok::command, "sqrt"}},
      {"cbrt", {Tok::command, "cbrt"}},
      {"binom", {Tok::command, "binom"}},
      {"abs", {Tok::command, "abs"}},
      {"floor", {Tok::command, "floor"}},
      {"ceil", {Tok::command, "ceil"}},
      {"mod", {Tok::command, "bmod"}},
      {"infty", {Tok::symbol, "inf"}},
      {"infinity", {Tok::symbol, "inf"}},
      {"Infinity", {Tok::symbol, "inf"}},
      {"inf", {Tok::symbol, "inf"}},
      {"and", {Tok::and_, ""}},
      {"or", {Tok::or_, ""}},
      {"percent", {Tok::percent, ""}},
      {"pct", {Tok::percent, ""}},
      {"degrees", {Tok::degree, ""}},
      {"degree", {Tok::degree, ""}},
      {"deg", {Tok::degree, ""}},
      {"union", {Tok::unite, ""}},
      {"plus", {Tok::plus, ""}},
      {"minus", {Tok::minus, ""}},
      {"leq", {Tok::relation, "l"}},
      {"geq", {Tok::relation, "g"}},
  };
  if (const auto found = kOthers.find(letters); found != kOthers.end()) return &found->second;
  if (const auto found = functions().find(letters); found != functions().end())
    return &found->second;
  // "xi", "nu", "mu" and the like are as likely products.
  if (letters.size() < 3 && letters != "pi") return nullptr;
  if (letters == "eta" || letters == "chi" || letters == "tau" || letters == "rho") return nullptr;
  const auto found = greek().find(letters);
  return found == greek().end() ? nullptr : &found->second;
}

Style find_style(std::string_view command) {
  static const std::unordered_map<std::string_view, Style> kTable = [] {
    std::unordered_map<std::string_view, Style> table;
    const auto add = [&](Style style, std::initializer_list<const char*> names) {
      for (const char* name : names) table[name] = style;
    };
    add(Style::dropped,
        {"displaystyle", "textstyle", "scriptstyle", "limits",     "nolimits",  "big",
         "Big",          "bigg",      "Bigg",        "bigl",       "bigr",      "Bigl",
         "Bigr",         "biggl",     "biggr",       "Biggl",      "Biggr",     "bigm",
         "Bigm",         "middle",    "rm",          "bf",         "it",        "sf",
         "tt",           "mathstrut", "strut",       "hfill",      "noindent",  "centering",
         "therefore",    "because",   "boxed",       "fbox",       "mathit",    "mathsf",
         "mathcal",      "mathscr",   "mathfrak",    "mathnormal", "underline", "ensuremath",
         "mathop",       "mathbin",   "mathord",     "hline",      "Large",     "large",
         "huge",         "Huge",      "normalsize",  "small",      "smash",     "underbrace",
         "overbrace",    "square",    "blacksquare", "checkmark",  "qed",       "Box"});
    add(Style::blank,
        {"quad", "qquad", "thinspace", "enspace", "space", "medspace", "nobreakspace"});
    add(Style::drop_argument, {"hspace", "vspace", "phantom", "hphantom", "vphantom", "label",
                               "tag", "color", "textcolor", "kern", "mspace", "hspace*"});
    add(Style::text, {"text", "mbox", "hbox", "textnormal", "textbf", "textit", "textrm", "textsf",
                      "texttt", "emph", "textsc", "textup", "textmd"});
    add(Style::roman, {"mathrm", "operatorname", "operatorname*", "mathtt"});
    add(Style::vector,
        {"mathbf", "boldsymbol", "bm", "vec", "hat", "overrightarrow", "widehat", "pmb", "bold"});
    add(Style::blackboard, {"mathbb", "Bbb", "mathds"});
    return table;
  }();
  const auto found = kTable.find(command);
  return found == kTable.end() ? Style::none : found->second;
}

}  // namespace cohort::math
