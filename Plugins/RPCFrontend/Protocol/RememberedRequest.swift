// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// A request as it was understood: one that is the same byte for byte need not be read again.
final class RememberedRequest {
    /// Longer ones are not kept: an idle connection should cost little.
    static let maximumLine = 512

    let method: RPCMethod
    let arguments: [DataValue]
    private let line: [UInt8]
    private let version: Int

    /// - Parameter version: That of the target when it was asked for the method.
    init(_ line: UnsafeRawBufferPointer, _ method: RPCMethod, _ arguments: [DataValue], _ version: Int) {
        unsafe self.line = Array(line)
        self.method = method
        self.arguments = arguments
        self.version = version
    }

    /// Whether a line says the same, while no name has changed.
    func isSame(_ other: UnsafeRawBufferPointer, _ target: RPCTarget) -> Bool {
        guard line.count == other.count, version == target.version else { return false }
        return unsafe line.withUnsafeBytes { known in
            guard let known = known.baseAddress, let other = other.baseAddress else { return false }
            return unsafe memcmp(known, other, line.count) == 0
        }
    }
}
