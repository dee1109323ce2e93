// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import DAQTransports

/// Tells a web service about an acquisition.
struct WebhookOperation: PostOperation {
    static let factory = PostOperationFactory(
        "webhook", summary: "Sends the acquisition as JSON to a web address by POST",
        settings: [
            .string("url", "Where to send it; http:// or https://"),
            .dictionary("headers", "Header fields added to the request", of: .string),
            Setting.secret("token", "Sent as Authorization: Bearer …").optional,
            .duration(
                "request_timeout", "From connecting to the end of the reply", default: .seconds(10),
                in: .milliseconds(10)...Duration.seconds(300)),
            .integer(
                "response_limit", "The largest reply that is accepted", unit: "B", default: 65536, in: 0...16_777_216),
        ]
    ) { settings, _ in try WebhookOperation(settings) }

    private let url: String
    private let fields: [HTTPField]
    private let timeout: Duration
    private let responseLimit: Int
    private let client: HTTPClient

    init(_ settings: Settings) throws {
        url = try settings["url"]
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw settings.error("does not begin with http:// or https://", at: "url")
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw settings.error("holds a blank or a character outside ASCII; percent-encode it", at: "url")
        }
        let headers: [String: String] = try settings["headers"]
        var fields = [HTTPField("Content-Type", "application/json")]
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, !name.contains(":"), (name + value).utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                throw settings.error("holds the impossible field \(JSON.string(name).text)", at: "headers")
            }
            fields.append(HTTPField(name, value))
        }
        let token: Secret? = try settings["token"]
        if let token { fields.append(HTTPField("Authorization", "Bearer \(token.reveal())")) }
        self.fields = fields
        timeout = try settings["request_timeout"]
        responseLimit = try settings["response_limit"]
        client = try HTTPClient(name: "webhook")
    }

    func run(_ job: PostOperationJob, _ context: PostOperationContext) async throws -> PostOperationResult {
        var request = HTTPRequest(.post, url)
        // The same key for every attempt, so that a receiver can tell a repetition from a second acquisition.
        request.fields = fields + [HTTPField("Idempotency-Key", "\(job.acquisition.id).\(job.name)")]
        request.body = Array(AcquisitionEnvironment.json(job).utf8)
        request.timeouts = HTTPTimeouts(connect: min(timeout, .seconds(5)), total: timeout)
        request.freshConnection = true
        request.responseLimit = responseLimit
        let response: HTTPResponse
        do {
            response = try await client.perform(request)
        } catch let error as HTTPError {
            try Task.checkCancellation()
            throw PostOperationError(error.code == .request ? .permanent : .temporary, error.message)
        }
        let words = response.firstLine.isEmpty ? "" : ": \(response.firstLine)"
        guard (200..<300).contains(response.status) else {
            throw PostOperationError(
                Self.mayPass(response.status) ? .temporary : .permanent, "\(url) answered \(response.status)\(words)")
        }
        context.logger.info(
            "Webhook delivered",
            [
                "acquisition": .string(job.acquisition.id), "url": .string(url),
                "status": .integer(Int64(response.status)),
            ])
        return PostOperationResult("\(url) answered \(response.status)\(words)")
    }

    /// Whether the same request may succeed later: the server's troubles pass, a refusal of the request does not.
    private static func mayPass(_ status: Int) -> Bool { status >= 500 || [408, 425, 429].contains(status) }
}
