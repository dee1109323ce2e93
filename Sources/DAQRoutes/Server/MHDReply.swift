// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD
internal import Glibc

/// A response in libmicrohttpd's hands.
@safe struct MHDReply {
    private let pointer: OpaquePointer
    /// The stream's writer, where the body is a stream that will be read.
    let writer: HTTPBodyWriter?
    private let produce: (@Sendable (HTTPBodyWriter) async throws -> Void)?

    /// Builds the reply; nil cuts the connection.
    init?(_ response: HTTPResponse, _ connection: MHDConnection, isHead: Bool) {
        var writer: HTTPBodyWriter?
        var produce: (@Sendable (HTTPBodyWriter) async throws -> Void)?
        let made: OpaquePointer?
        switch response.body.storage {
        case .disconnect: return nil
        case .bytes(let bytes): unsafe made = Self.copy(bytes)
        case .file(let file, let offset, let length):
            let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
            guard descriptor >= 0 else { return nil }
            unsafe made = MHD_create_response_from_fd_at_offset64(length, descriptor, offset)
        case .stream(let length, let body):
            let stream = HTTPBodyWriter(connection)
            unsafe made = Self.stream(stream, length: length)
            if !isHead { (writer, produce) = (stream, body) }
        }
        guard let pointer = unsafe made else { return nil }
        unsafe self.pointer = pointer
        self.writer = writer
        self.produce = produce
        for (name, value) in response.headers {
            guard unsafe MHD_add_response_header(pointer, name, value) == daqd_mhd_yes else {
                unsafe MHD_destroy_response(pointer)
                return nil
            }
        }
    }

    private static func copy(_ bytes: [UInt8]) -> OpaquePointer? {
        unsafe bytes.withUnsafeBytes { bytes in
            let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            return unsafe MHD_create_response_from_buffer(bytes.count, start, daqd_mhd_must_copy)
        }
    }

    private static func stream(_ writer: HTTPBodyWriter, length: UInt64?) -> OpaquePointer? {
        let context = unsafe Unmanaged.passRetained(writer).toOpaque()
        return unsafe MHD_create_response_from_callback(
            length ?? daqd_mhd_size_unknown(), 64 * 1024,
            { context, _, buffer, size in
                guard let context = unsafe context, let buffer = unsafe buffer else { return daqd_mhd_end_with_error() }
                let writer = unsafe Unmanaged<HTTPBodyWriter>.fromOpaque(context).takeUnretainedValue()
                return unsafe writer.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
            }, context,
            { context in
                guard let context = unsafe context else { return }
                unsafe Unmanaged<HTTPBodyWriter>.fromOpaque(context).takeRetainedValue().release()
            })
    }

    /// Forgets the reply; always false.
    func discard() -> Bool {
        unsafe MHD_destroy_response(pointer)
        return false
    }

    /// Starts the stream's producer, if any, and sends the reply; false cuts the connection.
    func queue(on connection: MHDConnection, status: Int) -> Bool {
        if let writer, let produce { writer.start(produce) }
        let queued = unsafe MHD_queue_response(connection.pointer, CUnsignedInt(clamping: status), pointer)
        unsafe MHD_destroy_response(pointer)
        return queued == daqd_mhd_yes
    }
}
