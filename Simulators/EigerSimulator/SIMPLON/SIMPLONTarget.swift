// Part of daqd
// SPDX-License-Identifier: MIT

/// What a request's path means, if it means anything; no state.
///
/// Source: SIMPLON 1.8, `/<module>/api/<version>/<task>/<parameter>`.
enum SIMPLONTarget: Equatable, Sendable {
    /// `/<module>/api/version`.
    case version(Subsystem)
    /// `/<module>/api/<version>/keys`.
    case tasks(Subsystem)
    /// `…/config/keys`, `…/status/keys`, `…/command/keys`.
    case keys(Subsystem, task: String)
    /// `…/config`, for several keys at once.
    case bulk(Subsystem)
    /// `…/config/<name>`.
    case configuration(Subsystem, String)
    /// `…/status/<name>`.
    case status(Subsystem, String)
    /// `…/command/<name>`.
    case command(Subsystem, String)
    /// `/filewriter/api/<version>/files`.
    case files
    /// `/monitor/api/<version>/images/…`.
    case images([String])
    /// `/data/<name>`.
    case data(String)
    /// `/docs/…`.
    case documentation

    /// Reads the decoded segments of a path; a trailing slash is accepted everywhere, as the control unit does.
    ///
    /// - Returns: The tree of the API, the newest one where the path does not say, and what is asked of it.
    static func parse(
        _ path: [String], serving versions: [APIVersion]
    ) throws(Refusal) -> (APIVersion, SIMPLONTarget) {
        let target = try SIMPLONTarget(path, serving: versions)
        let named = path.count > 2 ? APIVersion(rawValue: path[2]) : nil
        return (named ?? versions.max() ?? .v18, target)
    }

    init(_ path: [String], serving versions: [APIVersion]) throws(Refusal) {
        var path = path
        if path.count > 1, path.last == "" { path.removeLast() }
        if path.first == "data", path.count > 1 {
            self = .data(path.dropFirst().joined(separator: "/"))
            return
        }
        if path.first == "docs" {
            self = .documentation
            return
        }
        guard path.count >= 3, path[1] == "api", let subsystem = Subsystem(rawValue: path[0]) else {
            throw Self.unknown(path)
        }
        if path.count == 3, path[2] == "version" {
            self = .version(subsystem)
            return
        }
        guard let version = APIVersion(rawValue: path[2]), versions.contains(version) else {
            let known = versions.map(\.rawValue).joined(separator: ", ")
            throw Refusal(status: 404, text: "API version \(path[2].prefix(20)) is not supported; this is \(known)")
        }
        self = try Self.task(subsystem, Array(path.dropFirst(3)), path)
    }

    private static func task(_ subsystem: Subsystem, _ rest: [String], _ path: [String]) throws(Refusal) -> Self {
        let name = rest.dropFirst().joined(separator: "/")
        switch rest.first {
        case "keys" where rest.count == 1: return .tasks(subsystem)
        case "config" where subsystem.tasks.contains("config"):
            if rest.count == 1 { return .bulk(subsystem) }
            return name == "keys" ? .keys(subsystem, task: "config") : .configuration(subsystem, name)
        case "status" where subsystem.tasks.contains("status") && rest.count > 1:
            return name == "keys" ? .keys(subsystem, task: "status") : .status(subsystem, name)
        case "command" where rest.count > 1:
            return name == "keys" ? .keys(subsystem, task: "command") : .command(subsystem, name)
        case "files" where subsystem == .filewriter && rest.count == 1: return .files
        case "images" where subsystem == .monitor: return .images(Array(rest.dropFirst()))
        default: throw unknown(path)
        }
    }

    private static func unknown(_ path: [String]) -> Refusal {
        Refusal(
            status: 404,
            text: "error during request: path error: unknown path: \"\(path.joined(separator: "/").prefix(120))\"")
    }
}
