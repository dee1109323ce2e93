// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// The natural logarithm; in a file of its own because Glibc's names would shadow those of the picture code.
func logarithm(_ value: Double) -> Double { log(value) }
