// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQStorage

/// One call that waits for the next images of a channel.
struct ImageWait {
    private let source: FrameSource
    private let count: Int
    private let call: RPCCall

    init(_ source: FrameSource, count: Int, _ call: RPCCall) {
        self.source = source
        self.count = count
        self.call = call
    }

    /// Waits until they are there, the time is up or the caller vanishes.
    func begin(timeout: Double) {
        let subscription = source.subscribe(count == 1 ? .newest : .everyDropping(capacity: count))
        let timer = Task {
            try? await Task.sleep(nanoseconds: UInt64(timeout * 1e9))
            subscription.cancel()
        }
        call.onAbandon { subscription.cancel() }
        Task { [count, call] in
            var frames: [Frame] = []
            while frames.count < count, let frame = await subscription.next() { frames.append(frame) }
            subscription.cancel()
            timer.cancel()
            call.complete(frames.count < count ? .value(.null) : Self.result(frames))
        }
    }

    /// The images as the client gets them: one as it is, several as one array.
    static func result(_ frames: [Frame]) -> RPCResult {
        do {
            let plain = try frames.map(plain)
            guard plain.count > 1, let first = plain.first else {
                return plain.first.map { .frame($0) } ?? .value(.null)
            }
            guard plain.allSatisfy({ $0.shape == first.shape && $0.elementType == first.elementType }) else {
                return .failure(RPCException("ValueError", "the images differ in shape"))
            }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(first.buffer.count * plain.count)
            for frame in plain { unsafe frame.buffer.withBytes { raw in unsafe bytes.append(contentsOf: raw) } }
            guard let array = ArrayValue(first.elementType, shape: [plain.count] + first.shape, bytes: bytes) else {
                return .failure(RPCException("ValueError", "the images' bytes do not fit their shape"))
            }
            return .value(.array(array))
        } catch {
            return .failure(RPCException("ValueError", "an image cannot be unpacked: \(error)"))
        }
    }

    /// The frame with plain pixels.
    private static func plain(_ frame: Frame) throws -> Frame {
        let size = frame.shape.reduce(frame.elementType.size, *)
        let bytes: [UInt8]
        switch frame.codec {
        case .none: return frame
        case .lz4: bytes = try LZ4.decode(Array(of: frame.buffer), byteCount: size)
        case .bitshuffleLZ4:
            bytes = try BitshuffleLZ4.decode(
                Array(of: frame.buffer), elementSize: frame.elementType.size, byteCount: size)
        default: throw WireError("it is packed as \(frame.codec.name)")
        }
        var plain = frame
        plain.buffer = FrameBuffer(bytes)
        plain.codec = .none
        return plain
    }
}

extension [UInt8] {
    /// A copy of a buffer's bytes.
    fileprivate init(of buffer: FrameBuffer) { self = unsafe buffer.withBytes { raw in unsafe [UInt8](raw) } }
}
