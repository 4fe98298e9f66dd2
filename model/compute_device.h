// The device that this process computes on. A rank owns one device: models that are loaded after
// the choice have their weights there.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace cohort {

// "cpu"; "cuda": this rank's GPU, or a ConfigError that says what is missing; "auto": "cuda" where
// it works, else "cpu". Before the first tensor operation.
void choose_device(const std::string& name);

// The CPU until another is chosen.
at::Device compute_device();

// For people: "cpu", "cuda:0 (NVIDIA H200, 139 GiB)", and why it is not a GPU where it is not.
std::string describe_device();

// What it can do at most, measured in a second or two: products and memory, to compare speeds with.
// On a CPU with smaller products.
std::string describe_peaks();

}  // namespace cohort
