// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

/// An error as RFC 9457 has it.
struct Problem: Sendable {
    var status: Int
    /// The stable name of the kind.
    var code: String
    /// One sentence for the person who asked.
    var detail: String
    var headers = HTTPHeaders()
    var vendorCode: Int?
    var vendorText: String?

    init(_ failure: HTTPFailure) {
        status = failure.status
        code = Self.code(failure.status)
        detail = failure.text
        headers = failure.headers
    }

    init(_ error: DeviceError) {
        status = error.httpStatus
        code = error.code.name
        detail = error.message
        vendorCode = error.vendorCode
        vendorText = error.vendorText
        if error.code == .readOnly { headers["Allow"] = "GET, HEAD" }
    }

    /// Whatever a handler threw.
    init(explaining error: any Error) {
        switch error {
        case let error as DeviceError: self.init(error)
        case let error as OperationFailure: self.init(endOf: error.error)
        case let error as WireError: self.init(HTTPFailure(400, "the body is not JSON: \(error)"))
        case let error as RunLogError where error.code == .illegal: self.init(HTTPFailure(400, error.message))
        case is CancellationError: self.init(HTTPFailure(503, "daqd is stopping"))
        default: self.init(HTTPFailure(500, String(describing: error)))
        }
    }

    /// A command was accepted and failed: what it asked was sound, so that the state of the device is what forbids it.
    init(endOf operation: DeviceError) {
        self.init(operation)
        if status == 422 || status == 405 || status == 404 { status = 409 }
        headers["Allow"] = nil
    }

    private var title: String { code == DeviceError.Code.vendor.name ? "The device refused" : Self.title(status) }

    /// The reply to a request, `application/problem+json`.
    func response(to request: HTTPRequest) -> HTTPResponse {
        var members: [(String, JSON)] = [
            ("type", .string("urn:daqd:problem:" + code)), ("title", .string(title)),
            ("status", .integer(Int64(status))), ("detail", .string(detail)),
            ("instance", .string(String(request.target.prefix { $0 != "?" }))), ("code", .string(code)),
        ]
        if let vendorCode { members.append(("vendor_code", .integer(Int64(vendorCode)))) }
        if let vendorText { members.append(("vendor_text", .string(vendorText))) }
        var headers = headers
        headers["Content-Type"] = "application/problem+json"
        var bytes: [UInt8] = []
        JSON.object(members).write(to: &bytes)
        return HTTPResponse(status, headers: headers, body: .bytes(bytes))
    }

    private static func code(_ status: Int) -> String {
        switch status {
        case 400: "badRequest"
        case 401: "unauthorized"
        case 403: "forbidden"
        case 404: "notFound"
        case 405: "methodNotAllowed"
        case 410: "gone"
        case 413: "bodyTooLarge"
        case 415: "unsupportedMediaType"
        case 416: "rangeNotSatisfiable"
        case 422: "invalidValue"
        case 503: "unavailable"
        default: status < 500 ? "refused" : "failed"
        }
    }

    private static func title(_ status: Int) -> String {
        switch status {
        case 400: "The request is malformed"
        case 401: "A token is needed"
        case 403: "Not allowed"
        case 404: "Not found"
        case 405: "Method not allowed"
        case 409: "Not possible now"
        case 410: "Gone"
        case 413: "The body is too large"
        case 415: "The body must be JSON"
        case 416: "The range is not within the file"
        case 422: "The value is not accepted"
        case 503: "Not available"
        case 504: "The device did not answer in time"
        case 507: "Storage failed"
        default: status < 500 ? "Refused" : "Failed"
        }
    }
}
