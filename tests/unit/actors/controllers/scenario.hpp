#pragma once

#include "tests/support/scenario.hpp"
