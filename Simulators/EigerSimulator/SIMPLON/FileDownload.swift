// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQRoutes

/// Answers `GET` and `HEAD /data/<name>`, whole or in parts, also badly if a fault says so.
struct FileDownload: Sendable {
    let unit: ControlUnit
    let name: String

    private static let pieceSize = 256 << 10

    /// The file, or the part of it that the request asks for.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        guard let file = unit.store.file(name) else { throw Refusal.missing("file \(name)") }
        let response = try HTTPResponse.file(
            OpenFile(file.content.path), for: request, type: "application/hdf5")
        guard request.method == .get else { return response }
        unit.store.noteRead(file)
        let struck = unit.faults.take(.download, method: "GET", path: "/data/" + name)
        guard !struck.isEmpty else { return response }
        return damaged(response, file, struck, range: part(of: file, request))
    }

    private func part(of file: StoredFile, _ request: HTTPRequest) -> Range<Int> {
        guard let text = request.headers["Range"],
            case .part(let part) = HTTPByteRange(parsing: text, size: UInt64(file.content.size))
        else { return 0..<file.content.size }
        return Int(part.lowerBound)..<Int(part.upperBound)
    }

    /// The same reply, but slow or cut.
    private func damaged(
        _ response: HTTPResponse, _ file: StoredFile, _ faults: [Fault], range: Range<Int>
    ) -> HTTPResponse {
        let cut = faults.filter { $0.kind.name == "truncate" }.map { $0.count("bytes") }.min()
        let rate = faults.filter { $0.kind.name == "slow" }.map { $0.count("bytes_per_second") }.min()
        let content = file.content
        var response = response
        response.body = .stream(length: UInt64(range.count)) { writer in
            let end = min(range.upperBound, range.lowerBound + (cut ?? range.count))
            var next = range.lowerBound
            while next < end {
                let piece = next..<min(next + min(Self.pieceSize, max(1, (rate ?? .max) / 10)), end)
                try await writer.write(content.read(piece))
                next = piece.upperBound
                if let rate { try await Task.sleep(for: .seconds(Double(piece.count) / Double(rate))) }
            }
            if end < range.upperBound { writer.cut() }
        }
        return response
    }
}
