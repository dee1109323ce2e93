// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// One name of a device, bound to what stands behind it: every frontend reads, watches and writes through this.
///
/// Safe from any thread. Reading takes a lock for a few instructions.
public final class NamedMember: Sendable {
    /// The name without a prefix.
    public let name: String
    /// As it was declared.
    public let entry: NameEntry
    private let conversion: NameConversion
    private let target: Mutex<NameTarget>
    private let lane = WriteLane()
    private let isConverted: Bool
    /// How often the name was bound to something else.
    private let bindings = Atomic<Int>(0)

    init(_ entry: NameEntry, _ target: NameTarget) {
        name = entry.name
        self.entry = entry
        conversion = NameConversion(entry: entry)
        self.target = Mutex(target)
        isConverted =
            entry.type != nil || entry.scale != 1 || !entry.labels.isEmpty || entry.initial != nil
            || entry.disconnected != nil
    }

    /// Binds the name to something else; the view tells its observers.
    func bind(_ target: NameTarget) {
        self.target.withLock {
            $0 = target
            bindings.add(1, ordering: .releasing)
        }
    }

    // MARK: - Reading

    /// What to subscribe to; its samples go through ``shown(_:)``.
    ///
    /// A name whose member the device does not have yet has one in alarm; ``NameEvent/changed(_:)`` tells when it comes.
    public var source: AnyParameter {
        let (source, face) = target.withLock { ($0.source, $0.face) }
        face?.begin()
        return source
    }

    /// The command behind a command's name.
    public var command: AnyCommand? { target.withLock { $0.command } }

    /// Whether a sample is shown as it is.
    public var isDirect: Bool { !isConverted }

    /// Type, unit, limits, choices, access and the rest, as shown.
    public var metadata: ParameterMetadata { conversion.metadata(target.withLock { $0.metadata }) }

    /// The present sample, as shown.
    public var sample: Sample { shown(source.sample) }

    /// A sample of the source as the name shows it: label, scale, type, and the values before the first and while away.
    public func shown(_ sample: Sample) -> Sample {
        guard isConverted else { return sample }
        var shown = sample
        let isNew = sample.timestamp == .never
        if let disconnected = entry.disconnected, sample.alarm.voidsValue,
            !isNew || sample.alarm.status == .communication
        {
            shown.value = disconnected
        } else if let initial = entry.initial, isNew {
            shown.value = initial
        } else {
            shown.value = conversion.shown(sample.value, choices: needsChoices ? source.metadata.choices : [])
        }
        return shown
    }

    private var needsChoices: Bool {
        switch entry.type {
        case .enumeration, .short, .long, .double: true
        case nil, .characters, .string: false
        }
    }

    // MARK: - The quick way

    /// The quick way to the number behind the name; `nil` where the name does more than to show a parameter.
    public var directNumber: DirectNumber? {
        guard !isConverted else { return nil }
        let (target, binding) = target.withLock { ($0, bindings.load(ordering: .acquiring)) }
        guard target.command == nil, target.face == nil, target.missing == nil,
            target.source.info.metadata.type == .number(.float64)
        else { return nil }
        return DirectNumber(
            self, target.source, binding: binding, takesWrites: entry.limits == nil && entry.access == nil)
    }

    /// Whether the name is still bound as it was.
    @inline(__always)
    func isBound(_ binding: Int) -> Bool { bindings.load(ordering: .acquiring) == binding }

    /// Whether no write waits or is under way.
    @inline(__always)
    var isIdle: Bool { lane.isIdle }

    // MARK: - Writing

