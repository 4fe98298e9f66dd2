/* A reward of kind `library`: 1 for a completion that holds the text of user_data, less 0.01 for
 * each 100 tokens.
 *
 *   cc -shared -fPIC -I SOURCE_OF_COHORT -o reward_library.so reward_library.c
 *
 *   reward:
 *     - library: {path: ./reward_library.so, user_data: therefore}
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rewards/plugin.h"

static int init(const char* user_data, void** state, char* error, size_t error_size) {
  if (user_data[0] == '\0') {
    snprintf(error, error_size, "user_data is empty: it is the text to look for");
    return 1;
  }
  *state = strdup(user_data);
  return *state == NULL;
}

static void release(void* state) { free(state); }

static int score(void* state, const cohort_group* group, cohort_score* scores) {
  const char* wanted = (const char*)state;
  for (size_t i = 0; i < group->count; ++i) {
    const cohort_completion* completion = &group->completions[i];
    const int found = strstr(completion->text.data, wanted) != NULL;
    scores[i].value = (found ? 1.0 : 0.0) - 0.01 * (double)(completion->tokens / 100);
    scores[i].verdict = found ? COHORT_CORRECT : COHORT_INCORRECT;
    snprintf(scores[i].reason, sizeof scores[i].reason, "%s", found ? "ok" : "not found");
  }
  return 0;
}

static const cohort_plugin kPlugin = {COHORT_PLUGIN_ABI, init, release, score};

const cohort_plugin* cohort_reward_plugin(void) { return &kPlugin; }
