// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// Gathers the parameters and commands that a device's initialiser makes, nested ones included.
final class MemberCollector: Sendable {
    @TaskLocal static var current: MemberCollector?
    @TaskLocal static var prefix = ""

    private let members = Mutex<(parameters: [AnyParameter], commands: [AnyCommand])>(([], []))

    func collect(_ parameter: AnyParameter) { members.withLock { $0.parameters.append(parameter) } }
    func collect(_ command: AnyCommand) { members.withLock { $0.commands.append(command) } }

    var parameters: [AnyParameter] { members.withLock { $0.parameters } }
    var commands: [AnyCommand] { members.withLock { $0.commands } }

    static func prefixed(_ name: String) -> String {
        let prefix = self.prefix
        return prefix.isEmpty ? name : prefix + name
    }
}

/// Makes members under a common path: parameters and commands made inside `body` get `name/` in front.
public func group<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
    try MemberCollector.$prefix.withValue(MemberCollector.prefix + name + "/", operation: body)
}
