// Part of daqd
// SPDX-License-Identifier: MIT
import CCurl
import Glibc

extension CurlOptions {
    /// What a finished transfer means for whoever waits for it.
    static func outcome(
        of transfer: CurlTransfer, _ easy: UnsafeMutableRawPointer, _ result: CURLcode
    ) -> Result<HTTPResponse, any Error> {
        var status = 0
        unsafe _ = daqd_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        if let failure = transfer.failure { return .failure(failure) }
        var requestBytes = 0
        unsafe _ = daqd_curl_get_long(easy, CURLINFO_REQUEST_SIZE, &requestBytes)
        if result == CURLE_OK && transfer.headersEnded { return .success(transfer.response(status: status)) }
        if result == CURLE_OK {
            return .failure(
                HTTPError(.truncated, "\(transfer.name) failed: the reply ended within its headers.", wasSent: true))
        }
        let text = unsafe String(cString: curl_easy_strerror(result))
        return .failure(
            HTTPError(
                code(of: result, wasSent: requestBytes > 0),
                "\(transfer.name) failed: \(sentence(result, transfer, wasSent: requestBytes > 0) ?? text.lowercased()).",
                status: status == 0 ? nil : status, curlCode: Int(result.rawValue), wasSent: requestBytes > 0))
    }

    private static func code(of result: CURLcode, wasSent: Bool) -> HTTPError.Code {
        switch result {
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_PARTIAL_FILE: .truncated
        case CURLE_FILESIZE_EXCEEDED: .tooLarge
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT: .request
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING: .malformed
        case CURLE_OUT_OF_MEMORY: .stopped
        default: wasSent ? .broken : .connection
        }
    }

    private static func sentence(_ result: CURLcode, _ transfer: CurlTransfer, wasSent: Bool) -> String? {
        switch result {
        case CURLE_OPERATION_TIMEDOUT: timeoutSentence(transfer, wasSent: wasSent)
        case CURLE_COULDNT_RESOLVE_HOST: "the host's name is unknown"
        case CURLE_COULDNT_CONNECT: "nobody answers there"
        case CURLE_GOT_NOTHING: "the connection was closed without a reply"
        case CURLE_PARTIAL_FILE: "the reply ended before the length that it announced"
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR: "the connection broke"
        default: nil
        }
    }

    private static func timeoutSentence(_ transfer: CurlTransfer, wasSent: Bool) -> String {
        let limits = transfer.request.timeouts
        // curl counts whole milliseconds, so it may be a little early; and where there is no stall limit it was the total.
        let elapsed = transfer.submitted.duration(to: .now) + .milliseconds(2)
        if let total = limits.total, elapsed >= total || (wasSent && limits.stall == nil) {
            return "no complete reply within \(total.spokenSeconds)"
        }
        if !wasSent { return "no connection within \(limits.connect.spokenSeconds)" }
        return "not a byte came for \((limits.stall ?? .zero).spokenSeconds)"
    }
}
