// Part of daqd
// SPDX-License-Identifier: MIT

/// What a parameter is made from; grows without breaking plugins that are already built.
public struct ParameterSpec: Sendable {
    /// Path within the device.
    public var name: String
    /// Unit, limits, choices and the rest.
    public var metadata: ParameterMetadata

    /// A specification with a name and metadata.
    public init(_ name: String, _ metadata: ParameterMetadata) {
        self.name = name
        self.metadata = metadata
    }
}

/// A typed value with unit, limits, choices, access and description; each sample has a time and an alarm.
///
/// Made inside a device's factory, it becomes a member of that device by itself; made later, it is added with
/// ``DeviceContext/add(_:)-(AnyParameter)``.
public final class Parameter<Value: ParameterValue>: AnyParameter, @unchecked Sendable {
    // sound: the base class's lock guards both
    private var stored: Value
    private var writer: (@Sendable (Value, Origin) async throws -> Void)?

    /// A parameter from its specification.
    public init(_ spec: ParameterSpec, initial: Value? = nil) {
        stored = initial ?? Value.placeholder
        super.init(name: MemberCollector.prefixed(spec.name), metadata: spec.metadata)
        if initial != nil {
            alarm = judged(.none, stored.number)
            timestamp = .now()
        }
    }

    /// A parameter; emitted into the plugin, so that new arguments break none that is already built.
    /// - Parameters:
    ///   - name: Path within the device, groups separated by slashes.
    ///   - description: One sentence.
    ///   - unit: Unit symbol.
    ///   - access: Whether clients may write.
    ///   - limits: What a write accepts, in the unit.
    ///   - precision: Digits after the point for displays.
    ///   - initial: The first value; without one the parameter is undefined until the first publish.
    ///   - autosave: Whether the last value written is restored after a restart.
    @_alwaysEmitIntoClient
    public convenience init(
        _ name: String, _ description: String, unit: String = "", access: Access = .readWrite,
        limits: ClosedRange<Double>? = nil, precision: Int? = nil, initial: Value? = nil, autosave: Bool = false
    ) {
        var metadata = ParameterMetadata(description, type: Value.valueType)
        metadata.unit = unit
        metadata.access = access
        metadata.limits = limits
        metadata.precision = precision
        metadata.choices = Value.choices
        metadata.autosave = autosave
        self.init(ParameterSpec(name, metadata), initial: initial)
    }

    /// The last value.
    public var value: Value {
        @specialized(where Value == Double)
        @specialized(where Value == Int)
        @specialized(where Value == Bool)
        get { lock.withLock { stored } }
    }

    /// Publishes a value with the present time and without an alarm of its own.
    @specialized(where Value == Double)
    @specialized(where Value == Int)
    @specialized(where Value == Bool)
    @specialized(where Value == String)
    public func publish(_ value: Value) {
        emit(value, .none, .now())
    }

    /// Publishes a value with its alarm and time.
    @specialized(where Value == Double)
    @specialized(where Value == Int)
    @specialized(where Value == Bool)
    @specialized(where Value == String)
    public func publish(_ value: Value, alarm: Alarm, at time: Timestamp) {
        emit(value, alarm, time)
    }

    @inline(__always)
    private func emit(_ value: Value, _ alarm: Alarm, _ time: Timestamp) {
        let wakers = lock.withLock {
            stored = value
            return didPublish(value.number, value.dataValue, alarm, time)
        }
        wakers.wake()
    }

    /// Changes the alarm alone; value and time stay, and an alarm that the limits raise stays where it is worse.
    public func publish(alarm newAlarm: Alarm) {
        let changed = lock.withLock {
            let old = alarm
            alarm = judged(newAlarm, timestamp == .never ? nil : stored.number)
            return alarm != old
        }
        if changed { repost(.alarm) }
    }

    /// Says what a client's write does: it gets the checked value and publishes what the device made of it.
    ///
    /// Without one, a write publishes the value itself.
    public func onWrite(_ writer: @escaping @Sendable (Value, Origin) async throws -> Void) {
        lock.withLock { self.writer = writer }
    }

    /// Says what a client's write does, with its device held weakly.
    public func onWrite<Owner: AnyObject & Sendable>(
        _ owner: Owner, _ writer: @escaping @Sendable (Owner, Value, Origin) async throws -> Void
    ) {
        onWrite { [weak owner] value, origin in
            guard let owner else { throw DeviceError(.unavailable, "the device is being stopped") }
            try await writer(owner, value, origin)
        }
    }

    @specialized(where Value == Double)
    override func currentValue() -> DataValue { stored.dataValue }

    /// Whether a write calls the device.
    override public var needsDevice: Bool {
        @specialized(where Value == Double)
        get { lock.withLock { writer != nil } }
    }

    override func apply(_ value: DataValue, origin: Origin) async throws(DeviceError) {
        guard let writer = lock.withLock({ self.writer }) else { return try store(value) }
        do {
            try await writer(try typed(value), origin)
        } catch {
            throw DeviceError(wrapping: error)
        }
    }

    override func store(_ value: DataValue) throws(DeviceError) {
        let value = try typed(value)
        var wakers = lock.withLock {
            stored = value
            return didPublish(value.number, value.dataValue, .none, .now())
        }
        wakers.heard = nil  // a client's word, not the device's
        wakers.wake()
    }

    @specialized(where Value == Double)
    override func storeNumber(_ number: Double) -> Bool {
        guard writer == nil else { return false }
        guard Value.self == Double.self else { return storeNumberAsAny(number) }
        stored = unsafe unsafeBitCast(number, to: Value.self)
        return true
    }

    /// Apart, because generic code asks the runtime for the types of its variables at its beginning.
    @inline(never)
    private func storeNumberAsAny(_ number: Double) -> Bool {
        guard Value.self == DataValue.self, let value = Value(.float(number)) else { return false }
        stored = value
        return true
    }

    @specialized(where Value == Double)
    override func storedNumber() -> Double? {
        Value.self == Double.self ? stored.number : storedNumberOfAny()
    }

    @inline(never)
    private func storedNumberOfAny() -> Double? {
        guard Value.self == DataValue.self, case .float(let number) = stored.dataValue else { return nil }
        return number
    }

    private func typed(_ value: DataValue) throws(DeviceError) -> Value {
        guard let typed = Value(value) else {
            throw DeviceError(.wrongType, "\(path) expects \(Value.valueType.name), not \(value.kind)")
        }
        return typed
    }
}
