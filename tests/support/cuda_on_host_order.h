#pragma once

namespace cuda_on_host {

// The order in which the threads of a block come to run between two barriers.
void set_reversed(bool reversed);

}  // namespace cuda_on_host
