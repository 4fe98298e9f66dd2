#include "trainer/stages/distill.h"

#include "trainer/stages/sft.h"

namespace cohort {

StageEnd run_distill(StageContext& context, const DistillConfig& config) {
  return run_sft(context, config);
}

}  // namespace cohort
