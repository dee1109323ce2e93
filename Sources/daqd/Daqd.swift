// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The daemon's entry.
@main
enum Daqd {
    static func main() async {
        print(JSON.object([("daqd", .string("0.1.0"))]).text)
    }
}
