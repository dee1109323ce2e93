// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization

/// The parameters that mirror the detector's keys: declared ones, remembered ones, and those found at run time.
final class KeyTable: Sendable {
    /// Writes a key on a client's behalf.
    typealias Writer = @Sendable (SIMPLONKey, DataValue, Origin) async throws -> Void

    private struct Entry {
        let parameter: Parameter<DataValue>
        /// Whether the present detector has it, as far as it has been asked.
        var isPresent: Bool
        var hasValue = false
    }

    private let entries: Mutex<[SIMPLONKey: Entry]>
    private let writer = Mutex<Writer?>(nil)
    private let observers = Mutex<[@Sendable (SIMPLONKey) -> Void]>([])

    /// Makes the declared and the remembered parameters; to be called inside the device's factory.
    /// - Parameter memory: What ``memory`` gave in an earlier process; `null` at first.
    init(memory: JSON = .null) {
        var made: [SIMPLONKey: Entry] = [:]
        for declaration in KeyCatalog.declarations {
            var metadata = ParameterMetadata(declaration.summary, type: declaration.type)
            metadata.unit = declaration.unit
            metadata.access = declaration.access
            metadata.precision = KeyCatalog.precision(declaration.type, unit: declaration.unit)
            let parameter = Parameter<DataValue>(ParameterSpec(declaration.key.description, metadata))
            made[declaration.key] = Entry(parameter: parameter, isPresent: false)
        }
        for (key, metadata) in KeyMemory.decode(memory) where made[key] == nil {
            let parameter = Parameter<DataValue>(ParameterSpec(key.description, metadata))
            made[key] = Entry(parameter: parameter, isPresent: false)
        }
        entries = Mutex(made)
    }

    /// The keys that the present detector has, for the next start of the daemon.
    var memory: JSON {
        KeyMemory.encode(presentKeys.compactMap { key in metadata(key).map { (key, $0) } })
    }

    /// Says what a client's write does; called once, when the device is complete.
    func bind(_ write: @escaping Writer) {
        writer.withLock { $0 = write }
        for (key, entry) in entries.withLock({ $0 }) { connect(entry.parameter, key) }
    }

    private func connect(_ parameter: Parameter<DataValue>, _ key: SIMPLONKey) {
        guard key.task == .config else { return }
        parameter.onWrite { [weak self] value, origin in
            guard let write = self?.writer.withLock({ $0 }) else {
                throw DeviceError(.unavailable, "the device is being stopped")
            }
            try await write(key, value, origin)
        }
    }

    // MARK: - Looking

    /// Whether the present detector has a key.
    func has(_ key: SIMPLONKey) -> Bool { entries.withLock { $0[key]?.isPresent ?? false } }

    /// Every key that has a parameter, in the order of their paths.
    var known: [SIMPLONKey] { entries.withLock { Array($0.keys) }.sorted { $0.description < $1.description } }

    /// The last readback; `nil` before the first and after a restart of the detector.
    func value(_ key: SIMPLONKey) -> DataValue? {
        entries.withLock { entries in
            guard let entry = entries[key], entry.hasValue else { return nil }
            return entry.parameter.value
        }
    }

    /// The last readback with its alarm; `nil` for a key that has no parameter.
    func sample(_ key: SIMPLONKey) -> Sample? { entries.withLock { $0[key]?.parameter }?.sample }

    func metadata(_ key: SIMPLONKey) -> ParameterMetadata? {
        entries.withLock { $0[key]?.parameter }?.metadata
    }

    /// The keys of the present detector in the order of their paths.
    var presentKeys: [SIMPLONKey] {
        entries.withLock { entries in entries.filter { $0.value.isPresent }.map(\.key) }
            .sorted { $0.description < $1.description }
    }

    /// Every key with its last readback, for the record of a series.
    var snapshot: JSON {
        .object(presentKeys.compactMap { key in value(key).map { (key.description, $0.json) } })
    }

