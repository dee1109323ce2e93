// Part of daqd
// SPDX-License-Identifier: MIT
#pragma once
#include <lz4.h>
