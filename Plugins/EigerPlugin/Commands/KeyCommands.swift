// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// Reading and writing any key by its name, also one that the detector's lists hide.
struct KeyCommands: Sendable {
    let get: Command<DataValue>
    let set: Command<Void>

    /// To be made inside the device's factory.
    init(_ runner: SeriesRunner) {
        let keys = runner.lifecycle.keys
        let context = runner.context
        let name = Argument<String>(
            "key", "detector/config/count_time, filewriter/mode, or count_time for one of the detector's settings")
        get = Command(
            "get", "Reads a key from the detector", name,
            Argument<Bool>("full", "Everything that the detector says of it, not only its value", default: false),
            policy: CommandPolicy(.parallel)
        ) { _, name, full in
            let key = try Self.key(name)
            let reply = try await keys.client.getWhole(key)
            return DataValue(full ? reply : reply["value"] ?? .null)
        }
        set = Command(
            "set", "Sets a key and reads back what the detector made of it", name,
            Argument<DataValue>("value", "The value, of the key's own type"), policy: CommandPolicy(.parallel)
        ) { progress, name, value in
            let key = try Self.key(name)
            // A key that no list names becomes a parameter first, so that its type and limits are known.
            if context.parameter(key.description) == nil { try await keys.refresh(key) }
            guard let parameter = context.parameter(key.description) else {
                throw DeviceError(.notFound, "\(context.name) has no key \(key)")
            }
            try await parameter.put(value, origin: progress.origin)
        }
    }

    /// A key from what a person calls it.
    static func key(_ name: String) throws(DeviceError) -> SIMPLONKey {
        if let key = SIMPLONKey(path: name) { return key }
        let words = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if words.count == 2, let module = SIMPLONKey.Module(rawValue: words[0]), SIMPLONKey.isName(words[1]) {
            return SIMPLONKey(module, .config, words[1])
        }
        guard SIMPLONKey.isName(name) else { throw DeviceError(.badArguments, "“\(name.prefix(80))” is no key") }
        return .detector(name)
    }
}
