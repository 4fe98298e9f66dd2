// Every verdict comes with a reason code from this closed list (docs/rewards.md says what each
// means): nothing is silently 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cohort {

enum class Verdict : uint8_t { correct = 0, incorrect = 1, undecided = 2, not_applicable = 3 };
const char* verdict_name(Verdict verdict);

// The numbers are stored in rollout files and never change: new codes go to the end. A retired one
// is given no more; files of earlier versions may have it.
#define COHORT_REASONS(X)                  \
  X(ok)                                    \
  X(no_answer)                             \
  X(unterminated_box)                      \
  X(unterminated_answer)                   \
  X(empty_answer)                          \
  X(answer_not_a_number) /* retired */     \
  X(different_number)                      \
  X(gold_not_a_number) /* retired */       \
  X(truncated)                             \
  X(no_think)                              \
  X(think_out_of_place)                    \
  X(text_outside_tags)                     \
  X(repeated_tag)                          \
  X(answer_too_long) /* retired */         \
  /* math */                               \
  X(answer_outside_final_part)             \
  X(gold_unparsable)                       \
  X(answer_unparsable)                     \
  X(different_value)                       \
  X(different_kind)                        \
  X(different_count)                       \
  X(different_order)                       \
  X(different_unit)                        \
  X(different_text)                        \
  X(several_answers)                       \
  X(not_simplifiable)                      \
  X(budget_exhausted)                      \
  X(clock_exhausted)                       \
  /* code */                               \
  X(no_code)                               \
  X(problem_unreadable)                    \
  X(weakly_isolated)                       \
  X(compile_error)                         \
  X(runtime_error)                         \
  X(wrong_output)                          \
  X(no_value)                              \
  X(time_limit)                            \
  X(memory_limit)                          \
  X(output_limit)                          \
  X(sandbox_unavailable)                   \
  X(checker_failed)                        \
  /* language, length, repetition, tags */ \
  X(wrong_language)                        \
  X(too_few_words)                         \
  X(missing_tag)                           \
  X(repetition)                            \
  X(overlong)                              \
  X(length_scored)                         \
  X(wrong_answer)                          \
  /* plugins */                            \
  X(plugin)                                \
  X(plugin_failed)                         \
  X(plugin_time_limit)                     \
  X(plugin_bad_reply)                      \
  /* format */                             \
  X(empty_think)                           \
  X(missing_newline)                       \
  /* length, steps */                      \
  X(no_accuracy)                           \
  X(too_few_steps)

enum class Reason : uint16_t {
#define COHORT_REASON_CODE(name) name,
  COHORT_REASONS(COHORT_REASON_CODE)
#undef COHORT_REASON_CODE
      kCount
};
const char* reason_name(Reason reason);
// The verdict might be another one on a slower or busier machine.
bool decided_by_clock(Reason reason);

}  // namespace cohort
