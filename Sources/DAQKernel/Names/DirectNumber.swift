// Part of daqd
// SPDX-License-Identifier: MIT

/// The quick way to a number of type DOUBLE behind a name, for frontends that read and write it a million times a second.
///
/// It does what needs no device, no conversion and no judgement beyond the limits, and says so when there is more to do:
/// then the caller goes the long way, through the ``NamedMember``, which works for every name. Safe from any thread.
public final class DirectNumber: Sendable {
    private let member: NamedMember
    private let parameter: AnyParameter
    private let binding: Int
    private let takesWrites: Bool

    init(_ member: NamedMember, _ parameter: AnyParameter, binding: Int, takesWrites: Bool) {
        self.member = member
        self.parameter = parameter
        self.binding = binding
        self.takesWrites = takesWrites
    }

    /// The number and its time; `nil` where there is more to say: an alarm, another type, another parameter behind the name.
    public func read() -> (number: Double, timestamp: Timestamp)? {
        member.isBound(binding) ? parameter.plainNumber() : nil
    }

    /// Writes.
    /// - Parameters:
    ///   - time: The present time, which a caller may find out once for writes that follow closely.
    ///   - origin: Made only when somebody wants to hear of the write.
    /// - Returns: Whether it was written; if not, ``NamedMember/put(_:origin:completion:)`` says why or does more.
    public func write(_ number: Double, at time: Timestamp, origin: @autoclosure () -> Origin) -> Bool {
        guard takesWrites, member.isBound(binding), member.isIdle else { return false }
        return parameter.putPlain(number, at: time, origin: origin())
    }
}
