// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// A parameter whose declared type says more than a Swift type can: the capacity of a text or an array.
@discardableResult
func member(
    _ name: String, _ type: ValueType, _ initial: DataValue, _ change: (inout ParameterMetadata) -> Void = { _ in }
) -> Parameter<DataValue> {
    var metadata = ParameterMetadata("A value of type \(type.name)", type: type)
    change(&metadata)
    return Parameter(ParameterSpec(name, metadata), initial: initial)
}

/// An array of numbers with a greatest length, empty at first.
@discardableResult
func array(
    _ name: String, _ element: ElementType, _ capacity: Int, _ change: (inout ParameterMetadata) -> Void = { _ in }
) -> Parameter<DataValue> {
    let empty = ArrayValue(element, shape: [0], bytes: []).map(DataValue.array)
    return member(name, .array(element, capacity: [capacity]), empty ?? .null, change)
}

/// One label of a few.
@discardableResult
func choice(_ name: String, _ labels: [String], _ initial: Int = 0) -> Parameter<DataValue> {
    member(name, .enumeration, .string(labels[initial])) { $0.choices = labels }
}

/// A short text, as an EPICS string holds it.
@discardableResult
func text(_ name: String, _ initial: String = "", _ change: (inout ParameterMetadata) -> Void = { _ in })
    -> Parameter<DataValue>
{
    member(name, .string(capacity: 39), .string(initial), change)
}
