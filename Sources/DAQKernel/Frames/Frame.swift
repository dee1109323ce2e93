// Part of daqd
// SPDX-License-Identifier: MIT

/// How a frame's bytes are packed.
public struct FrameCodec: Sendable, Hashable {
    /// The name, as files and streams have it.
    public let name: String
    /// A codec by name; one that is not known here can still be stored unread.
    public init(_ name: String) { self.name = name }
    /// Plain pixels, little-endian, row-major.
    public static let none = FrameCodec("none")
    /// LZ4 in HDF5 framing.
    public static let lz4 = FrameCodec("lz4")
    /// Bitshuffle and LZ4 in HDF5 framing.
    public static let bitshuffleLZ4 = FrameCodec("bslz4")
}

/// One image, or one part of it: what a consumer gets, without a copy of the pixels.
public struct Frame: Sendable {
    /// Length of each dimension, slowest first: `[rows, columns]`.
    public var shape: [Int]
    /// Type of one pixel.
    public var elementType: ElementType
    /// How the bytes are packed.
    public var codec: FrameCodec
    /// The channel: `threshold_1`, `monitor`.
    public var channel: String
    /// Which acquisition it belongs to; empty outside one.
    public var acquisition: String
    /// Index within the acquisition, from 0.
    public var index: Int
    /// Frames that are known to be lost between this and the one before.
    public var lostBefore: Int
    /// When the host got it.
    public var received: Timestamp
    /// The host's monotonic clock at that moment, in nanoseconds.
    public var monotonicNanoseconds: Int64
    /// The device's own clock, in nanoseconds of its own origin.
    public var deviceNanoseconds: Int64?
    /// Small data of the device, in order.
    public var metadata: [(String, DataValue)]
    /// The bytes.
    public var buffer: FrameBuffer

    /// A frame; what is not given is empty, zero or now.
    public init(shape: [Int], elementType: ElementType, channel: String, index: Int, buffer: FrameBuffer) {
        self.shape = shape
        self.elementType = elementType
        self.channel = channel
        self.index = index
        self.buffer = buffer
        codec = .none
        acquisition = ""
        lostBefore = 0
        received = .now()
        monotonicNanoseconds = Timestamp.monotonicNanoseconds()
        metadata = []
    }
}
