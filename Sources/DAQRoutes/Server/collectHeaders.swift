// Part of daqd
// SPDX-License-Identifier: MIT

internal import CMicroHTTPD

/// The header fields of the request that a connection carries; a value that is not UTF-8 is repaired.
func collectHeaders(_ connection: OpaquePointer) -> HTTPHeaders {
    var headers = HTTPHeaders(capacity: 8)
    unsafe withUnsafeMutablePointer(to: &headers) { target in
        _ = unsafe MHD_get_connection_values(
            connection, daqd_mhd_header_kind,
            { context, _, name, value in
                guard let context = unsafe context, let name = unsafe name else { return daqd_mhd_yes }
                let value = unsafe value.map { unsafe String(cString: $0) } ?? ""
                unsafe context.assumingMemoryBound(to: HTTPHeaders.self).pointee.add(String(cString: name), value)
                return daqd_mhd_yes
            }, target)
    }
    return headers
}
