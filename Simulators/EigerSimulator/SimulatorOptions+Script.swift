// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQRoutes
internal import Glibc

extension SimulatorOptions {
    /// The largest script, in bytes.
    private static let largestScript: UInt64 = 1 << 20

    /// Reads a script from a file.
    ///
    /// - Throws: ``SimulationError`` for a file that is not there, not readable, too large or not UTF-8.
    public static func text(ofScript path: String) throws(SimulationError) -> String {
        let file: OpenFile
        do { file = try OpenFile(path) } catch { throw SimulationError("\(path): \(error.text)") }
        guard file.size <= largestScript else {
            throw SimulationError("\(path) is larger than \(largestScript) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: Int(file.size))
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(file.descriptor, $0.baseAddress, $0.count, 0) }
        guard count == bytes.count, let text = String(validating: bytes, as: UTF8.self) else {
            throw SimulationError("\(path) cannot be read or is not UTF-8")
        }
        return text
    }
}
