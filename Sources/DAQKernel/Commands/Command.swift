// Part of daqd
// SPDX-License-Identifier: MIT

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

    /// A command with a result whose body never waits: with the policy ``CommandPolicy/quick`` it runs on the caller's
    /// thread, without a task.
    @inlinable
    public convenience init<each Value: ParameterValue>(
        _ name: String, _ description: String, _ arguments: repeat Argument<each Value>,
        policy: CommandPolicy = CommandPolicy(),
        body: @escaping @Sendable (Progress, repeat each Value) throws -> Result
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
            var place = 0
            return try await body(progress, repeat try (each arguments).decode(values, &place)).dataValue
        }
    }

    /// Gives the command its arguments and a body that never waits.
    @inlinable
    public func bind<each Value: ParameterValue>(
        _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Progress, repeat each Value) throws -> Result
    ) {
        let specs = specs(repeat each arguments)
        bind(
            specs,
            plain: { progress, values in
                var place = 0
                return try body(progress, repeat try taken(from: values, &place, as: (each Value).self, specs))
                    .dataValue
            })
    }

    /// Gives the command its arguments and a body that needs its device.
    public func bind<Owner: AnyObject & Sendable, each Value: ParameterValue>(
        _ owner: Owner, _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Owner, Progress, repeat each Value) async throws -> Result
    ) {
        bind(specs(repeat each arguments)) { [weak owner] progress, values in
            guard let owner else { throw DeviceError(.unavailable, "the device is being stopped") }
            var place = 0
            return try await body(owner, progress, repeat try (each arguments).decode(values, &place)).dataValue
        }
    }

    /// Gives the command its arguments and a body that needs its device and never waits.
    @inlinable
    public func bind<Owner: AnyObject & Sendable, each Value: ParameterValue>(
        _ owner: Owner, _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Owner, Progress, repeat each Value) throws -> Result
    ) {
        let specs = specs(repeat each arguments)
        bind(
            specs,
            plain: { [weak owner] progress, values in
                guard let owner else { throw DeviceError(.unavailable, "the device is being stopped") }
                var place = 0
                return try body(owner, progress, repeat try taken(from: values, &place, as: (each Value).self, specs))
                    .dataValue
            })
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

    /// A command without a result whose body never waits: with the policy ``CommandPolicy/quick`` it runs on the caller's
    /// thread, without a task.
    @inlinable
    public convenience init<each Value: ParameterValue>(
        _ name: String, _ description: String, _ arguments: repeat Argument<each Value>,
        policy: CommandPolicy = CommandPolicy(),
        body: @escaping @Sendable (Progress, repeat each Value) throws -> Void
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
            var place = 0
            try await body(progress, repeat try (each arguments).decode(values, &place))
            return .null
        }
    }

    /// Gives the command its arguments and a body that never waits.
    @inlinable
    public func bind<each Value: ParameterValue>(
        _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Progress, repeat each Value) throws -> Void
    ) {
        let specs = specs(repeat each arguments)
        bind(
            specs,
            plain: { progress, values in
                var place = 0
                try body(progress, repeat try taken(from: values, &place, as: (each Value).self, specs))
                return .null
            })
    }

    /// Gives the command its arguments and a body that needs its device.
    public func bind<Owner: AnyObject & Sendable, each Value: ParameterValue>(
        _ owner: Owner, _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Owner, Progress, repeat each Value) async throws -> Void
    ) {
        bind(specs(repeat each arguments)) { [weak owner] progress, values in
            guard let owner else { throw DeviceError(.unavailable, "the device is being stopped") }
            var place = 0
            try await body(owner, progress, repeat try (each arguments).decode(values, &place))
            return .null
        }
    }

    /// Gives the command its arguments and a body that needs its device and never waits.
    @inlinable
    public func bind<Owner: AnyObject & Sendable, each Value: ParameterValue>(
        _ owner: Owner, _ arguments: repeat Argument<each Value>,
        body: @escaping @Sendable (Owner, Progress, repeat each Value) throws -> Void
    ) {
        let specs = specs(repeat each arguments)
        bind(
            specs,
            plain: { [weak owner] progress, values in
                guard let owner else { throw DeviceError(.unavailable, "the device is being stopped") }
                var place = 0
                try body(owner, progress, repeat try taken(from: values, &place, as: (each Value).self, specs))
                return .null
            })
    }
}

/// The next of the bound values, while a parameter pack expands; inlined into plugins, where its type is known.
@inlinable
@inline(__always)
func taken<Value: ParameterValue>(
    from values: [DataValue], _ place: inout Int, as type: Value.Type, _ specs: [ArgumentSpec]
) throws -> Value {
    let value = values[place]
    if Value.self == Double.self, let number = value.double {
        place += 1
        // The same type; the general way asks the runtime for what it knows of it.
        return unsafe unsafeBitCast(number, to: type)
    }
    guard let typed = Value(value) else { throw mismatch(specs[place], value) }
    place += 1
    return typed
}

@usableFromInline
func mismatch(_ spec: ArgumentSpec, _ value: DataValue) -> DeviceError {
    DeviceError(.wrongType, "\(spec.name) expects \(spec.type.name), not \(value.kind)")
}

@usableFromInline
func specs<each Value: ParameterValue>(_ arguments: repeat Argument<each Value>) -> [ArgumentSpec] {
    var specs: [ArgumentSpec] = []
    for argument in repeat each arguments { specs.append(argument.spec) }
    return specs
}
