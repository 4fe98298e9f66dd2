// `cohort digest`: a hash of every tensor of a model, or of everything that a run has computed.
// Equal for runs that are bitwise equal, whatever ranks made or resumed them.
#pragma once

#include <string>
#include <vector>

namespace cohort {

struct DigestLine {
  std::string name;
  std::string hash;  // XXH3-128 of the values, little-endian
};

// A Hugging Face or checkpoint folder: a line a tensor. A run's folder: for every stage its newest
// checkpoint (masters, moments, router biases, reference), the tokens and log-probs of its
// rollouts, and a reject stage's samples.
std::vector<DigestLine> digest(const std::string& path);
// The hash of all lines.
std::string digest_total(const std::vector<DigestLine>& lines);

}  // namespace cohort
