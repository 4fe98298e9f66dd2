#include "trainer/verification_texts.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "model/tokenizer/utf8.h"

namespace cohort {
namespace {

constexpr std::array<const char*, 11> kTexts = {
    "The harbour was quiet when the ferry came in. Two men on the quay caught the ropes, and a dog "
    "that belonged to neither of them barked at the gulls until the engine stopped. \"You're "
    "late,\" said the older one. \"We'd have come sooner,\" the captain answered, \"if the fog "
    "hadn't come down past the second buoy; I couldn't see my own bow.\" He counted the crates as "
    "they were lifted ashore: lamp oil, seed potatoes, three letters, and a cello in a case that "
    "nobody had asked for. By noon the whole island knew of it, and by evening there was an "
    "argument about who should be allowed to open it.",
    "A triangle has angles in the ratio 2 : 3 : 4. Since they add up to 180 degrees, one part is "
    "180 / 9 = 20 degrees, so the angles are 40, 60 and 80 degrees. If the shortest side is 12.5 "
    "cm, the law of sines gives 12.5 * sin(60) / sin(40) = 16.84 cm for the next one. "
    "1234567890 - 987654321 = 246913569; 3.14159e-05; 1,000,000; 0x7f; 50%; 2^10 = 1024; \\frac{3}"
    "{4} \\cdot \\sqrt{x^2 + 1}.",
    "def merge(left, right):\n    out = []\n    while left and right:\n        source = left if "
    "left[0] <= right[0] else right\n        out.append(source.pop(0))\n    return out + left + "
    "right  # one of them is empty\n\n\nassert merge([1, 4], [2, 3]) == [1, 2, 3, 4]\n",
    "template <class T>\nstruct Node {\n\tT value{};\n\tNode* next = nullptr;  /* not owned */\n};"
    "\r\n#define MAX(a, b) ((a) > (b) ? (a) : (b))\r\nint main() { return MAX(0x1F, -7) != "
    "31; }\n{\"key\": [null, true, -1.5e3, \"a\\u00e9\\n\"], \"list\": {}}",
    "\u041a\u043e\u0433\u0434\u0430 \u043f\u0430\u0440\u043e\u043c \u043f\u0440\u0438\u0448\u0451"
    "\u043b, \u0431\u044b\u043b\u043e \u0442\u0438\u0445\u043e. \u0397 \u03b8\u03ac\u03bb\u03b1"
    "\u03c3\u03c3\u03b1 \u03ae\u03c4\u03b1\u03bd \u03ae\u03c1\u03b5\u03bc\u03b7. "
    "F\u00fchrer, na\u00efve fa\u00e7ade, \u0141\u00f3d\u017a, \u0130stanbul, Stra\u00dfe.",
    "\u6e21\u8239\u5230\u6e2f\u65f6\uff0c\u7801\u5934\u5f88\u5b89\u9759\u3002\u4e24\u4e2a\u4eba"
    "\u63a5\u4f4f\u4e86\u7ef3\u5b50\u30022026\u5e7411\u670823\u65e5\u3002\u8239\u304c\u6e2f\u306b"
    "\u7740\u3044\u305f\u3068\u304d\u3001\u30ab\u30e2\u30e1\u304c\u9cf4\u3044\u305f\u3002\ubc30"
    "\uac00"
    " \ud56d\uad6c\uc5d0 \ub3c4\ucc29\ud588\ub2e4.",
    "\u0648\u0635\u0644\u062a \u0627\u0644\u0639\u0628\u0651\u0627\u0631\u0629 \u0661\u0662\u0663"
    ". \u05d4\u05de\u05e2\u05d1\u05d5\u05e8\u05ea \u05d4\u05d2\u05d9\u05e2\u05d4. "
    "\u0928\u093e\u0935 \u092c\u0902\u0926\u0930\u0917\u093e\u0939 \u092a\u0930 \u092a\u0939"
    "\u0941\u0901\u091a\u0940\u0964 \u0e40\u0e23\u0e37\u0e2d\u0e21\u0e32\u0e16\u0e36\u0e07.",
    "\U0001F600\U0001F469\u200D\U0001F469\u200D\U0001F467 \U0001F1EB\U0001F1F7 \u2764\uFE0F "
    "e\u0301 "
    "\u00e9 \uFB01 \u2126 \u221E \u2260 \u2264 x\u00b2 \u20ac5 \u2014 \u201Cquoted\u201D \u2026",
    "  two spaces,\ttab,\n\n\nthree lines, \u00a0no break,\u3000wide,\u200bnone \n \n  end   ",
    "I'm you're HE'S we'LL they'd don't 'tis rock'n'roll .method _private snake_case CamelCase "
    "a.b.c http://example.org/?q=1&r=2#top me@example.org",
    "<think>\nFirst, count the crates: 17 + 25 = 42.\n</think>\n<answer>42</answer> \\boxed{42}"};

bool has_ids(const Tokenizer& tokenizer, std::string_view text) {
  try {
    tokenizer.encode(text);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace

std::vector<std::string> verification_texts(const Tokenizer& tokenizer) {
  std::vector<std::string> texts;
  for (const std::string_view text : kTexts) {
    std::string kept;
    if (has_ids(tokenizer, text)) {
      kept = text;
    } else {
      for (size_t at = 0; at < text.size();) {
        const size_t length = next_utf8(text, at).length;
        if (has_ids(tokenizer, text.substr(at, length))) kept += text.substr(at, length);
        at += length;
      }
    }
    if (!kept.empty()) texts.push_back(kept);
  }
  return texts;
}

std::vector<std::string> vocabulary_texts(const Tokenizer& tokenizer) {
  constexpr int64_t kEnds = 64, kBetween = 512, kTokensPerText = 64;
  const int64_t tokens = tokenizer.vocab_size();
  const int64_t stride = std::max<int64_t>(1, tokens / kBetween);
  std::vector<std::string> texts;
  int64_t taken = 0;
  for (int64_t id = 0; id < tokens; ++id) {
    if (id >= kEnds && id < tokens - kEnds && id % stride != 0) continue;
    const std::string text = tokenizer.decode(std::vector<int32_t>{static_cast<int32_t>(id)});
    // Bytes that are no character alone.
    if (text.empty() || text.find("\uFFFD") != std::string::npos) continue;
    if (taken++ % kTokensPerText == 0) texts.emplace_back();
    texts.back() += text;
  }
  return texts;
}

}  // namespace cohort
