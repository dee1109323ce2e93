// Part of daqd
// SPDX-License-Identifier: MIT

/// What may run beside a command.
public enum CommandConcurrency: Sendable, Equatable {
    /// Anything.
    case parallel
    /// No other serial command of the device.
    case serial
    /// No other command of the device that names the same resource.
    case resource(String)
    /// Anything, and it bypasses every queue: abort, stop.
    case interrupting
}

/// What happens to a call that must not run yet.
public enum WhenBusy: Sendable {
    /// It is refused with ``DeviceError/Code/busy``.
    case refuse
    /// It waits for its turn.
    case queue
}

/// How a command may be called.
public struct CommandPolicy: Sendable {
    /// What may run beside it.
    public var concurrency: CommandConcurrency
    /// What happens to a call that must wait.
    public var whenBusy: WhenBusy
    /// Whether the operation is cancelled when its caller vanishes; else it goes on.
    public var endsWithCaller: Bool
    /// Whether it must be confirmed by a flag or an argument on frontends that can: it destroys something.
    public var isDangerous: Bool
    /// Whether the body runs on the caller's thread as far as its first wait: it must neither block nor compute for long.
    ///
    /// A quick command that never waits has ended when ``AnyCommand/start(_:origin:)`` returns; one whose body contains no
    /// `await` costs no task either.
    public var isQuick = false

    /// Anything may run beside it, and it is quick.
    public static var quick: CommandPolicy {
        var policy = CommandPolicy(.parallel)
        policy.isQuick = true
        return policy
    }

    /// A policy; serial on the device, a second call refused, unless said otherwise.
    public init(
        _ concurrency: CommandConcurrency = .serial, whenBusy: WhenBusy = .refuse, endsWithCaller: Bool = false,
        isDangerous: Bool = false
    ) {
        self.concurrency = concurrency
        self.whenBusy = whenBusy
        self.endsWithCaller = endsWithCaller
        self.isDangerous = isDangerous
    }
}

/// A command without its Swift types: what frontends see.
public class AnyCommand: @unchecked Sendable {  // sound: mutable members are read and written under `lock`
    typealias Body = @Sendable (Progress, [DataValue]) async throws -> DataValue
    /// A body that never waits.
    @usableFromInline
    typealias PlainBody = @Sendable (Progress, [DataValue]) throws -> DataValue

    /// Path within its device.
    public let name: String
    /// One sentence.
    public let description: String
    /// How it may be called.
    public let policy: CommandPolicy
    /// The result's type.
    public let resultType: ValueType
    /// True while an operation of it runs; in alarm, with the error's sentence, after one that failed.
    public let busy: Parameter<Bool>
    /// How far the newest operation is, 0 to 1.
    public let progress: Parameter<Double>

    /// What the command is made of; a call takes it by reference, a change makes a new one.
    private final class Binding: Sendable {
        let arguments: BoundArguments
        let body: Body?
        let plain: PlainBody?
        let gate: CommandGate?
        let device: String
        let guardian: (@Sendable () -> String?)?

        init(
            _ arguments: BoundArguments = BoundArguments([]), body: Body? = nil, plain: PlainBody? = nil,
            gate: CommandGate? = nil, device: String = "", guardian: (@Sendable () -> String?)? = nil
        ) {
            self.arguments = arguments
            self.body = body
            self.plain = plain
            self.gate = gate
            self.device = device
            self.guardian = guardian
        }
    }

    private let lock = HotLock()
    private var binding = Binding()
    private var running = 0

    init(name: String, description: String, policy: CommandPolicy, resultType: ValueType) {
        self.name = MemberCollector.prefixed(name)
        self.description = description
        self.policy = policy
        self.resultType = resultType
        (busy, progress) = MemberCollector.$current.withValue(nil) {
            MemberCollector.$prefix.withValue("") {
                (
                    Parameter("busy", "Whether \(name) runs", access: .read, initial: false),
                    Parameter("progress", "How far \(name) is", access: .read, initial: 0.0)
                )
            }
        }
        MemberCollector.current?.collect(self)
    }

    /// The arguments in their order.
    public final var arguments: [ArgumentSpec] { lock.withLock { binding }.arguments.specs }

    /// Says in which states calls are allowed: `reason` returns why not, or `nil`.
    public final func allow(when reason: @escaping @Sendable () -> String?) {
        rebind { old in
            Binding(
                old.arguments, body: old.body, plain: old.plain, gate: old.gate, device: old.device, guardian: reason)
        }
    }

