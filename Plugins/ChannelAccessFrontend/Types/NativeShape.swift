// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// How Channel Access shows a declared value: native type, greatest count, labels, record type.
///
/// The wire has no 64-bit and no unsigned 16- and 32-bit integers and no truth values; they are shown as the next type
/// that holds them.
struct NativeShape: Equatable, Sendable {
    /// Elements announced for a text or an array without a declared limit, where the value is not longer already.
    static let openCapacity = 1024

    var type: NativeType
    /// The greatest number of elements.
    var count = 1
    /// Whether a text travels as an array of characters.
    var isLongString = false
    /// Labels of an enumeration.
    var labels: [String] = []
    /// What `RTYP` says.
    var recordType = ""

    private init(_ type: NativeType, count: Int = 1) {
        self.type = type
        self.count = count
    }

    /// The shape of a member as its name set wants it.
    /// - Parameter length: Elements of the present value, for arrays without a declared limit.
    init(_ metadata: ParameterMetadata, type wanted: FrontendType?, length: Int) {
        self = Self.wanted(wanted) ?? Self.declared(metadata, length: length)
        recordType = Self.recordType(self, metadata)
    }

    private static func wanted(_ type: FrontendType?) -> NativeShape? {
        switch type {
        case .characters(let capacity):
            var shape = NativeShape(.char, count: max(2, capacity))
            shape.isLongString = true
            return shape
        case .enumeration(let labels):
            var shape = NativeShape(.enum)
            shape.labels = labels
            return shape
        case .short: return NativeShape(.short)
        case .long: return NativeShape(.long)
        case .double: return NativeShape(.double)
        case .string: return NativeShape(.string)
        case nil: return nil
        @unknown default: return nil
        }
    }

    private static func declared(_ metadata: ParameterMetadata, length: Int) -> NativeShape {
        switch metadata.type {
        case .bool: return enumeration(metadata.choices.count == 2 ? metadata.choices : ["Off", "On"])
        case .enumeration:
            let fits = (1...16).contains(metadata.choices.count) && metadata.choices.allSatisfy { $0.utf8.count <= 25 }
            return fits ? enumeration(metadata.choices) : NativeShape(.string)
        case .number(let element): return NativeShape(scalar(element))
        case .string(let capacity) where capacity > 39:
            var shape = NativeShape(.char, count: capacity)
            shape.isLongString = true
            return shape
        case .string, .any, .nothing: return NativeShape(.string)
        case .bytes(let capacity): return NativeShape(.char, count: open(capacity, length))
        case .array(let element, let capacity):
            let product = capacity.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
            return NativeShape(array(element), count: open(product, length))
        case .strings(let capacity): return NativeShape(.string, count: open(capacity, length))
        @unknown default: return NativeShape(.string)
        }
    }

    private static func enumeration(_ labels: [String]) -> NativeShape {
        var shape = NativeShape(.enum)
        shape.labels = labels
        return shape
    }

    /// A capacity as it is announced: at least 2, so that clients see an array.
    private static func open(_ capacity: Int, _ length: Int) -> Int {
        if capacity > 0 { return min(max(2, capacity), Int(UInt32.max)) }
        var announced = openCapacity
        while announced < length { announced *= 2 }
        return announced
    }

    private static func scalar(_ element: ElementType) -> NativeType {
        element == .int8 ? .short : array(element)
    }

    private static func array(_ element: ElementType) -> NativeType {
        switch element {
        case .bool, .int8, .uint8: .char
        case .int16: .short
        case .uint16, .int32: .long
        case .uint32, .int64, .uint64, .float64: .double
        case .float32: .float
        @unknown default: .double
        }
    }

    private static func recordType(_ shape: NativeShape, _ metadata: ParameterMetadata) -> String {
        let isOutput = metadata.access != .read
        if shape.count > 1 { return "waveform" }
        switch shape.type {
        case .string: return isOutput ? "stringout" : "stringin"
        case .enum where shape.labels.count == 2: return isOutput ? "bo" : "bi"
        case .enum: return isOutput ? "mbbo" : "mbbi"
        case .float, .double:
            if case .number(let element) = metadata.type, element.isInteger { return isOutput ? "int64out" : "int64in" }
            return isOutput ? "ao" : "ai"
        case .short, .char, .long: return isOutput ? "longout" : "longin"
        }
    }
}
