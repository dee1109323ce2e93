// Part of daqd
// SPDX-License-Identifier: MIT

internal import Synchronization

/// Names under which files are made in memory.
///
/// HDF5 takes two files in memory for one when their names are equal, and several detectors of a process make equal names.
enum MemoryName {
    private static let count = Atomic<UInt64>(0)

    /// The name with a number before it that no other file of this process has.
    static func unique(_ name: String) -> String {
        "\(count.wrappingAdd(1, ordering: .relaxed).newValue)-\(name)"
    }
}
