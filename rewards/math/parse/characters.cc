#include "rewards/math/parse/characters.h"

#include <algorithm>
#include <iterator>

namespace cohort::math {

namespace {

struct Mapping {
  char32_t code;
  const char* text;
};

// By code point.
constexpr Mapping kMappings[] = {
    {0xA0, " "},
    {0xA2, "\\cent "},
    {0xA3, "\\pounds "},
    {0xA5, "\\yen "},
    {0xAB, ""},
    {0xAD, ""},
    {0xAF, ""},
    {0xB0, "^\\circ "},
    {0xB1, "\\pm "},
    {0xB4, "'"},
    {0xB5, "\\mu "},
    {0xB7, "\\cdot "},
    {0xBA, "^\\circ "},
    {0xBB, ""},
    {0xBC, "\\frac{1}{4}"},
    {0xBD, "\\frac{1}{2}"},
    {0xBE, "\\frac{3}{4}"},
    {0xD7, "\\times "},
    {0xF7, "\\div "},
    {0x391, "A"},
    {0x392, "B"},
    {0x393, "\\Gamma "},
    {0x394, "\\Delta "},
    {0x398, "\\Theta "},
    {0x39B, "\\Lambda "},
    {0x39E, "\\Xi "},
    {0x3A0, "\\Pi "},
    {0x3A3, "\\Sigma "},
    {0x3A6, "\\Phi "},
    {0x3A8, "\\Psi "},
    {0x3A9, "\\Omega "},
    {0x3B1, "\\alpha "},
    {0x3B2, "\\beta "},
    {0x3B3, "\\gamma "},
    {0x3B4, "\\delta "},
    {0x3B5, "\\epsilon "},
    {0x3B6, "\\zeta "},
    {0x3B7, "\\eta "},
    {0x3B8, "\\theta "},
    {0x3B9, "\\iota "},
    {0x3BA, "\\kappa "},
    {0x3BB, "\\lambda "},
    {0x3BC, "\\mu "},
    {0x3BD, "\\nu "},
    {0x3BE, "\\xi "},
    {0x3C0, "\\pi "},
    {0x3C1, "\\rho "},
    {0x3C2, "\\sigma "},
    {0x3C3, "\\sigma "},
    {0x3C4, "\\tau "},
    {0x3C5, "\\upsilon "},
    {0x3C6, "\\phi "},
    {0x3C7, "\\chi "},
    {0x3C8, "\\psi "},
    {0x3C9, "\\omega "},
    {0x3D1, "\\theta "},
    {0x3D5, "\\phi "},
    {0x60C, ","},
    {0x61B, ";"},
    {0x66A, "%"},
    {0x66B, "."},
    {0x66C, ","},
    {0x964, "."},
    {0x2010, "-"},
    {0x2011, "-"},
    {0x2012, "-"},
    {0x2013, "-"},
    {0x2014, "-"},
    {0x2015, "-"},
    {0x2016, "\\|"},
    {0x2018, "'"},
    {0x2019, "'"},
    {0x201C, "\""},
    {0x201D, "\""},
    {0x2022, "\\cdot "},
    {0x2026, "\\ldots "},
    {0x2027, "\\cdot "},
    {0x2030, "\\permil "},
    {0x2032, "'"},
    {0x2033, "''"},
    {0x2044, "/"},
    {0x20A9, "\\won "},
    {0x20AC, "\\euro "},
    {0x20B9, "\\rupee "},
    {0x20BD, "\\ruble "},
    {0x2102, "\\mathbb{C}"},
    {0x2103, "^\\circ\\text{C}"},
    {0x2109, "^\\circ\\text{F}"},
    {0x2113, "\\ell "},
    {0x2115, "\\mathbb{N}"},
    {0x211A, "\\mathbb{Q}"},
    {0x211D, "\\mathbb{R}"},
    {0x2124, "\\mathbb{Z}"},
    {0x2126, "\\Omega "},
    {0x212A, "K"},
    {0x212F, "e"},
    {0x2147, "e"},
    {0x2148, "i"},
    {0x2150, "\\frac{1}{7}"},
    {0x2151, "\\frac{1}{9}"},
    {0x2152, "\\frac{1}{10}"},
    {0x2153, "\\frac{1}{3}"},
    {0x2154, "\\frac{2}{3}"},
    {0x2155, "\\frac{1}{5}"},
    {0x2156, "\\frac{2}{5}"},
    {0x2157, "\\frac{3}{5}"},
    {0x2158, "\\frac{4}{5}"},
    {0x2159, "\\frac{1}{6}"},
    {0x215A, "\\frac{5}{6}"},
    {0x215B, "\\frac{1}{8}"},
    {0x215C, "\\frac{3}{8}"},
    {0x215D, "\\frac{5}{8}"},
    {0x215E, "\\frac{7}{8}"},
    {0x2192, "\\to "},
    {0x21D2, "\\Rightarrow "},
    {0x21D4, "\\iff "},
    {0x2200, "\\forall "},
    {0x2202, "\\partial "},
    {0x2203, "\\exists "},
    {0x2205, "\\emptyset "},
    {0x2208, "\\in "},
    {0x2209, "\\notin "},
    {0x220F, "\\prod "},
    {0x2211, "\\sum "},
    {0x2212, "-"},
    {0x2213, "\\mp "},
    {0x2215, "/"},
    {0x2216, "\\setminus "},
    {0x2217, "*"},
    {0x2218, "\\circ "},
    {0x2219, "\\cdot "},
    {0x221A, "\\sqrt "},
    {0x221B, "\\sqrt[3] "},
    {0x221C, "\\sqrt[4] "},
    {0x221E, "\\infty "},
    {0x2220, "\\angle "},
    {0x2223, "\\mid "},
    {0x2225, "\\parallel "},
    {0x2227, "\\land "},
    {0x2228, "\\lor "},
    {0x2229, "\\cap "},
    {0x222A, "\\cup "},
    {0x222B, "\\int "},
    {0x2234, ""},
    {0x2236, ":"},
    {0x2243, "\\approx "},
    {0x2245, "\\cong "},
    {0x2248, "\\approx "},
    {0x2260, "\\ne "},
    {0x2261, "\\equiv "},
    {0x2264, "\\le "},
    {0x2265, "\\ge "},
    {0x2266, "\\le "},
    {0x2267, "\\ge "},
    {0x2282, "\\subset "},
    {0x2286, "\\subseteq "},
    {0x22A5, "\\perp "},
    {0x22C5, "\\cdot "},
    {0x22EF, "\\ldots "},
    {0x2308, "\\lceil "},
    {0x2309, "\\rceil "},
    {0x230A, "\\lfloor "},
    {0x230B, "\\rfloor "},
    {0x2329, "\\langle "},
    {0x232A, "\\rangle "},
    {0x25B3, "\\triangle "},
    {0x2705, ""},
    {0x2713, ""},
    {0x2714, ""},
    {0x27E8, "\\langle "},
    {0x27E9, "\\rangle "},
    {0x2A7D, "\\le "},
    {0x2A7E, "\\ge "},
    {0x3000, " "},
    {0x3001, ","},
    {0x3002, "."},
    {0x3008, "\\langle "},
    {0x3009, "\\rangle "},
    {0x300C, ""},
    {0x300D, ""},
    {0x3010, ""},
    {0x3011, ""},
    {0x30FB, "\\cdot "},
    {0xFE63, "-"},
    {0xFF61, "."},
    {0xFF64, ","},
    {0xFF65, "\\cdot "},
    {0xFFE0, "\\cent "},
    {0xFFE1, "\\pounds "},
    {0xFFE5, "\\yen "},
};

// First digits of the scripts whose digits stand in a row.
constexpr char32_t kZeros[] = {0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10};

bool is_invisible(char32_t c) {
  return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFE00 && c <= 0xFE0F);
}

bool is_wide_blank(char32_t c) {
  return (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F;
}

// 0 when `c` is no superscript (subscript).
char superscript(char32_t c) {
  switch (c) {
    case 0xB9:
      return '1';
    case 0xB2:
      return '2';
    case 0xB3:
      return '3';
    case 0x2070:
      return '0';
    case 0x2071:
      return 'i';
    case 0x207A:
      return '+';
    case 0x207B:
      return '-';
    case 0x207D:
      return '(';
    case 0x207E:
      return ')';
    case 0x207F:
      return 'n';
    case 0x02E3:
      return 'x';
    default:
      return c >= 0x2074 && c <= 0x2079 ? static_cast<char>('4' + (c - 0x2074)) : '\0';
  }
}

char subscript(char32_t c) {
  if (c >= 0x2080 && c <= 0x2089) return static_cast<char>('0' + (c - 0x2080));
  switch (c) {
    case 0x208A:
      return '+';
    case 0x208B:
      return '-';
    case 0x2090:
      return 'a';
    case 0x2091:
      return 'e';
    case 0x2093:
      return 'x';
    case 0x2099:
      return 'n';
    default:
      return '\0';
  }
}

// Letters and digits of the styled alphabets, U+1D400 to U+1D7FF.
char styled(char32_t c) {
  if (c >= 0x1D400 && c <= 0x1D6A3) {
    const char32_t letter = (c - 0x1D400) % 52;
    return static_cast<char>(letter < 26 ? 'A' + letter : 'a' + (letter - 26));
  }
  if (c >= 0x1D7CE && c <= 0x1D7FF) return static_cast<char>('0' + (c - 0x1D7CE) % 10);
  return '\0';
}

bool append_plain(char32_t c, std::string& out) {
  const auto* found =
      std::lower_bound(std::begin(kMappings), std::end(kMappings), c,
                       [](const Mapping& m, char32_t code) { return m.code < code; });
  if (found != std::end(kMappings) && found->code == c) {
    out += found->text;
    return true;
  }
  if (is_invisible(c)) return true;
  if (is_wide_blank(c)) {
    out += ' ';
    return true;
  }
  for (const char32_t zero : kZeros) {
    if (c >= zero && c <= zero + 9) {
      out += static_cast<char>('0' + (c - zero));
      return true;
    }
  }
  if (c >= 0xFF01 && c <= 0xFF5E) {
    out += static_cast<char>(c - 0xFEE0);
    return true;
  }
  if (const char letter = styled(c)) {
    out += letter;
    return true;
  }
  return false;
}

using CharOf = char (*)(char32_t);

// A run of raised (lowered) characters as one group.
bool append_run(std::string_view text, size_t& at, CharOf char_of, const char* open,
                std::string& out) {
  size_t next = at;
  char c = char_of(next_code_point(text, next));
  if (c == '\0') return false;
  out += open;
  do {
    out += c;
    at = next;
    c = at < text.size() ? char_of(next_code_point(text, next)) : '\0';
  } while (c != '\0');
  out += '}';
  return true;
}

}  // namespace

char32_t next_code_point(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) {
    ++at;
    return first;
  }
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || at + more >= text.size()) {
    ++at;
    return 0xFFFD;
  }
  char32_t code = first & (0x3F >> more);
  for (int i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) {
      ++at;
      return 0xFFFD;
    }
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  at += more + 1;
  return code;
}

