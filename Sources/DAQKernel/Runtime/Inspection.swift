// Part of daqd
// SPDX-License-Identifier: MIT
internal import Glibc

/// Answers questions about a configuration or a running daemon without being one; every answer goes to standard output.
public struct Inspection: Sendable {
    private let options: DaemonOptions

    /// Questions about the configuration that the options name.
    public init(_ options: DaemonOptions) { self.options = options }

    /// `--check`: every error of the configuration and every refused plugin; opens no device.
    /// - Returns: The exit status, 0 or 78.
    public func check() -> Int32 {
        guarded {
            let host = PluginHost(registry: Registry())
            let draft = try ConfigurationDraft.read(options.configuration)
            host.load(draft.plugins, from: draft)
            let configuration = try draft.resolve(host.catalog)
            host.settle(configuration)
            for warning in configuration.warnings { Self.print("\(warning)\n") }
            let refusals = host.records.compactMap(\.refusal)
            for refusal in refusals { Daemon.printError(refusal.text) }
            guard refusals.isEmpty else { return DaemonExit.configuration.rawValue }
            Self.print("\(options.configuration): good: \(Self.inventory(configuration))\n")
            return DaemonExit.success.rawValue
        }
    }

    private static func inventory(_ configuration: SiteConfiguration) -> String {
        ComponentKind.allCases.map { kind in
            let names = configuration.components(kind).map(\.name)
            return "\(names.count) \(kind.words)\(names.count == 1 ? "" : "s")"
                + (names.isEmpty ? "" : " (\(names.joined(separator: ", ")))")
        }.joined(separator: ", ")
    }

    /// `--schema`: the JSON Schema made from what the plugins of the configuration declare.
    public func schema() -> Int32 {
        withCatalog { Self.print($0.schema.prettyText) }
    }

    /// `--reference`: every setting, as Markdown.
    public func reference() -> Int32 {
        withCatalog { Self.print($0.reference) }
    }

    private func withCatalog(_ body: (ComponentCatalog) -> Void) -> Int32 {
        guarded {
            let host = PluginHost(registry: Registry())
            let draft = try ConfigurationDraft.read(options.configuration)
            host.load(draft.plugins, from: draft)
            body(host.catalog)
            return DaemonExit.success.rawValue
        }
    }

    /// `daqd plugins`: a table of the plugins, then warnings and refusals in full.
    public func plugins() -> Int32 {
        guarded {
            let host = PluginHost(registry: Registry())
            let draft = try ConfigurationDraft.read(options.configuration)
            host.load(draft.plugins, from: draft)
            Self.print(PluginTable.text(host.records))
            return DaemonExit.success.rawValue
        }
    }

    /// `daqd runs`: acquisitions of the run log, newest first, while a daemon runs or not.
    public func runs(_ query: AcquisitionQuery, json: Bool) async -> Int32 {
        do {
            let draft = try ConfigurationDraft.read(options.configuration)
            let log = try RunLog(readingOnly: draft.storage.runLog ?? "\(draft.site.state)/\(RunLog.fileName)")
            defer { log.close() }
            let records = try await log.acquisitions(query).records
            Self.print(
                json
                    ? JSON.array(records.map(\.json)).prettyText
                    : AcquisitionTable.text(records) + (records.isEmpty ? "\n" : ""))
            return DaemonExit.success.rawValue
        } catch let error as ConfigurationError {
            Daemon.printError(error.description)
            return DaemonExit.configuration.rawValue
        } catch {
            Daemon.printError("daqd: \(error)")
            return DaemonExit.failure.rawValue
        }
    }

    /// `daqd names`: asks the running daemon for every name that its frontends serve.
    public func names(_ frontend: String?) -> Int32 {
        guarded {
            let draft = try ConfigurationDraft.read(options.configuration)
            let request = JSON.object([("ask", "names"), ("frontend", frontend.map { .string($0) } ?? .null)])
            let answer = try ControlSocket.ask(request, state: draft.site.state)
            guard let frontends = answer["frontends"]?.members else {
                Daemon.printError("daqd: \(answer["error"]?.string ?? "the running daemon gave no answer")")
                return DaemonExit.failure.rawValue
            }
            for (name, served) in frontends {
                Self.print("\(name): \(served.array?.count ?? 0) names\n")
                Self.print(
                    Self.columns(
                        (served.array ?? []).map { entry in
                            ["name", "type", "description"].map { entry[$0]?.string ?? "" }
                        }))
            }
            return DaemonExit.success.rawValue
        }
    }

    private static func columns(_ rows: [[String]]) -> String {
        let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            "  " + row[0] + String(repeating: " ", count: widths[0] - row[0].count + 2) + row[1]
                + String(repeating: " ", count: widths[1] - row[1].count + 2) + row[2] + "\n"
        }.joined()
    }

    private func guarded(_ body: () throws -> Int32) -> Int32 {
        do {
            return try body()
        } catch let error as ConfigurationError {
            Daemon.printError(error.description)
            return DaemonExit.configuration.rawValue
        } catch {
            Daemon.printError("daqd: \(error)")
            return DaemonExit.failure.rawValue
        }
    }

    private static func print(_ text: String) {
        Daemon.write(text, to: STDOUT_FILENO)
    }
}
