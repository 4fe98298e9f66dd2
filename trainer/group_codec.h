// Groups as bytes: how ranks pass them to each other and how a checkpoint carries them. Bit exact.
// The bytes are read by the program that wrote them, so they have no version of their own (a
// checkpoint's manifest has).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "rollout/types.h"

namespace cohort {

std::vector<std::byte> encode_groups(const std::vector<Group>& groups);
// Throws InputError for bytes that are torn.
std::vector<Group> decode_groups(std::span<const std::byte> bytes);

}  // namespace cohort
