// Part of daqd
// SPDX-License-Identifier: MIT

import Glibc

/// Where complaints go.
struct StandardError: TextOutputStream {
    /// The process' own; it has no state, so any number of writers may use copies of it.
    static var shared: StandardError {
        get { StandardError() }
        set { _ = newValue }
    }

    mutating func write(_ text: String) {
        var bytes = Array(text.utf8)
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            bytes.removeFirst(written)
        }
    }
}
