// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQTransports

/// Fetches from the detector what is no JSON: monitor images and the content of files; on connections of its own.
final class RawClient: Sendable {
    private let client: SIMPLONClient
    private let http: HTTPClient

    /// A 16M image of 32 bits has 73 MB.
    private static let imageLimit = 128 << 20
    private static let fileLimit = 64 << 20

    init(_ client: SIMPLONClient) throws {
        self.client = client
        http = try HTTPClient(name: "\(client.device)-images", pools: [.init("images", limit: 2)])
    }

    /// Which image of the monitor.
    enum Choice: Sendable, Equatable {
        /// The newest; the same one again when there is no newer.
        case newest
        /// The oldest, which is removed from the monitor's buffer.
        case next
        case exactly(series: Int64, number: Int64)
    }

    /// An image of the monitor.
    /// - Parameter wait: How long the detector may wait for one.
    /// - Returns: `nil` when there is none.
    func image(_ choice: Choice, wait: Duration) async throws -> MonitorImage? {
        let milliseconds = Int(wait.seconds * 1000)
        let place =
            switch choice {
            case .newest: "monitor?timeout=\(milliseconds)"
            case .next: "next?timeout=\(milliseconds)"
            case .exactly(let series, let number): "\(series)/\(number)"
            }
        var request = HTTPRequest(.get, base + place)
        request.fields = [HTTPField("Accept", "application/tiff")]
        request.responseLimit = Self.imageLimit
        let reply = try await fetch(request, "a monitor image", within: wait + .seconds(30))
        if reply.status == 408 || reply.status == 404 { return nil }
        guard reply.status == 200 else { throw refusal(reply, "a monitor image") }
        do throws(WireError) {
            return try MonitorImage(decoding: reply.body)
        } catch {
            throw DeviceError(.vendor, "\(client.device) sent a monitor image that cannot be read: \(error)")
        }
    }

    /// The images in the monitor's buffer: series and the numbers of its images.
    func images() async throws -> DataValue {
        let reply = try await fetch(HTTPRequest(.get, base), "the list of monitor images", within: client.limits.read)
        guard reply.status == 200 else { throw refusal(reply, "the list of monitor images") }
        do throws(WireError) {
            let list = try JSON(parsing: reply.body, limits: JSON.Limits(depth: 8, values: 100_000))
            guard list.array != nil else { throw WireError("it is \(list.kind), not a list") }
            return DataValue(list)
        } catch {
            throw DeviceError(.vendor, "\(client.device) answered the list of monitor images unusably: \(error)")
        }
    }

    /// The content of a file in the detector's memory.
    func file(_ name: String) async throws -> [UInt8] {
        if let size = try await client.size(of: name), size > Self.fileLimit {
            throw DeviceError(.outOfRange, "\(name) has \(size) bytes; download what is above \(Self.fileLimit)")
        }
        var request = HTTPRequest(.get, client.address.file(name))
        request.responseLimit = Self.fileLimit
        let reply = try await fetch(request, name, within: nil)
        guard reply.status == 200 else { throw refusal(reply, name) }
        return reply.body
    }

    private var base: String {
        "\(client.address.base)/monitor/api/\(client.version)/images/"
    }

    private func fetch(_ request: HTTPRequest, _ what: String, within limit: Duration?) async throws -> HTTPResponse {
        var request = request
        request.pool = "images"
        request.timeouts = HTTPTimeouts(connect: client.limits.connect, total: limit, stall: client.limits.stall)
        do {
            return try await http.perform(request)
        } catch let error as HTTPError {
            let code: DeviceError.Code = error.code == .timeout ? .timeout : .disconnected
            throw DeviceError(code, "\(client.device), \(what): \(error.message)", vendorCode: error.curlCode)
        }
    }

    private func refusal(_ reply: HTTPResponse, _ what: String) -> DeviceError {
        let line = reply.firstLine
        return DeviceError(
            reply.status == 404 ? .notFound : .vendor,
            "\(client.device) refused \(what) with HTTP status \(reply.status)\(line.isEmpty ? "" : ": \(line)")",
            vendorCode: reply.status, vendorText: line)
    }
}