    final func bind(_ arguments: [ArgumentSpec], _ body: @escaping Body) {
        let arguments = BoundArguments(arguments)
        rebind { old in
            Binding(arguments, body: body, gate: old.gate, device: old.device, guardian: old.guardian)
        }
    }

    @usableFromInline
    final func bind(_ arguments: [ArgumentSpec], plain: @escaping PlainBody) {
        let arguments = BoundArguments(arguments)
        rebind { old in
            Binding(
                arguments, body: plain, plain: plain, gate: old.gate, device: old.device, guardian: old.guardian)
        }
    }

    final func join(device: String, gate: CommandGate) {
        rebind { old in
            Binding(
                old.arguments, body: old.body, plain: old.plain, gate: gate, device: device, guardian: old.guardian)
        }
    }

    /// Puts another binding in the place of the present one, which is let go outside of the lock.
    private func rebind(_ change: (Binding) -> Binding) {
        let old = lock.withLock { () -> Binding in
            defer { binding = change(binding) }
            return binding
        }
        withExtendedLifetime(old) {}
    }

    /// Starts the command; the operation tells how it goes.
    /// - Throws: ``DeviceError`` when the arguments do not fit, the state forbids it, or it must not run now; then
    ///   nothing was started.
    @discardableResult
    public final func start(_ given: Arguments = Arguments(), origin: Origin) throws(DeviceError) -> Operation {
        let binding = lock.withLock { self.binding }
        let values: [DataValue]
        do throws(DeviceError) {
            values = try given.bind(to: binding.arguments)
        } catch {
            throw DeviceError(error.code, "\(label(binding)) \(error.message)")
        }
        guard let body = binding.body else { throw DeviceError(.unavailable, "\(label(binding)) has no body yet") }
        if let reason = binding.guardian?() {
            throw DeviceError(.wrongState, "\(label(binding)) is not possible: \(reason)")
        }
        let operation = Operation(device: binding.device, command: name, origin: origin, progress: progress)
        let ticket = try binding.gate?.enter(policy, label: label(binding), operation: operation)
        began(operation.started)
        if policy.isQuick, let plain = binding.plain, ticket?.isOpen != false {
            operation.begin(operation.started)
            end(operation, ticket, run(plain, values, operation))
            return operation
        }
        let work: @Sendable () async -> Void = { [self] in
            await ticket?.turn()
            operation.begin()
            end(operation, ticket, await run(body, values, operation))
        }
        operation.attach(
            policy.isQuick ? Task(executorPreference: FirstStepExecutor(), operation: work) : Task(operation: work))
        return operation
    }

    private final func label(_ binding: Binding) -> String {
        binding.device.isEmpty ? name : "\(binding.device)/\(name)"
    }

    private final func run(
        _ body: Body, _ values: [DataValue], _ operation: Operation
    ) async -> Result<DataValue, DeviceError> {
        do {
            try Task.checkCancellation()
            return .success(try await body(Progress(operation: operation), values))
        } catch {
            return .failure(DeviceError(wrapping: error))
        }
    }

    /// Without a task: what is asked of the caller's own task is no matter of the operation's.
    private final func run(
        _ body: PlainBody, _ values: [DataValue], _ operation: Operation
    ) -> Result<DataValue, DeviceError> {
        do {
            return .success(try body(Progress(operation: operation, hasTask: false), values))
        } catch {
            return .failure(DeviceError(wrapping: error))
        }
    }

    private final func end(
        _ operation: Operation, _ ticket: CommandGate.Ticket?, _ result: Result<DataValue, DeviceError>
    ) {
        let time = Timestamp.now()
        ticket?.leave()
        ended(result, time)
        operation.finish(result, time)
    }

    /// Starts the command and waits for its result.
    public final func call(
        _ given: Arguments = Arguments(), origin: Origin
    ) async throws(DeviceError) -> DataValue {
        try await start(given, origin: origin).result()
    }

    private final func began(_ time: Timestamp) {
        let isFirst = lock.withLock {
            running += 1
            return running == 1
        }
        if isFirst { busy.publish(true, alarm: .none, at: time) }
    }

    /// The flag falls with an alarm when the operation failed: who only watches the flag sees it too.
    private final func ended(_ result: Result<DataValue, DeviceError>, _ time: Timestamp) {
        let isLast = lock.withLock {
            running -= 1
            return running == 0
        }
        guard isLast else { return }
        var alarm = Alarm.none
        if case .failure(let error) = result, error.code != .cancelled {
            alarm = Alarm(.major, .state, error.description)
        }
        busy.publish(false, alarm: alarm, at: time)
    }
}
