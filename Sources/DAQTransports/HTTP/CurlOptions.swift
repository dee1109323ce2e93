// Part of daqd
// SPDX-License-Identifier: MIT
import CCurl
import Glibc

/// Translates between requests and libcurl's easy handles; called on the engine's thread only.
enum CurlOptions {
    /// Makes the easy handle of a transfer; `false` when libcurl refuses an option.
    static func attach(_ transfer: CurlTransfer) -> Bool {
        guard let easy = unsafe curl_easy_init() else { return false }
        unsafe transfer.easy = easy
        return unsafe setAddress(easy, transfer.request) && setLimits(easy, transfer) && setFields(easy, transfer)
            && setFunctions(easy, transfer)
    }

    /// Frees what `attach` made.
    static func release(_ transfer: CurlTransfer) {
        if let easy = unsafe transfer.easy { unsafe curl_easy_cleanup(easy) }
        unsafe curl_slist_free_all(transfer.headerList)
        unsafe transfer.easy = nil
        unsafe transfer.headerList = nil
    }

    private static func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: Int) -> Bool {
        unsafe daqd_curl_set_long(easy, option, value) == CURLE_OK
    }

    private static func set(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ value: String) -> Bool {
        unsafe daqd_curl_set_text(easy, option, value) == CURLE_OK
    }

    private static func setAddress(_ easy: UnsafeMutableRawPointer, _ request: HTTPRequest) -> Bool {
        var good =
            unsafe set(easy, CURLOPT_URL, request.url) && set(easy, CURLOPT_PROTOCOLS_STR, "http,https")
            && set(easy, CURLOPT_PROXY, "") && set(easy, CURLOPT_NOPROXY, "*")
            && set(easy, CURLOPT_FOLLOWLOCATION, 0) && set(easy, CURLOPT_USERAGENT, "daqd")
            && set(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        switch request.method {
        case .get: good = unsafe good && set(easy, CURLOPT_HTTPGET, 1)
        case .head: good = unsafe good && set(easy, CURLOPT_NOBODY, 1)
        case .delete: good = unsafe good && set(easy, CURLOPT_CUSTOMREQUEST, "DELETE")
        default:
            // A body given this way leaves in the same segment as the headers, with its length; an upload would not.
            let count = Int(request.body.count)
            let bytes = request.body.isEmpty ? [0] : request.body
            good =
                unsafe good && set(easy, CURLOPT_POST, 1) && daqd_curl_set_bytes(easy, bytes, count) == CURLE_OK
                && set(easy, CURLOPT_CUSTOMREQUEST, request.method.description)
        }
        if request.freshConnection {
            good = unsafe good && set(easy, CURLOPT_FRESH_CONNECT, 1) && set(easy, CURLOPT_FORBID_REUSE, 1)
        }
        return good
    }

    private static func setLimits(_ easy: UnsafeMutableRawPointer, _ transfer: CurlTransfer) -> Bool {
        let timeouts = transfer.request.timeouts
        var good =
            unsafe set(easy, CURLOPT_NOSIGNAL, 1) && set(easy, CURLOPT_TCP_NODELAY, 1)
            && set(easy, CURLOPT_QUICK_EXIT, 1) && set(easy, CURLOPT_TCP_KEEPALIVE, 1)
            && set(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, timeouts.connect.wholeMilliseconds))
        if let deadline = transfer.deadline {
            let left = ContinuousClock.now.duration(to: deadline).wholeMilliseconds
            good = unsafe good && set(easy, CURLOPT_TIMEOUT_MS, max(1, left))
        }
        if let stall = timeouts.stall {
            let seconds = max(1, (stall.wholeMilliseconds + 999) / 1000)
            good = unsafe good && set(easy, CURLOPT_LOW_SPEED_LIMIT, 1) && set(easy, CURLOPT_LOW_SPEED_TIME, seconds)
        }
        if transfer.sink != nil { good = unsafe good && set(easy, CURLOPT_BUFFERSIZE, DownloadSink.pieceSize) }
        return good
    }

    private static func setFields(_ easy: UnsafeMutableRawPointer, _ transfer: CurlTransfer) -> Bool {
        var lines = ["Expect:"]
        if !transfer.request.fields.contains(where: { $0.name.lowercased() == "content-type" }) {
            // libcurl would call a body a filled-in form.
            lines.append("Content-Type:")
        }
        for field in transfer.request.fields {
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if let sink = transfer.sink, sink.count > 0 { lines.append("Range: bytes=\(sink.count)-") }
        for line in lines {
            guard let list = unsafe curl_slist_append(transfer.headerList, line) else { return false }
            unsafe transfer.headerList = list
        }
        return unsafe daqd_curl_set_headers(easy, transfer.headerList) == CURLE_OK
    }

    private static func setFunctions(_ easy: UnsafeMutableRawPointer, _ transfer: CurlTransfer) -> Bool {
        // The engine keeps the transfer for as long as the easy handle lives, so the callbacks borrow it unretained.
        let context = unsafe Unmanaged.passUnretained(transfer).toOpaque()
        let body: daqd_curl_data_function = { bytes, size, count, context in
            guard let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            switch unsafe transfer.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) {
            case .taken: return size * count
            case .pause: return Int(CURL_WRITEFUNC_PAUSE)
            case .end: return size * count == 0 ? 1 : 0
            }
        }
        let header: daqd_curl_data_function = { bytes, size, count, context in
            guard let context = unsafe context else { return 0 }
            let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
            return unsafe transfer.receiveHeader(line) ? size * count : 0
        }
        return unsafe daqd_curl_set_body_function(easy, body, context) == CURLE_OK
            && daqd_curl_set_header_function(easy, header, context) == CURLE_OK
    }
}
