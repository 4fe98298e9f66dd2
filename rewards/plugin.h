/* A reward in a shared library, in C or anything that can export a C function: kind `library`
 * (docs/rewards.md). The library is loaded by a program of its own, one process a grading thread:
 * its functions are called by one thread, and a crash or a hang ends that process alone. */
#ifndef COHORT_REWARDS_PLUGIN_H_
#define COHORT_REWARDS_PLUGIN_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COHORT_PLUGIN_ABI 1

enum {
  COHORT_CORRECT = 0,
  COHORT_INCORRECT = 1,
  COHORT_UNDECIDED = 2,
  COHORT_NOT_APPLICABLE = 3,
  COHORT_UNKNOWN = -1
};

/* UTF-8, and a NUL behind it; may hold NULs too. */
typedef struct cohort_text {
  const char* data;
  size_t size;
} cohort_text;

typedef struct cohort_completion {
  cohort_text text;
  int64_t tokens;
  int32_t truncated; /* cut by the length limit */
  int32_t accuracy;  /* verdict of the rubric's accuracy component, or COHORT_UNKNOWN */
} cohort_completion;

/* The completions of one prompt. Valid during the call. */
typedef struct cohort_group {
  cohort_text prompt;
  cohort_text answer; /* gold */
  const cohort_completion* completions;
  size_t count;
} cohort_group;

typedef struct cohort_score {
  double value;     /* finite */
  int32_t verdict;  /* COHORT_CORRECT ... COHORT_NOT_APPLICABLE */
  char reason[128]; /* a name of docs/rewards.md's table, or any text; may be empty */
} cohort_score;

typedef struct cohort_plugin {
  uint32_t abi; /* COHORT_PLUGIN_ABI */
  /* Both may be NULL. `user_data` is the key of that name; `*state` is passed to the others. Not 0:
   * the run does not start, and shows `error`. */
  int (*init)(const char* user_data, void** state, char* error, size_t error_size);
  void (*free)(void* state);
  /* Fills group->count scores, which come as value 0, COHORT_UNDECIDED. Not 0: plugin_failed. */
  int (*score)(void* state, const cohort_group* group, cohort_score* scores);
} cohort_plugin;

/* What the library exports. The result lives as long as the library. */
const cohort_plugin* cohort_reward_plugin(void);

#ifdef __cplusplus
}
#endif

#endif /* COHORT_REWARDS_PLUGIN_H_ */
