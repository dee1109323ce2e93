// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD
internal import Glibc

/// libmicrohttpd's daemon, and what must live as long as it.
@safe final class MHDDaemon: @unchecked Sendable {  // immutable after init; stopped once, by the owner
    private let pointer: OpaquePointer
    private let core: ServerCore
    private let log: UnsafeMutablePointer<daqd_mhd_log>

    init?(_ socket: ListeningSocket, _ configuration: HTTPServerConfiguration, _ core: ServerCore) {
        let context = unsafe Unmanaged.passUnretained(core).toOpaque()
        let log = UnsafeMutablePointer<daqd_mhd_log>.allocate(capacity: 1)
        unsafe log.initialize(to: daqd_mhd_log(write: logCallback, context: context))
        var options = unsafe daqd_mhd_options()
        unsafe options.flags = Self.flags(socket, configuration)
        unsafe options.listen_socket = socket.descriptor
        unsafe options.handle = accessCallback
        unsafe options.target = targetCallback
        unsafe options.completed = completedCallback
        unsafe options.connection = connectionCallback
        unsafe options.cls = context
        unsafe options.log = log
        if case .events(let threads) = configuration.threading {
            unsafe options.threads = CUnsignedInt(clamping: max(1, threads))
        }
        unsafe options.connection_limit = CUnsignedInt(clamping: max(1, configuration.maximumConnections))
        unsafe options.idle_timeout_seconds = CUnsignedInt(clamping: max(0, configuration.idleTimeoutSeconds))
        unsafe options.memory_limit = max(2048, configuration.maximumHeaderBytes)
        let started: OpaquePointer?
        if let tls = configuration.tls {
            unsafe started = tls.certificate.withCString { certificate in
                unsafe tls.key.withCString { key in
                    unsafe options.certificate = certificate
                    unsafe options.key = key
                    return unsafe daqd_mhd_start(&options)
                }
            }
        } else {
            unsafe started = daqd_mhd_start(&options)
        }
        guard let pointer = unsafe started else {
            unsafe log.deallocate()
            return nil
        }
        unsafe self.pointer = pointer
        unsafe self.log = log
        self.core = core
    }

    private static func flags(_ socket: ListeningSocket, _ configuration: HTTPServerConfiguration) -> CUnsignedInt {
        var flags = MHD_USE_ERROR_LOG.rawValue
        switch configuration.threading {
        case .events: flags |= MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
        case .threadPerConnection:
            flags |= MHD_USE_POLL_INTERNAL_THREAD.rawValue | MHD_USE_THREAD_PER_CONNECTION.rawValue
        }
        if socket.isIPv6 { flags |= MHD_USE_IPv6.rawValue }
        if configuration.tls != nil { flags |= MHD_USE_TLS.rawValue }
        return flags
    }

    /// Closes every connection and joins the threads; no connection may be suspended.
    func stop() {
        unsafe MHD_stop_daemon(pointer)
        unsafe log.deallocate()
    }
}
