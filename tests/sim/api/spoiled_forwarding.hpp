#pragma once

#include "tests/sim/mutant.hpp"

#include <string>

namespace actord::sim {

/// What a mutant's forwarder sends instead of a question.
std::string spoil_question(mutant what, std::string question);
/// What it takes an answer for.
std::string spoil_answer(mutant what, std::string answer);

} // namespace actord::sim
