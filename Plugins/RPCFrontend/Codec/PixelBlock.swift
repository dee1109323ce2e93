// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// The bytes of a large array, kept by reference until the socket takes them.
enum PixelBlock: Sendable {
    case array(ArrayValue)
    case frame(FrameBuffer)

    var count: Int {
        switch self {
        case .array(let array): array.byteCount
        case .frame(let buffer): buffer.count
        }
    }

    /// Lends the bytes for the length of a call.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch self {
        case .array(let array): unsafe array.withBytes { raw in unsafe body(raw) }
        case .frame(let buffer): unsafe buffer.withBytes { raw in unsafe body(raw) }
        }
    }
}
