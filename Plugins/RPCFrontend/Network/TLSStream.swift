// Part of daqd
// SPDX-License-Identifier: MIT

import COpenSSL
import DAQKernel
import Glibc

/// What a TLS server needs: its certificate and key, and the certificates of those who may connect.
@safe
final class TLSContext: @unchecked Sendable {  // sound: OpenSSL's context is made for use by several threads
    private let context: OpaquePointer

    /// Reads the files.
    /// - Throws: With the file that is at fault.
    init(certificate: String, key: String, clients: String) throws(DeviceError) {
        guard let context = unsafe SSL_CTX_new(TLS_server_method()) else {
            throw DeviceError(.failed, "TLS cannot be used: \(Self.reason)")
        }
        unsafe self.context = context
        unsafe daqd_ssl_prepare(context)
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            throw DeviceError(.failed, "\(certificate) is no certificate in PEM: \(Self.reason)")
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw DeviceError(.failed, "\(key) is not the certificate's key in PEM: \(Self.reason)") }
        guard unsafe SSL_CTX_load_verify_locations(context, clients, nil) == 1 else {
            throw DeviceError(.failed, "\(clients) holds no certificates in PEM: \(Self.reason)")
        }
    }

    deinit { unsafe SSL_CTX_free(context) }

    /// The server's side of a connection that was accepted.
    func stream(_ descriptor: Int32) -> TLSStream? {
        guard let session = unsafe SSL_new(context), unsafe SSL_set_fd(session, descriptor) == 1 else { return nil }
        unsafe SSL_set_accept_state(session)
        return unsafe TLSStream(session, descriptor)
    }

    private static var reason: String {
        var text = [CChar](repeating: 0, count: 256)
        unsafe ERR_error_string_n(ERR_get_error(), &text, 256)
        return String(terminated: text)
    }
}

/// An encrypted socket; the handshake happens with the first read.
@safe
final class TLSStream: ByteStream {
    private let session: OpaquePointer
    private let descriptor: Int32

    @unsafe
    init(_ session: OpaquePointer, _ descriptor: Int32) {
        unsafe self.session = session
        self.descriptor = descriptor
    }

    deinit { unsafe SSL_free(session) }

    var isPlain: Bool { false }

    var isRefused: Bool { unsafe SSL_is_init_finished(session) == 0 }
    var hasBuffered: Bool { unsafe SSL_pending(session) > 0 }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamResult {
        ERR_clear_error()
        return result(unsafe SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count)))
    }

    func write(_ buffer: UnsafeRawBufferPointer) -> StreamResult {
        ERR_clear_error()
        return result(unsafe SSL_write(session, buffer.baseAddress, Int32(clamping: buffer.count)))
    }

    func finish() {
        ERR_clear_error()
        _ = unsafe SSL_shutdown(session)
        shutdown(descriptor, Int32(SHUT_WR))
    }

    private func result(_ count: Int32) -> StreamResult {
        if count > 0 { return .bytes(Int(count)) }
        return switch unsafe SSL_get_error(session, count) {
        case SSL_ERROR_WANT_READ: .wantsRead
        case SSL_ERROR_WANT_WRITE: .wantsWrite
        case SSL_ERROR_ZERO_RETURN: .end
        default: .failed
        }
    }
}
