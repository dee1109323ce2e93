// Part of daqd
// SPDX-License-Identifier: MIT
internal import Synchronization

/// A number that only hot code raises: one atomic addition, published as a parameter now and then.
public final class Counter: Sendable {
    private let number = Atomic<Int64>(0)
    let parameter: Parameter<Int64>

    init(_ parameter: Parameter<Int64>) { self.parameter = parameter }

    /// The count.
    public var value: Int64 { number.load(ordering: .relaxed) }

    /// Raises it.
    public func add(_ amount: Int = 1) { number.add(Int64(amount), ordering: .relaxed) }

    /// Sets it, for counts that may fall: open connections.
    public func set(_ value: Int) { number.store(Int64(value), ordering: .relaxed) }

    func publish() {
        let value = self.value
        if parameter.value != value || parameter.sample.timestamp == .never { parameter.publish(value) }
    }
}
