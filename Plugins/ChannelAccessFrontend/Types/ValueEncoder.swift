// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Makes the payload of a value in the type that a client asks for.
struct ValueEncoder {
    let native: NativeType
    let nativeCount: Int
    /// Whether a text is shown as an array of characters.
    let isLongString: Bool
    let block: MetadataBlock
    let arrays: EncodedArrays

    /// Appends front and elements, without the padding to 8 bytes; nothing at all when it fails.
    /// - Parameter count: 0 for as many as there are, N for exactly N.
    func encode(
        _ sample: Sample, as type: DBRType, count: Int, limit: Int, into buffer: WireBuffer,
        acknowledgement: (transient: UInt16, severity: UInt16) = (1, 0)
    ) -> Encoding {
        if type == .className { return encodeName(count: count, limit: limit, into: buffer) }
        guard type != .putAcknowledgeTransient, type != .putAcknowledgeSeverity, type.isKnown else {
            return Encoding(failure: .getFailed)
        }
        let elements = Elements(sample.value, native, isLongString: isLongString, labels: block.labels)
        let target = type.native
        let present = count == 0 ? min(elements.count, nativeCount) : min(elements.count, count)
        let total = count == 0 ? present : count
        guard type.size(count: total) <= limit else { return Encoding(failure: .tooLarge) }
        let mark = buffer.mark
        PayloadFront(sample: sample, block: block, acknowledgement: acknowledgement).append(type, to: buffer)
        guard append(elements, present, as: target, to: buffer) else {
            buffer.truncate(to: mark)
            return Encoding(failure: .getFailed)
        }
        buffer.appendZeros((total - present) * target.size)
        return Encoding(count: total)
    }

    /// The record type; it has no time and no alarm.
    private func encodeName(count: Int, limit: Int, into buffer: WireBuffer) -> Encoding {
        let total = max(1, count)
        guard DBRType.className.size(count: total) <= limit else { return Encoding(failure: .tooLarge) }
        buffer.append(block.recordType, width: NativeType.string.size)
        buffer.appendZeros((total - 1) * NativeType.string.size)
        return Encoding(count: total)
    }

    private func append(_ elements: Elements, _ count: Int, as target: NativeType, to buffer: WireBuffer) -> Bool {
        if count == 0 { return true }
        switch elements {
        case .whole(let number): append(number, as: target, to: buffer)
        case .real(let number): append(number, as: target, to: buffer)
        case .index(let index, let label): append(index, label, as: target, to: buffer)
        case .text(let text): return append(text, as: target, to: buffer)
        case .texts(let texts): return texts.prefix(count).allSatisfy { append($0, as: target, to: buffer) }
        case .array(let array): append(array, count, as: target, to: buffer)
        }
        return true
    }

    private func append(_ number: Int64, as target: NativeType, to buffer: WireBuffer) {
        if native == .double || native == .float, target != .string {
            return append(Double(number), as: target, to: buffer)
        }
        switch target {
        case .string: buffer.append(String(number), width: NativeType.string.size)
        case .short, .enum: buffer.append(UInt16(truncatingIfNeeded: number))
        case .char: buffer.append(UInt8(truncatingIfNeeded: number))
        case .long: buffer.append(UInt32(truncatingIfNeeded: number))
        case .float: buffer.append(Float(number))
        case .double: buffer.append(Double(number))
        }
    }

    private func append(_ number: Double, as target: NativeType, to buffer: WireBuffer) {
        switch target {
        case .double: buffer.append(number)
        case .float: buffer.append(NumberConversion.narrowed(number))
        case .string: buffer.append(text(number), width: NativeType.string.size)
        case .short: buffer.append(UInt16(bitPattern: NumberConversion.saturated(number, to: Int16.self)))
        case .enum: buffer.append(NumberConversion.saturated(number, to: UInt16.self))
        case .char: buffer.append(NumberConversion.saturated(number, to: UInt8.self))
        case .long: buffer.append(UInt32(bitPattern: NumberConversion.saturated(number, to: Int32.self)))
        }
    }

    private func text(_ number: Double) -> String {
        native == .float
            ? NumberText.text(Float(number), precision: block.textPrecision)
            : NumberText.text(number, precision: block.textPrecision)
    }

    private func append(_ index: UInt16, _ label: String, as target: NativeType, to buffer: WireBuffer) {
        if target == .string {
            buffer.append(label, width: NativeType.string.size)
        } else {
            append(Int64(index), as: target, to: buffer)
        }
    }

    /// - Returns: Whether the text is what was asked for: a number must stand in it where one is wanted.
    private func append(_ text: String, as target: NativeType, to buffer: WireBuffer) -> Bool {
        switch target {
        case .string: buffer.append(text, width: NativeType.string.size)
        case .enum: return false
        case .double, .float:
            guard let number = NumberParsing.double(text.utf8) else { return false }
            append(number, as: target, to: buffer)
        case .short: return append(NumberParsing.integer(text.utf8, as: Int16.self), as: target, to: buffer)
        case .char: return append(NumberParsing.integer(text.utf8, as: UInt8.self), as: target, to: buffer)
        case .long: return append(NumberParsing.integer(text.utf8, as: Int32.self), as: target, to: buffer)
        }
        return true
    }

    private func append(_ number: (some FixedWidthInteger)?, as target: NativeType, to buffer: WireBuffer) -> Bool {
        guard let number else { return false }
        append(Int64(truncatingIfNeeded: number), as: target, to: buffer)
        return true
    }

    private func append(_ array: ArrayValue, _ count: Int, as target: NativeType, to buffer: WireBuffer) {
        let size = count * target.size
        if size >= WireBuffer.worthSharing {
            let bytes = arrays.bytes(of: array, as: target, precision: block.textPrecision)
            return buffer.append(shared: bytes, from: 0, count: size)
        }
        let memory = unsafe buffer.reserve(size)
        unsafe ArrayConversion.write(array, count, as: target, precision: block.textPrecision, to: memory)
    }
}
