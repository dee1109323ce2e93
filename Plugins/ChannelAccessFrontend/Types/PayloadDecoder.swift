// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Makes of what a client sends the value that the kernel's parameter takes.
struct PayloadDecoder {
    let shape: NativeShape
    /// The declared type of what is written.
    let type: ValueType

    /// The value of a payload, which has the size of type and count.
    /// - Throws: `PutResult` with the status and the reason when it cannot be.
    func value(_ sent: DBRType, count: Int, payload: Span<UInt8>) throws(PutRefusal) -> DataValue {
        guard sent.rawValue <= 6 else { throw PutRefusal(.badType, "a value is sent as one of the types 0 to 6") }
        let elements = SentElements(sent.native, count: count, payload: payload)
        if shape.isLongString { return .string(try longText(elements)) }
        if shape.count == 1 {
            guard count == 1 else {
                throw PutRefusal(.badCount, "\(count) values were sent where there is one")
            }
            return try scalar(elements)
        }
        return try array(elements)
    }

    // MARK: - Scalars

    private func scalar(_ elements: SentElements) throws(PutRefusal) -> DataValue {
        switch shape.type {
        case .string: return .string(try text(elements.text(0)))
        case .enum: return try state(elements)
        case .short, .long, .char: return try whole(elements)
        case .float, .double: return try real(elements)
        }
    }

    private func text(_ bytes: [UInt8]) throws(PutRefusal) -> String {
        let bytes = bytes.prefix(39)
        guard let text = String(validating: bytes, as: UTF8.self) else { throw PutRefusal("the text is not UTF-8") }
        return text
    }

    private func state(_ elements: SentElements) throws(PutRefusal) -> DataValue {
        let index = try elements.state(of: shape.labels)
        if case .bool = type { return .bool(index != 0) }
        return shape.labels.isEmpty ? .integer(Int64(index)) : .string(shape.labels[Int(index)])
    }

    private func whole(_ elements: SentElements) throws(PutRefusal) -> DataValue {
        let number: Int64?
        switch shape.type {
        case .short: number = elements.integer(0, as: Int16.self)
        case .char: number = elements.integer(0, as: UInt8.self)
        default: number = elements.integer(0, as: Int32.self)
        }
        guard let number else { throw notANumber(elements) }
        if case .number(.float32) = type { return .float(Double(number)) }
        if case .number(.float64) = type { return .float(Double(number)) }
        return .integer(number)
    }

    /// A number; whole ones for parameters of 64 bits, which the wire knows as DOUBLE only.
    private func real(_ elements: SentElements) throws(PutRefusal) -> DataValue {
        if case .number(let element) = type, element.isInteger { return try wideWhole(elements, element) }
        guard let number = elements.real(0) else { throw notANumber(elements) }
        guard !number.isNaN else { throw PutRefusal("“nan” is not a value that can be set") }
        return .float(number)
    }

    private func wideWhole(_ elements: SentElements, _ element: ElementType) throws(PutRefusal) -> DataValue {
        if elements.type == .string, let number = NumberParsing.integer(elements.text(0), as: Int64.self) {
            return .integer(number)
        }
        guard let number = elements.real(0), !number.isNaN else { throw notANumber(elements) }
        return switch element {
        case .uint64: DataValue(NumberConversion.saturated(number, to: UInt64.self))
        case .uint32: .integer(Int64(NumberConversion.saturated(number, to: UInt32.self)))
        default: .integer(NumberConversion.saturated(number))
        }
    }

    private func notANumber(_ elements: SentElements) -> PutRefusal {
        let given = String(decoding: elements.text(0).prefix(40), as: UTF8.self)
        return PutRefusal("“\(given)” is not a number that fits")
    }

    // MARK: - Arrays

    /// The bytes up to the first NUL, also where a client sends them as wider numbers.
    private func longText(_ elements: SentElements) throws(PutRefusal) -> String {
        var bytes: [UInt8] = []
        switch elements.type {
        case .string: bytes = elements.text(0)
        case .char: bytes = elements.characters
        case .short, .long:
            for index in 0..<elements.count {
                guard let byte = elements.whole(index).flatMap({ UInt8(exactly: $0) }) else {
                    throw PutRefusal("a character is not between 0 and 255")
                }
                bytes.append(byte)
            }
        case .float, .double, .enum: throw PutRefusal("a text cannot be sent as a number")
        }
        bytes = Array(bytes.prefix { $0 != 0 }.prefix(shape.count))
        guard let text = String(validating: bytes, as: UTF8.self) else { throw PutRefusal("the text is not UTF-8") }
        return text
    }

    private func array(_ elements: SentElements) throws(PutRefusal) -> DataValue {
        let count = min(elements.count, shape.count)
        switch type {
        case .bytes:
            if elements.type == .char { return .bytes(Array(elements.characters.prefix(count))) }
            return .bytes(try (0..<count).map { index throws(PutRefusal) in try self.byte(elements, index) })
        case .strings:
            return .strings(
                try (0..<count).map { index throws(PutRefusal) in try self.text(elements.text(index)) })
        case .array(let element, _):
            guard let array = SentArray(elements, count, as: element, native: shape.type).array else {
                throw notANumber(elements)
            }
            return .array(array)
        default: throw PutRefusal("this value is no array")
        }
    }

    private func byte(_ elements: SentElements, _ index: Int) throws(PutRefusal) -> UInt8 {
        guard let byte = elements.integer(index, as: UInt8.self) else { throw notANumber(elements) }
        return UInt8(truncatingIfNeeded: byte)
    }
}

extension SentElements {
    /// The index of the first element among labels: sent as text, in digits, or as a number; without labels 0 or 1.
    func state(of labels: [String]) throws(PutRefusal) -> UInt16 {
        let states = labels.isEmpty ? 2 : labels.count
        var index: UInt16?
        if case .string = type {
            let text = text(0)
            index = labels.firstIndex { Array($0.utf8) == text }.map { UInt16($0) }
            if index == nil, text.allSatisfy({ (48...57).contains($0) }), !text.isEmpty {
                index = UInt16(String(decoding: text, as: UTF8.self))
            }
        } else {
            index = whole(0).flatMap { UInt16(exactly: $0) }
        }
        guard let index, index < states else {
            let given = String(decoding: text(0).prefix(40), as: UTF8.self)
            throw PutRefusal("“\(given)” is none of \(labels.joined(separator: ", "))")
        }
        return index
    }
}

/// Why a write was not even tried.
struct PutRefusal: Error, Equatable {
    var status: ECAStatus
    var reason: String

    init(_ status: ECAStatus = .putFailed, _ reason: String) {
        self.status = status
        self.reason = reason
    }

    init(_ reason: String) { self.init(.putFailed, reason) }
}
