// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQRoutes

/// Answers `GET` and `HEAD /data/<name>`, whole or in parts, also badly if a fault says so.
struct FileDownload: Sendable {
    let unit: ControlUnit
    let name: String

    /// The file, or the part of it that the request asks for, and what goes wrong on the way.
    func answer(_ request: HTTPRequest) throws -> (Reply, Spoiling?) {
        guard let file = unit.store.file(name) else { throw Refusal.missing("file \(name)") }
        let response = try HTTPResponse.file(
            OpenFile(file.content.path), for: request, type: "application/hdf5")
        let reply = Reply.file(response, file.content, part(of: file, request))
        guard request.method == .get else { return (reply, nil) }
        unit.store.noteRead(file)
        return (reply, Spoiling(unit.faults.take(.download, method: "GET", path: "/data/" + name)))
    }

    private func part(of file: StoredFile, _ request: HTTPRequest) -> Range<Int> {
        guard let text = request.headers["Range"], request.method == .get,
            case .part(let part) = HTTPByteRange(parsing: text, size: UInt64(file.content.size))
        else { return 0..<file.content.size }
        return Int(part.lowerBound)..<Int(part.upperBound)
    }
}