std::string plain_characters(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      out += text[at++];
      continue;
    }
    if (append_run(text, at, superscript, "^{", out)) continue;
    if (append_run(text, at, subscript, "_{", out)) continue;
    const size_t start = at;
    const char32_t code = next_code_point(text, at);
    if (!append_plain(code, out)) out += text.substr(start, at - start);
  }
  return out;
}

std::string repair_escapes(std::string_view text) {
  struct Escape {
    char control, letter;
    std::string_view rest;
  };
  static constexpr Escape kEscapes[] = {
      {'\f', 'f', "rac"},  {'\b', 'b', "oxed"}, {'\b', 'b', "inom"}, {'\b', 'b', "egin"},
      {'\b', 'b', "eta"},  {'\b', 'b', "ig"},   {'\b', 'b', "ar{"},  {'\t', 't', "ext"},
      {'\t', 't', "imes"}, {'\t', 't', "frac"}, {'\t', 't', "heta"}, {'\r', 'r', "ight"},
      {'\r', 'r', "ho"},   {'\r', 'r', "angle"}};
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const auto* found = std::end(kEscapes);
    if (c < ' ')
      found = std::find_if(std::begin(kEscapes), std::end(kEscapes), [&](const Escape& e) {
        return e.control == c && text.substr(at + 1).starts_with(e.rest);
      });
    if (found == std::end(kEscapes)) {
      out += c;
      continue;
    }
    if (!out.ends_with('\\')) out += '\\';
    out += found->letter;
  }
  return out;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || is_capital(c); }

bool is_word_byte(char c) { return is_letter(c) || static_cast<unsigned char>(c) >= 0x80; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (is_capital(c)) c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace cohort::math