    /// Writes; a command's name calls the command.
    ///
    /// Never waits. `completion` is called exactly once, now or later and on any thread: when the value is stored, when the
    /// device has it, or when the operation ended, as ``NameEntry/completion`` says. Its value is the one shown then, or the
    /// command's result. Writes of one name are carried out in order.
    public func put(
        _ value: DataValue, origin: Origin, completion: @escaping @Sendable (Result<DataValue, DeviceError>) -> Void
    ) {
        let target = self.target.withLock { $0 }
        do throws(DeviceError) {
            guard metadata.access != .read else {
                throw DeviceError(.readOnly, "\(target.device)/\(name) cannot be written")
            }
            if let command = target.command {
                try call(command, target, value, origin, completion)
            } else if let reason = target.missing {
                throw DeviceError(.unavailable, reason)
            } else {
                try write(target, value, origin, completion)
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// Writes and waits for the completion that the entry declares.
    public func put(_ value: DataValue, origin: Origin) async throws(DeviceError) -> DataValue {
        let result: Result<DataValue, DeviceError> = await withCheckedContinuation { continuation in
            put(value, origin: origin) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    private func write(
        _ target: NameTarget, _ value: DataValue, _ origin: Origin,
        _ completion: @escaping @Sendable (Result<DataValue, DeviceError>) -> Void
    ) throws(DeviceError) {
        let source = target.source
        let plain: DataValue
        do throws(DeviceError) {
            plain = isConverted || entry.limits != nil ? try conversion.source(value, metadata: target.metadata) : value
        } catch {
            throw DeviceError(error.code, "\(target.device)/\(name) refused \(value.shortText): \(error.message)")
        }
        let outOfRange = entry.outOfRange
        if lane.isIdle, try source.putImmediately(plain, origin: origin, outOfRange: outOfRange) {
            return completion(.success(sample.value))
        }
        let isStored = entry.completion == .stored
        let job: WriteLane.Job = { [self] in
            do throws(DeviceError) {
                try await source.put(plain, origin: origin, outOfRange: outOfRange)
                if !isStored { completion(.success(sample.value)) }
            } catch {
                if !isStored { completion(.failure(error)) }
            }
        }
        if entry.interrupts { Task { await job() } } else { lane.add(job) }
        if isStored { completion(.success(value)) }
    }

    private func call(
        _ command: AnyCommand, _ target: NameTarget, _ value: DataValue, _ origin: Origin,
        _ completion: @escaping @Sendable (Result<DataValue, DeviceError>) -> Void
    ) throws(DeviceError) {
        let argument = command.arguments.count == 1 ? command.arguments.first : nil
        let takesValue = argument?.isKeywordOnly == false
        if !takesValue || argument?.type == .bool {
            guard try isOn(value) else { return try callOff(command, target, origin, completion) }
        }
        let operation: Operation
        do throws(DeviceError) {
            let given = takesValue ? [try conversion.source(value, metadata: target.metadata)] : []
            operation = try command.start(Arguments(given), origin: origin)
        } catch {
            target.face?.parameter.judgeWrite(error)
            target.face?.touched()
            throw error
        }
        target.face?.touched()
        follow(operation, target.face, completion)
    }

    private func callOff(
        _ command: AnyCommand, _ target: NameTarget, _ origin: Origin,
        _ completion: @escaping @Sendable (Result<DataValue, DeviceError>) -> Void
    ) throws(DeviceError) {
        guard let off = target.off, command.busy.value || target.isAcquiring() else {
            return completion(.success(.null))
        }
        follow(try off.start(origin: origin), nil, completion)
    }

    /// Completes with the operation, or at once; the command's name is in alarm when it failed, until one succeeds.
    private func follow(
        _ operation: Operation, _ face: CommandFace?,
        _ completion: @escaping @Sendable (Result<DataValue, DeviceError>) -> Void
    ) {
        let waits = entry.completion == .operation
        operation.observe { status in
            guard status.state.isFinal else { return }
            face?.parameter.judgeWrite(status.error)
            if waits, let outcome = operation.takeResult() { completion(outcome) }
        }
        if !waits { completion(.success(.null)) }
    }

    private func isOn(_ value: DataValue) throws(DeviceError) -> Bool {
        let checked = try metadata.check(value, outOfRange: .clamp)
        if case .string(let label) = checked { return metadata.choices.first != label }
        return (checked.double ?? 1) != 0
    }
}
