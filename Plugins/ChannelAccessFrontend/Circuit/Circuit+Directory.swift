// Part of daqd
// SPDX-License-Identifier: MIT

/// What happened to the names since circuits last heard of it.
struct DirectoryChanges: Sendable {
    var removed: Set<String> = []
    var replaced: Set<String> = []
    var rights = false

    mutating func add(_ event: DirectoryEvent) {
        switch event {
        case .added: break
        case .removed(let record): removed.insert(record)
        case .replaced(let record): replaced.insert(record)
        case .rights: rights = true
        }
    }
}

extension Circuit {
    /// Follows changes of the names: channels end, lead elsewhere, or get other rights.
    func follow(_ changes: DirectoryChanges, into out: WireBuffer) {
        for place in channels.indices {
            guard !changes.removed.isEmpty || !changes.replaced.isEmpty else { break }
            guard let channel = channels[place] else { continue }
            let record = channel.variable.record
            if changes.removed.contains(record) {
                end(place, into: out)
            } else if changes.replaced.contains(record) {
                change(place, channel, into: out)
            }
        }
        if changes.rights { checkRights(into: out) }
    }

    private func change(_ place: Int, _ channel: Channel, into out: WireBuffer) {
        var name = channel.variable.name
        let variable = name.withUTF8 { utf8 in services.directory.variable(unsafe utf8.span) }
        guard let variable, variable.nativeType == channel.variable.nativeType,
            variable.nativeCount == channel.variable.nativeCount
        else { return end(place, into: out) }
        channels[place]?.variable = variable
        checkRights(place, into: out)
        attachAgain(place, into: out)
    }

    /// Tells the client that a channel is gone; it will look for the name again.
    private func end(_ place: Int, into out: WireBuffer) {
        guard let channel = channels[place] else { return }
        if let puts = channel.puts { fail(puts, channel.client, into: out) }
        remove(place)
        guard let minor, minor >= CAVersion.serverDisconnected else { return close("a channel ended") }
        out.append(.serverDisconnected, first: channel.client)
    }
}
