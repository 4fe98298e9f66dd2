#include <cmath>
#include <numbers>

#include "core/base/error.h"
#include "trainer/learner.h"

namespace cohort {

void OptimConfig::describe(Fields& f) {
  f.field("lr", lr, "Peak learning rate of AdamW.", at_least(0.0));
  f.field("weight_decay", weight_decay, "Decoupled weight decay; norms are exempt.", at_least(0.0));
  f.field("betas", betas, "Decay of the first and second moment.");
  f.field("eps", eps, "Added to the root of the second moment.", at_least(0.0));
  f.field("grad_clip", grad_clip, "Largest global gradient norm; 0: no clipping.", at_least(0.0));
  f.field("lr_scheduler_type", lr_scheduler_type, "What follows the warm-up.",
          {"constant", "linear", "cosine"});
  f.field("lr_warmup_steps", lr_warmup_steps, "Steps of linear warm-up.", at_least_int(0));
  f.field("min_lr_ratio", min_lr_ratio, "Floor of linear and cosine, as a part of lr.",
          between(0.0, 1.0));
  if (f.reading()) {
    if (betas.size() != 2) f.fail("betas", fmt::format("has {} entries, expected 2", betas.size()));
    for (double beta : betas) {
      if (beta < 0 || beta >= 1)
        f.fail("betas", fmt::format("has {}, expected at least 0 and below 1", beta));
    }
  }
}

// Warm-up of w steps: lr t / w. Then with p = (t - 1 - w) / (total - w), in [0, 1):
//   linear: f = 1 - p;  cosine: f = (1 + cos(pi p)) / 2;  lr (r + (1 - r) f) with r = min_lr_ratio
// so the first step after the warm-up has the peak and the floor would come one step after the
// last.
double scheduled_lr(const OptimConfig& config, int64_t step, int64_t total) {
  COHORT_CHECK(step >= 1, "step {} counts from 1", step);
  const int64_t warmup = config.lr_warmup_steps;
  if (step <= warmup) return config.lr * static_cast<double>(step) / static_cast<double>(warmup);
  if (config.lr_scheduler_type == "constant") return config.lr;
  COHORT_CHECK(total >= step, "step {} of {}", step, total);
  const double p = static_cast<double>(step - 1 - warmup) / static_cast<double>(total - warmup);
  const double falling =
      config.lr_scheduler_type == "linear" ? 1 - p : (1 + std::cos(std::numbers::pi * p)) / 2;
  return config.lr * (config.min_lr_ratio + (1 - config.min_lr_ratio) * falling);
}

}  // namespace cohort
