// A hostile template ends, and soon.
#include <gtest/gtest.h>

#include <ctime>

#include "tests/model/chat_template/render.h"

namespace cohort {
namespace {

std::string repeated(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

void expect_refused_soon(const std::string& text, const std::string& word) {
  const std::clock_t start = std::clock();
  const std::string why = refusal_of(text);
  EXPECT_NE(why, "") << text.substr(0, 100);
  EXPECT_NE(why.find(word), std::string::npos) << text.substr(0, 100) << "\n" << why;
  EXPECT_LT(std::clock() - start, 20 * CLOCKS_PER_SEC) << text.substr(0, 100);
}

TEST(Limits, LoopsEnd) {
  expect_refused_soon(
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps");
  expect_refused_soon("{{ range(100000000) }}", "range");
  expect_refused_soon(
      "{% set s = 'ab' * 1000000 %}{% for a in range(100000) %}{% if 'c' in s %}{% endif %}{% "
      "endfor %}",
      "steps");
  expect_refused_soon(
      "{% set s = 'a' * 1000000 %}{% for a in range(100000) %}{{ s.find('a' * 500000 ~ 'b') }}{% "
      "endfor %}",
      "steps");
  expect_refused_soon(
      "{% for a in range(100000) %}{% for b in range(1000)|map('string')|list|sort %}{% endfor "
      "%}{% endfor %}",
      "bytes");
}

TEST(Limits, MemoryIsBounded) {
  expect_refused_soon("{{ 'a' * 10000000000 }}", "bytes");
  expect_refused_soon("{{ [0] * 1000000000 }}", "bytes");
  expect_refused_soon(
      "{% set ns = namespace(s='a') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% "
      "endfor %}",
      "bytes");
  expect_refused_soon(
      "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% "
      "endfor %}",
      "bytes");
  expect_refused_soon("{{ 'a'.center(100000000000) }}", "bytes");
  expect_refused_soon("{{ 'a\n' | indent(100000000000) }}", "bytes");
  expect_refused_soon("{{ '%1000000000000d' % 1 }}", "width");
  expect_refused_soon("{{ ('a' * 10000000).replace('a', 'b' * 1000) }}", "bytes");
  expect_refused_soon("{{ ('a' * 1000000).join(range(10000) | map('string')) }}", "bytes");
  expect_refused_soon("{% for i in range(100000) %}{{ 'a' * 100000 }}{% endfor %}", "bytes");
  expect_refused_soon(
      "{% set ns = namespace() %}{% for i in range(100000) %}{% for j in range(100) %}{% set ns.a "
      "= namespace(b=ns) %}{% endfor %}{% endfor %}",
      "bytes");
}

TEST(Limits, DepthIsBounded) {
  expect_refused_soon("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "inside each other");
  expect_refused_soon(
      "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor "
      "%}",
      "inside each other");
  expect_refused_soon(
      "{% set ns = namespace(l=[1]) %}{% for i in range(1000) %}{% set ns.l = ns.l | map('string') "
      "%}{% endfor %}",
      "inside each other");
  expect_refused_soon("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                      "inside each other");
  expect_refused_soon("{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}", "deep");
  expect_refused_soon("{{ " + repeated("[", 5000), "deep");
  expect_refused_soon("{{ " + repeated("-", 5000) + "1 }}", "deep");
  expect_refused_soon("{{ " + repeated("not ", 5000) + "1 }}", "deep");
  expect_refused_soon("{{ 1" + repeated(" + 1", 5000) + " }}", "links");
  expect_refused_soon("{{ a" + repeated(".b", 5000) + " }}", "links");
  expect_refused_soon("{{ a" + repeated("|trim", 5000) + " }}", "links");
  expect_refused_soon(repeated("{% if a %}", 5000), "deep");
  expect_refused_soon("{% if a %}" + repeated("{% elif a %}", 5000), "deep");
  std::string tree = "1";
  for (int i = 0; i < 50; ++i) tree = "(" + tree + ")" + repeated("+1", 150);
  expect_refused_soon("{{ " + tree + " }}", "links");
}

// Names, and branches that might set them: what the scopes cost grows with the text.
TEST(Limits, ManyNamesAreRead) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "{{ a" + std::to_string(i) + " }}";
  EXPECT_EQ(render(text + repeated("{% if a1 %}{% set b = 1 %}{% endif %}", 20000)), "");
}

// Each list holds the one before twice: small to make, endless to walk.
TEST(Limits, SharedValuesAreNotWalkedForEver) {
  const std::string grown =
      "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(90) %}{% set ns.a = [ns.a, ns.a] %}"
      "{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
  expect_refused_soon(grown + "{{ ns.a == ns.b }}", "steps");
  expect_refused_soon(grown + "{{ ns.a < ns.b }}", "steps");
  expect_refused_soon(grown + "{{ ns.a }}", "");
  expect_refused_soon(grown + "{{ ns.a | tojson }}", "");
}

// What holds itself is freed: the leak checker of the address sanitizer looks.
TEST(Limits, CyclesAreFreed) {
  EXPECT_EQ(render("{% set ns = namespace() %}{% set ns.x = [ns, {'k': ns}] %}{% macro f() %}{{ f "
                   "is callable }}{% endmacro %}"
                   "{% set ns.f = f %}{% for x in [1] %}{% macro g() %}{{ x }}{% endmacro %}{% set "
                   "ns.g = g %}{% set ns.l = loop %}{% endfor %}{{ ns.f() }}"),
            "True");
}

TEST(Limits, LongConversationsAreFarFromThem) {
  Conversation conversation;
  for (int i = 0; i < 2000; ++i)
    conversation.messages.push_back(
        {{"role", i % 2 ? "assistant" : "user"}, {"content", std::string(2000, 'x')}});
  const auto parsed = ChatTemplate::parse(
      "{% for m in messages %}{% if loop.last or m.role == 'user' and not "
      "m.content.startswith('y') %}"
      "{{ '<' + m['role'] + '>' + m['content'] | trim + '\\n' }}{% else %}{{ m | tojson }}{% endif "
      "%}{% endfor %}",
      "t");
  EXPECT_GT(parsed.render(conversation).size(), 4'000'000u);
}

}  // namespace
}  // namespace cohort
