#include "rewards/language/language_reward.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "rewards/language/language_count.h"
#include "rewards/language/words.h"

namespace cohort {
namespace {

const std::string kEnglish =
    "First we add the apples that Tom bought to those he already had, and then we divide the total "
    "by the number of children. Each of them gets four. ";
const std::string kFrench =
    "D'abord, on additionne les pommes que Tom a achet\u00e9es, puis on divise le total par le "
    "nombre "
    "d'enfants. Chacun en re\u00e7oit donc quatre. ";
const std::string kGerman =
    "Zuerst addieren wir die \u00c4pfel, die Tom gekauft hat, und dann teilen wir die Summe durch "
    "die "
    "Anzahl der Kinder. Jedes Kind bekommt also vier. ";
const std::string kSpanish =
    "Primero sumamos las manzanas que compr\u00f3 Tom y luego dividimos el total entre el "
    "n\u00famero de "
    "ni\u00f1os. Por lo tanto, cada uno recibe cuatro. ";
const std::string kItalian =
    "Prima sommiamo le mele che Tom ha comprato, poi dividiamo il totale per il numero dei "
    "bambini. "
    "Quindi ognuno di loro ne riceve quattro. ";
const std::string kPolish =
    "Najpierw dodajemy jab\u0142ka, kt\u00f3re kupi\u0142 Tom, a potem dzielimy sum\u0119 przez "
    "liczb\u0119 dzieci. Ka\u017cde z "
    "nich dostaje wi\u0119c cztery. ";
const std::string kPinyin =
    "women xian ba Tom mai de pingguo jia qilai, ranhou chuyi haizi de shuliang, suoyi mei ge "
    "haizi "
    "dedao si ge pingguo. ";
const std::string kRussian =
    "\u0421\u043d\u0430\u0447\u0430\u043b\u0430 \u0441\u043b\u043e\u0436\u0438\u043c "
    "\u044f\u0431\u043b\u043e\u043a\u0438, \u043a\u043e\u0442\u043e\u0440\u044b\u0435 "
    "\u043a\u0443\u043f\u0438\u043b \u0422\u043e\u043c, \u0430 \u0437\u0430\u0442\u0435\u043c "
    "\u0440\u0430\u0437\u0434\u0435\u043b\u0438\u043c \u0441\u0443\u043c\u043c\u0443 \u043d\u0430 "
    "\u0447\u0438\u0441\u043b\u043e \u0434\u0435\u0442\u0435\u0439. "
    "\u041a\u0430\u0436\u0434\u044b\u0439 "
    "\u043f\u043e\u043b\u0443\u0447\u0438\u0442 \u043f\u043e "
    "\u0447\u0435\u0442\u044b\u0440\u0435. ";
const std::string kFinnish =
    "Ensin lasketaan yhteen Tomin ostamat omenat, ja sitten m\u00e4\u00e4r\u00e4 jaetaan lasten "
    "m\u00e4\u00e4r\u00e4ll\u00e4. "
    "Kukin saa nelj\u00e4. ";
const std::string kUkrainian =
    "\u0421\u043f\u043e\u0447\u0430\u0442\u043a\u0443 \u0434\u043e\u0434\u0430\u0454\u043c\u043e "
    "\u044f\u0431\u043b\u0443\u043a\u0430, \u044f\u043a\u0456 \u043a\u0443\u043f\u0438\u0432 "
    "\u0422\u043e\u043c, \u0430 \u043f\u043e\u0442\u0456\u043c "
    "\u0434\u0456\u043b\u0438\u043c\u043e \u0457\u0445 \u043d\u0430 "
    "\u043a\u0456\u043b\u044c\u043a\u0456\u0441\u0442\u044c \u0434\u0456\u0442\u0435\u0439. ";
const std::string kChinese =
    "\u9996\u5148\u6211\u4eec\u628a\u6c64\u59c6\u4e70\u7684\u82f9\u679c\u52a0\u8d77\u6765\uff0c"
    "\u7136\u540e\u9664\u4ee5\u5b69\u5b50\u7684\u6570\u91cf\u3002\u6240\u4ee5\u6bcf\u4e2a\u5b69"
    "\u5b50\u5f97\u5230\u56db\u4e2a\u82f9\u679c\u3002";
const std::string kJapanese =
    "\u307e\u305a\u3001\u30c8\u30e0\u304c\u8cb7\u3063\u305f\u308a\u3093\u3054\u3092\u8db3\u3057"
    "\u3066\u3001\u6b21\u306b\u5b50\u4f9b\u306e\u4eba\u6570\u3067\u5272\u308a\u307e\u3059\u3002"
    "\u3060\u304b\u3089\u4e00\u4eba\u56db\u500b\u3067\u3059\u3002";
const std::string kKorean =
    "\uba3c\uc800 \ud1b0\uc774 \uc0b0 \uc0ac\uacfc\ub97c \ub354\ud55c \ub2e4\uc74c "
    "\uc544\uc774\ub4e4\uc758 \uc218\ub85c \ub098\ub215\ub2c8\ub2e4. \uadf8\ub798\uc11c "
    "\uac01\uc790 \ub124 \uac1c\ub97c \ubc1b\uc2b5\ub2c8\ub2e4. ";

const std::vector<std::pair<std::string, std::string>> kTexts = {
    {"en", kEnglish}, {"fr", kFrench},   {"de", kGerman}, {"es", kSpanish},
    {"zh", kChinese}, {"ja", kJapanese}, {"ko", kKorean}, {"ru", kRussian}};

double share(std::string_view text, const std::string& language) {
  const LanguageCount count = count_language(text, language);
  EXPECT_GT(count.words, 0) << text;
  EXPECT_LE(count.in_language, count.words) << text;
  return static_cast<double>(count.in_language) / static_cast<double>(count.words);
}

TEST(LanguageCount, ATextIsInItsLanguageAndInNoOther) {
  for (const auto& [language, text] : kTexts)
    for (const std::string& asked : supported_languages()) {
      if (asked == language)
        EXPECT_GE(share(text, asked), 0.95) << text;
      else
        EXPECT_LE(share(text, asked), 0.06) << asked << ": " << text;
    }
}

TEST(LanguageCount, LanguagesThatNobodyAsksForAreForeign) {
  for (const std::string& text : {kItalian, kPolish, kPinyin, kFinnish, kUkrainian})
    for (const std::string& asked : supported_languages())
      EXPECT_LE(share(text, asked), text == kUkrainian ? 0.5 : 0.1) << asked << ": " << text;
}

TEST(LanguageCount, AMixtureIsCountedByTheWord) {
  EXPECT_DOUBLE_EQ(share("\u82f9\u679c apples \u82f9\u679c oranges", "zh"), 4.0 / 6);
  const LanguageCount english = count_language(kEnglish, "en"),
                      chinese = count_language(kChinese, "zh");
  const LanguageCount both = count_language(kEnglish + kChinese, "zh");
  EXPECT_EQ(both.words, english.words + chinese.words);
  EXPECT_EQ(both.in_language, chinese.in_language);
  EXPECT_NEAR(share(kEnglish + kFrench, "en"), 0.55, 0.1);
  EXPECT_NEAR(share(kEnglish + kFrench, "fr"), 0.45, 0.1);
}

TEST(LanguageCount, KanaDecidesWhoseHanCharactersAre) {
  EXPECT_EQ(share("\u7b54\u6848\u662f\u56db\u3002", "zh"), 1.0);
  EXPECT_EQ(share("\u7b54\u6848\u662f\u56db\u3002", "ja"), 0.0);
  EXPECT_EQ(share("\u7b54\u3048\u306f\u56db\u3067\u3059\u3002", "zh"), 0.0);
  EXPECT_EQ(share(kJapanese + "\u5408\u8a08\u56db\u500b\u3002", "ja"),
            1.0);  // a short sentence of a Japanese text
  const LanguageCount mixed = count_language(kChinese + kJapanese, "zh");
  EXPECT_EQ(mixed.in_language, count_language(kChinese, "zh").words);
}

TEST(LanguageCount, DisguisedLettersAreForeign) {
  EXPECT_EQ(share("the numb\u0435r \u043ef \u0430ppl\u0435s is f\u043eur", "en"),
            2.0 / 6);  // Cyrillic a, e, o
  EXPECT_EQ(share("\u0441\u043e\u0440 \u0430\u0445\u0435 \u0441\u043e\u0441\u043e\u0430", "en"),
            0.0);                                               // Cyrillic throughout
  EXPECT_EQ(share("f\u03bfr the s\u03c5m of", "en"), 2.0 / 4);  // Greek o, u
  EXPECT_EQ(share("\U0001d42d\U0001d421\U0001d41e\U0001d42b\U0001d41e\U0001d41f\U0001d428\U0001d42b"
                  "\U0001d41e \U0001d430\U0001d41e \U0001d420\U0001d41e\U0001d42d",
                  "en"),
            0.0);
}

TEST(LanguageCount, WhatNobodySeesChangesNothing) {
  EXPECT_EQ(count_language("t\u200bhe num\u00adber o\u2060f \u202eapples\u202c i\ufeffs four", "en")
                .words,
            6);
  EXPECT_EQ(share("t\u200bhe num\u00adber o\u2060f \u202eapples\u202c i\ufeffs four", "en"), 1.0);
  EXPECT_EQ(count_language("\u82f9\u200b\u679c\u2067", "zh").in_language, 2);
  EXPECT_EQ(share("une e\u0301tape est de\u0301ja\u0300 faite", "fr"), 1.0);
}

std::vector<std::string> texts_of(std::string_view text) {
  std::vector<std::string> result;
  for (const Word& word : words_of(text)) result.push_back(to_utf8(word.text));
  return result;
}
using Texts = std::vector<std::string>;

TEST(Words, CodeAddressesTagsAndNumbersAreNone) {
  EXPECT_EQ(texts_of("so ```python\nprint(total)\n``` done"), (Texts{"so", "done"}));
  EXPECT_EQ(texts_of("so ```python\nprint(total)"), (Texts{"so"}));
  EXPECT_EQ(texts_of("so [asy] draw(path); [/asy] done"), (Texts{"so", "done"}));
  EXPECT_EQ(texts_of("call `sum(apples)` now"), (Texts{"call", "now"}));
  EXPECT_EQ(texts_of("a tick ` alone\nand ` another"), (Texts{"tick", "alone", "and", "another"}));
  EXPECT_EQ(texts_of("see https://example.org/some/path?x=word now"), (Texts{"see", "now"}));
  EXPECT_EQ(texts_of("a <b>bold</b> <answer> word"), (Texts{"bold", "word"}));
  EXPECT_EQ(texts_of("12 5cm x2 3,000.5 foo_bar words"), (Texts{"words"}));
  EXPECT_EQ(texts_of("points A, B of triangle ABC: BC = y"), (Texts{"points", "of", "triangle"}));
  EXPECT_EQ(texts_of("Sin and \\frac{total}{number} mod"), (Texts{"and", "total", "number"}));
  EXPECT_EQ(texts_of("don't stop l\u2019eau"), (Texts{"don't", "stop", "l'eau"}));
}

TEST(Words, FormulasAreNoneButTheTextInThemIs) {
  EXPECT_EQ(texts_of("so $x + speed = \\frac{ab}{cd}$ and \\(pq\\), \\[ total = 5 \\] done"),
            (Texts{"so", "and", "done"}));
  EXPECT_EQ(texts_of("$x = 3 \\text{ where } y$"), (Texts{"where"}));
  EXPECT_EQ(texts_of("$$x \\mbox{if {and} only} y$$"), (Texts{"if", "and", "only"}));
  EXPECT_EQ(texts_of("\\begin{align} abc &= de \\end{align} so"), (Texts{"align", "so"}));
  EXPECT_EQ(texts_of("$5 and then $6 more"), (Texts{"and", "then", "more"}));
  EXPECT_EQ(texts_of("$\u901f\u5ea6 = 5$"), (Texts{"\u901f", "\u5ea6"}));
}

TEST(Words, ProseInDollarsIsProse) {
  EXPECT_EQ(texts_of("$we think that this is so$"),
            (Texts{"we", "think", "that", "this", "is", "so"}));
  EXPECT_LT(share(kChinese + "$we could hide the whole thought in here$", "zh"), 0.9);
}

RewardResult score(std::string_view completion, const LanguageSettings& settings = {},
                   bool truncated = false) {
  const RewardInput input{.completion = completion, .truncated = truncated};
  RewardResult result;
  settings.make()->score_group({.completions = {&input, 1}}, {&result, 1});
  return result;
}

TEST(LanguageReward, IsTheShareOfTheThinkingAlone) {
  LanguageSettings settings;
  EXPECT_EQ(score("<think>" + kEnglish + "</think><answer>" + kChinese + "</answer>").value, 1.0);
  EXPECT_EQ(score("<think>" + kChinese + "</think><answer>" + kEnglish + "</answer>").value, 0.0);
  EXPECT_EQ(score("<think>" + kChinese + "</think>" + kEnglish).reason, Reason::wrong_language);
  EXPECT_EQ(score("<think>" + kEnglish, {}, true).value, 1.0);
  settings.language = "zh";
  EXPECT_EQ(score("<think>" + kChinese + "</think>", settings).value, 1.0);
  // A second block is thinking as well.
  EXPECT_LT(score("<think>" + kEnglish + "</think>5<think>" + kChinese + "</think>").value, 0.6);
}

TEST(LanguageReward, SilenceEarnsTheNeutralValue) {
  LanguageSettings settings;
  settings.neutral = 0.25;
  const RewardResult result = score("<think>$x = 5$, so it is 5</think>", settings);
  EXPECT_EQ(result.value, 0.25);
  EXPECT_EQ(result.verdict, Verdict::not_applicable);
  EXPECT_EQ(result.reason, Reason::too_few_words);
  EXPECT_EQ(score("<think></think>").value, 0.0);
  EXPECT_EQ(score("no thinking at all").reason, Reason::no_think);
}

TEST(LanguageReward, CanBeAllOrNothing) {
  LanguageSettings settings;
  settings.binary = true;
  EXPECT_EQ(score("<think>" + kEnglish + "</think>", settings).value, 1.0);
  EXPECT_EQ(score("<think>" + kEnglish + kFrench + "</think>", settings).value, 0.0);
}

TEST(LanguageReward, RefusesAnUnknownLanguage) {
  RewardConfig config{.name = "", .kind = "language"};
  EXPECT_THROW(
      read_config_text("{language: klingon}", "c", {}, [&](Fields& f) { config.describe(f); }),
      ConfigError);
  EXPECT_THROW(count_language("a b", "klingon"), ConfigError);
}

TEST(Words, TakesMegabytesOfOpenings) {
  for (const char* opening :
       {"$", "$a ", "`", "\\(", "\\[", "\\begin{", "<", "```a", "\\text{", "$$", "[asy]", "a'"}) {
    std::string text;
    while (text.size() < 1'000'000) text += opening;
    words_of(text);
    words_of("$" + text + "$");
  }
}

}  // namespace
}  // namespace cohort
