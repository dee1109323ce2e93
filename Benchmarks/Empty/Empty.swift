// Part of daqd
// SPDX-License-Identifier: MIT

/// The least Swift program: what the start of any other is compared with.
@main
enum Empty {
    static func main() {}
}
