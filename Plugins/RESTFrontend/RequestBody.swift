// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import DAQRoutes

extension HTTPRequest {
    /// The body as JSON; nil when there is none.
    /// - Throws: ``HTTPFailure`` 415 for a body that is not declared as JSON, so that no foreign web form can send one;
    ///   ``WireError`` for one that is not JSON.
    func json() throws -> JSON? {
        if body.isEmpty { return nil }
        let type = headers["Content-Type"]?.prefix { $0 != ";" }.lowercased().filter { $0 != " " } ?? ""
        guard type == "application/json" || type.hasSuffix("+json") else {
            throw HTTPFailure(415, "send JSON with “Content-Type: application/json”; curl's --json does both")
        }
        return try JSON(parsing: body, limits: JSON.Limits(depth: 32, values: 1_000_000))
    }

    /// A whole number of the query.
    func integer(_ name: String, in range: ClosedRange<Int>) throws(HTTPFailure) -> Int? {
        guard let text = query(name) else { return nil }
        guard let number = Int(text), range.contains(number), text.utf8.first != UInt8(ascii: "+") else {
            throw HTTPFailure(
                400,
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not “\(text.short)”")
        }
        return number
    }

    /// Seconds of the query.
    func seconds(_ name: String, atMost limit: Double) throws(HTTPFailure) -> Double? {
        guard let text = query(name) else { return nil }
        guard let number = Double(text), number >= 0, number <= limit,
            text.utf8.allSatisfy({ $0 > 42 && $0 < 58 || $0 | 32 == 101 })
        else {
            throw HTTPFailure(400, "\(name) must be a number of seconds from 0 to \(limit), not “\(text.short)”")
        }
        return number
    }

    /// True or false of the query.
    func flag(_ name: String) throws(HTTPFailure) -> Bool? {
        switch query(name) {
        case nil: return nil
        case "true": return true
        case "false": return false
        case let text?: throw HTTPFailure(400, "\(name) must be true or false, not “\(text.short)”")
        }
    }

    /// A word of the query that must be one of a few.
    func word(_ name: String, of words: [String]) throws(HTTPFailure) -> String? {
        guard let text = query(name) else { return nil }
        guard words.contains(text) else {
            throw HTTPFailure(400, "\(name) must be one of \(words.joined(separator: ", ")), not “\(text.short)”")
        }
        return text
    }
}

extension HTTPResponse {
    /// A JSON value as a reply.
    static func json(_ value: JSON, status: Int = 200) -> HTTPResponse {
        var bytes: [UInt8] = []
        value.write(to: &bytes)
        return HTTPResponse(status, type: "application/json", bytes: bytes)
    }
}

extension HTTPRequest {
    /// A time of the query: RFC 3339 in UTC, such as `2026-11-21T02:10:00Z`, or its date alone.
    func time(_ name: String) throws(HTTPFailure) -> Timestamp? {
        guard let text = query(name) else { return nil }
        guard let time = Timestamp(parsing: text) else {
            throw HTTPFailure(400, "\(name) must be a time such as 2026-11-21T02:10:00Z, not “\(text.short)”")
        }
        return time
    }
}
