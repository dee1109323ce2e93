// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// A typed asynchronous operation with arguments, progress, a result and cancellation.
///
/// Made inside a device's factory, it becomes a member of that device by itself. The body's first argument is its
/// ``Progress``; the others are the declared arguments, converted and checked. A command that needs its device is
/// declared without a body and bound, with the device held weakly, as the last lines of the device's `init`.
public final class Command<Result: Sendable>: AnyCommand, @unchecked Sendable {
    // sound: holds nothing of its own
}

extension Command where Result: ParameterValue {
    /// A command without a body yet; see `bind`.
    public convenience init(_ name: String, _ description: String, policy: CommandPolicy = CommandPolicy()) {
        self.init(name: name, description: description, policy: policy, resultType: Result.valueType)
    }

    /// A command with a result.
    public convenience init<each Value: ParameterValue>(
        _ name: String, _ description: String, _ arguments: repeat Argument<each Value>,
        policy: CommandPolicy = CommandPolicy(),
        body: @escaping @Sendable (Progress, repeat each Value) async throws -> Result
    ) {
        self.init(name, description, policy: policy)
        bind(repeat each arguments, body: body)
    }

    /// Gives the command its arguments and body.
    public func bind<each Value: ParameterValue>(
        _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Progress, repeat each Value) async throws -> Result
    ) {
        bind(specs(repeat each arguments)) { progress, values in
            let cursor = ArgumentCursor(values)
            return try await body(progress, repeat try (each arguments).decode(cursor.next())).dataValue
        }
    }

    /// Gives the command its arguments and a body that needs its device.
    public func bind<Owner: AnyObject & Sendable, each Value: ParameterValue>(
        _ owner: Owner, _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Owner, Progress, repeat each Value) async throws -> Result
    ) {
        bind(specs(repeat each arguments)) { [weak owner] progress, values in
            guard let owner else { throw DeviceError(.unavailable, "the device is being stopped") }
            let cursor = ArgumentCursor(values)
            return try await body(owner, progress, repeat try (each arguments).decode(cursor.next())).dataValue
        }
    }
}

extension Command where Result == Void {
    /// A command without a body yet; see `bind`.
    public convenience init(_ name: String, _ description: String, policy: CommandPolicy = CommandPolicy()) {
        self.init(name: name, description: description, policy: policy, resultType: .nothing)
    }

    /// A command without a result.
    public convenience init<each Value: ParameterValue>(
        _ name: String, _ description: String, _ arguments: repeat Argument<each Value>,
        policy: CommandPolicy = CommandPolicy(),
        body: @escaping @Sendable (Progress, repeat each Value) async throws -> Void
    ) {
        self.init(name, description, policy: policy)
        bind(repeat each arguments, body: body)
    }

    /// Gives the command its arguments and body.
    public func bind<each Value: ParameterValue>(
        _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Progress, repeat each Value) async throws -> Void
    ) {
        bind(specs(repeat each arguments)) { progress, values in
            let cursor = ArgumentCursor(values)
            try await body(progress, repeat try (each arguments).decode(cursor.next()))
            return .null
        }
    }

    /// Gives the command its arguments and a body that needs its device.
    public func bind<Owner: AnyObject & Sendable, each Value: ParameterValue>(
        _ owner: Owner, _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Owner, Progress, repeat each Value) async throws -> Void
    ) {
        bind(specs(repeat each arguments)) { [weak owner] progress, values in
            guard let owner else { throw DeviceError(.unavailable, "the device is being stopped") }
            let cursor = ArgumentCursor(values)
            try await body(owner, progress, repeat try (each arguments).decode(cursor.next()))
            return .null
        }
    }
}

private func specs<each Value: ParameterValue>(_ arguments: repeat Argument<each Value>) -> [ArgumentSpec] {
    var specs: [ArgumentSpec] = []
    for argument in repeat each arguments { specs.append(argument.spec) }
    return specs
}

/// Hands out bound values one after the other while a parameter pack expands.
private final class ArgumentCursor: Sendable {
    private let values: [DataValue]
    private let index = Atomic<Int>(0)

    init(_ values: [DataValue]) { self.values = values }

    func next() -> DataValue { values[index.add(1, ordering: .relaxed).oldValue] }
}