    /// Calls `handler` after every answer for a key and every failure to read it; it must not block.
    func observe(_ handler: @escaping @Sendable (SIMPLONKey) -> Void) { observers.withLock { $0.append(handler) } }

    private func tell(_ key: SIMPLONKey) {
        for observer in observers.withLock({ $0 }) { observer(key) }
    }

    // MARK: - Changing

    /// Takes in what the detector answered for a key; a new key becomes a parameter of the device.
    func publish(_ key: SIMPLONKey, _ reply: SIMPLONValue, _ context: DeviceContext) throws {
        let parameter = try parameter(key, reply, context)
        update(parameter, reply)
        defer { tell(key) }
        let alarm: Alarm =
            switch reply.state {
            case "critical": Alarm(.major, .hardware, "the detector calls this value critical")
            case "invalid": Alarm(.invalid, .hardware, "the detector calls this value invalid")
            default: .none
            }
        guard reply.isKnown else {
            parameter.publish(alarm: Alarm(.invalid, .undefined, "the detector has no value for it"))
            return entries.withLock { $0[key]?.hasValue = false }
        }
        do throws(WireError) {
            parameter.publish(try reply.dataValue(), alarm: alarm, at: .now())
        } catch {
            let message = "the detector's answer is unusable: \(error)"
            fail(key, Alarm(.invalid, .read, message))
            throw DeviceError(.vendor, "\(context.name) answered \(key) unusably: \(error)")
        }
        entries.withLock { $0[key]?.hasValue = true }
    }

    /// A key could not be read.
    func fail(_ key: SIMPLONKey, _ alarm: Alarm) {
        entries.withLock { $0[key]?.parameter }?.publish(alarm: alarm)
        tell(key)
    }

    /// Marks what a new detector, or one that was started anew, does not have.
    func keepOnly(_ present: Set<SIMPLONKey>, _ context: DeviceContext) {
        let gone = entries.withLock { entries in
            var gone: [(SIMPLONKey, Parameter<DataValue>)] = []
            for (key, entry) in entries where !present.contains(key) {
                entries[key]?.isPresent = false
                entries[key]?.hasValue = false
                gone.append((key, entry.parameter))
            }
            return gone
        }
        let declared = Set(KeyCatalog.declarations.map(\.key))
        for (key, parameter) in gone {
            if declared.contains(key) {
                parameter.publish(alarm: Alarm(.invalid, .undefined, "this detector does not have it"))
            } else {
                entries.withLock { _ = $0.removeValue(forKey: key) }
                context.remove(key.description)
            }
        }
    }

    /// Nothing that was read holds any more.
    func invalidate(_ reason: String) {
        let parameters = entries.withLock { entries in
            for key in entries.keys { entries[key]?.hasValue = false }
            return entries.values.map(\.parameter)
        }
        for parameter in parameters where parameter.name != "detector/status/state" {
            parameter.publish(alarm: Alarm(.invalid, .undefined, reason))
        }
    }

    private func parameter(
        _ key: SIMPLONKey, _ reply: SIMPLONValue, _ context: DeviceContext
    ) throws -> Parameter<DataValue> {
        let known = entries.withLock { entries -> Parameter<DataValue>? in
            entries[key]?.isPresent = true
            return entries[key]?.parameter
        }
        if let known { return known }
        let metadata = ParameterMetadata("SIMPLON key \(key)", type: reply.type)
        let parameter = Parameter<DataValue>(ParameterSpec(key.description, metadata))
        connect(parameter, key)
        update(parameter, reply)
        try context.add(parameter)
        entries.withLock { $0[key] = Entry(parameter: parameter, isPresent: true) }
        return parameter
    }

    private func update(_ parameter: Parameter<DataValue>, _ reply: SIMPLONValue) {
        parameter.updateMetadata { metadata in
            metadata.type = reply.type
            if !reply.unit.isEmpty { metadata.unit = reply.unit }
            metadata.limits = reply.limits
            metadata.choices = reply.choices
            metadata.access = reply.access
            metadata.precision = KeyCatalog.precision(reply.type, unit: metadata.unit)
        }
    }
}
