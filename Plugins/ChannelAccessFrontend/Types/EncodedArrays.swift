// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization

/// The last large array of a variable in the byte order of the wire: converted once, sent to all who ask.
final class EncodedArrays: Sendable {
    private struct Entry {
        let array: ArrayValue
        let type: NativeType
        let bytes: [UInt8]
    }

    private let last = Mutex<Entry?>(nil)

    /// All elements of an array as bytes of a type.
    func bytes(of array: ArrayValue, as type: NativeType, precision: Int) -> [UInt8] {
        if type == .char, array.elementType.size == 1 { return array.bytes }
        if let known = last.withLock({ $0 }), known.array === array, known.type == type { return known.bytes }
        let size = array.count * type.size
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            if let base = UnsafeMutableRawPointer(buffer.baseAddress) {
                unsafe ArrayConversion.write(array, array.count, as: type, precision: precision, to: base)
            }
            initialized = size
        }
        last.withLock { $0 = Entry(array: array, type: type, bytes: bytes) }
        return bytes
    }
}
