/* Does what the first completion says. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rewards/plugin.h"

static int init(const char* user_data, void** state, char* error, size_t error_size) {
  (void)state;
  if (strcmp(user_data, "crash in init") == 0) raise(SIGSEGV);
  if (strcmp(user_data, "hang in init") == 0) pause();
  if (strcmp(user_data, "refuse") == 0) {
    snprintf(error, error_size, "as it was told");
    return 1;
  }
  return 0;
}

static int score(void* state, const cohort_group* group, cohort_score* scores) {
  (void)state;
  const char* order = group->completions[0].text.data;
  if (strcmp(order, "crash") == 0) raise(SIGSEGV);
  if (strcmp(order, "hang") == 0)
    for (;;) pause();
  if (strcmp(order, "exit") == 0) exit(3);
  if (strcmp(order, "fail") == 0) return 7;
  if (strcmp(order, "print") == 0) puts("{\"id\": 0, \"values\": [9]}");
  for (size_t i = 0; i < group->count; ++i) {
    scores[i].value = (double)group->completions[i].text.size;
    scores[i].verdict = strcmp(order, "verdict") == 0 ? 12 : COHORT_CORRECT;
    if (strcmp(order, "nan") == 0) scores[i].value = 0.0 / 0.0;
    memset(scores[i].reason, 'r', sizeof scores[i].reason);
  }
  return 0;
}

static const cohort_plugin kPlugin = {COHORT_PLUGIN_ABI, init, NULL, score};

const cohort_plugin* cohort_reward_plugin(void) { return &kPlugin; }
