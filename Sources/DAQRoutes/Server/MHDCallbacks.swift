// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD

// What libmicrohttpd calls. The context is the server's core, which outlives its daemon.

let logCallback: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Void = { context, text in
    guard let context = unsafe context, let text = unsafe text else { return }
    unsafe Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue().configuration.log?(String(cString: text))
}

let targetCallback:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
        context, target, connection in
        guard let context = unsafe context, let connection = unsafe connection, let target = unsafe target else {
            return nil
        }
        let peer = unsafe daqd_mhd_connection_context(connection).map {
            unsafe Unmanaged<PeerAddress>.fromOpaque($0).takeUnretainedValue()
        }
        let core = unsafe Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        if let peer { core.began(peer) }
        let handle = unsafe MHDConnection(connection, hasOwnThread: core.hasThreadPerConnection)
        let exchange = unsafe HTTPExchange(handle, peer, target: String(validatingCString: target))
        return unsafe Unmanaged.passRetained(exchange).toOpaque()
    }

let completedCallback:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        MHD_RequestTerminationCode
    ) -> Void = { context, _, slot, _ in
        guard let context = unsafe context, let slot = unsafe slot, let pointer = unsafe slot.pointee else { return }
        let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(pointer).takeRetainedValue()
        let core = unsafe Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        if let peer = exchange.peer { core.expectRequest(from: peer) }
        unsafe slot.pointee = nil
    }

let connectionCallback:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
        MHD_ConnectionNotificationCode
    ) -> Void = { context, connection, slot, code in
        guard let context = unsafe context, let connection = unsafe connection, let slot = unsafe slot else { return }
        let core = unsafe Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        if code == daqd_mhd_started {
            unsafe slot.pointee = Unmanaged.passRetained(core.opened(PeerAddress(connection))).toOpaque()
        } else if let peer = unsafe slot.pointee {
            unsafe core.closed(Unmanaged<PeerAddress>.fromOpaque(peer).takeRetainedValue())
            unsafe slot.pointee = nil
        }
    }

let accessCallback:
    @convention(c) (
        UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
        UnsafePointer<CChar>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result = { context, _, _, method, _, data, size, slot in
        guard let context = unsafe context, let method = unsafe method, let size = unsafe size,
            let pointer = unsafe slot?.pointee
        else { return daqd_mhd_no }
        let core = unsafe Unmanaged<ServerCore>.fromOpaque(context).takeUnretainedValue()
        let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(pointer).takeUnretainedValue()
        let upload = unsafe UnsafeBufferPointer(start: data, count: unsafe data == nil ? 0 : size.pointee)
        let accepted = unsafe core.advance(exchange, method, UnsafeRawBufferPointer(upload))
        unsafe size.pointee = 0
        return accepted ? daqd_mhd_yes : daqd_mhd_no
    }
