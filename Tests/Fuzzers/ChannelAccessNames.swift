// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// Names, filters, access security files, conditions, and values that clients send; libFuzzer calls it.
///
/// The first byte chooses what the others are.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let choice = bytes.first else { return 0 }
    let rest = bytes.dropFirst()
    switch choice % 5 {
    case 0: readName(rest)
    case 1: readFilters(rest)
    case 2: _ = try? AccessFileParser.parse(Array(rest))
    case 3: _ = Calculation(String(decoding: rest, as: UTF8.self))?.value([65: 1, 66: .nan])
    default: convert(Array(rest))
    }
    return 0
}

private func readName(_ bytes: ArraySlice<UInt8>) {
    guard let name = RequestedName(bytes) else { return }
    if let part = name.subarray {
        for length in [0, 1, 7] {
            let selection = part.selection(of: length)
            precondition(selection.count <= length && selection.first >= 0)
            _ = part.applied(to: .array(ArrayValue([Int16](repeating: 1, count: length))))
        }
    }
    if let text = name.filters { readFilters(text) }
}

private func readFilters(_ bytes: ArraySlice<UInt8>) {
    let parsing = FilterParsing { name in
        guard name == "acquiring" else { return nil }
        return { true }
    }
    guard let filters = try? parsing.filters(bytes) else { return }
    var state = FilterState(filters)
    for number: Double in [1, 1, .nan, 5, -.infinity] {
        _ = state.pass([.value, .alarm], Sample(.float(number), timestamp: Timestamp(nanoseconds: 1)))
        _ = state.pass(.value, Sample(.array(ArrayValue([number, 2])), timestamp: .never))
    }
    _ = filters.reduce((type: NativeType.short, count: 9)) { $1.shape($0.type, $0.count) }
}

/// A payload as each native type takes it, and what that becomes in each type that can be asked for.
private func convert(_ bytes: [UInt8]) {
    guard bytes.count > 3 else { return }
    let sent = DBRType(rawValue: UInt16(bytes[0] % 7))
    let count = Int(bytes[1]) % 9
    let asked = DBRType(rawValue: UInt16(bytes[2] % 39))
    let payload = Array(bytes[3...])
    for declared in declarations {
        var metadata = ParameterMetadata("", type: declared)
        metadata.choices = declared == .enumeration ? ["a", "b", "3"] : []
        let shape = NativeShape(metadata, type: nil, length: 4)
        let decoder = PayloadDecoder(shape: shape, type: declared)
        guard let value = try? decoder.value(sent, count: count, payload: payload.span) else { continue }
        let encoder = ValueEncoder(
            native: shape.type, nativeCount: shape.count, isLongString: shape.isLongString,
            block: MetadataBlock(metadata, shape), arrays: EncodedArrays())
        let buffer = WireBuffer(capacity: 64)
        let sample = Sample(value, timestamp: Timestamp(nanoseconds: 1))
        let encoding = encoder.encode(sample, as: asked, count: count, limit: 1 << 20, into: buffer)
        let expected = encoding.status.isSuccess ? asked.size(count: encoding.count) : 0
        precondition(buffer.count == expected)
    }
}

private let declarations: [ValueType] = [
    .bool, .enumeration, .string(capacity: 0), .string(capacity: 80), .bytes(capacity: 4), .strings(capacity: 3),
    .number(.int8), .number(.uint8), .number(.int16), .number(.uint16), .number(.int32), .number(.uint32),
    .number(.int64),
    .number(.uint64), .number(.float32), .number(.float64), .array(.bool, capacity: [4]), .array(.int8, capacity: [4]),
    .array(.uint16, capacity: [4]), .array(.int64, capacity: [4]), .array(.float32, capacity: [4]),
    .array(.float64, capacity: [2, 2]),
]
