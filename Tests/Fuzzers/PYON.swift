// Part of daqd
// SPDX-License-Identifier: MIT

/// What libFuzzer calls: a text is refused or read by each decoder, and what was read is written and read again as the same.
///
/// A request that is read by a short way means what the decoder makes of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    check(bytes, .v1) { text throws(WireError) in try PYONv1Decoder.decode(text) }
    check(bytes, .v2) { text throws(WireError) in try PYONv2Decoder.decode(text) }
    bytes.withUnsafeBytes { raw in
        for version in [PYONVersion.v1, .v2] {
            if case .call(let name, let arguments, let named)? = try? RPCRequest(raw, version) {
                compare(bytes, version, name, .list(arguments), named)
            }
        }
    }
    return 0
}

private func check(_ bytes: [UInt8], _ version: PYONVersion, _ decode: ([UInt8]) throws(WireError) -> DataValue) {
    guard let value = try? decode(bytes) else { return }
    var text = PYONText(version)
    guard (try? text.append(value)) != nil else { return }
    let written = text.joined
    guard let again = try? decode(written) else { fatalError("what was written is not read") }
    var second = PYONText(version)
    guard (try? second.append(again)) != nil, second.joined == written else {
        fatalError("not the same")
    }
}

private func compare(
    _ bytes: [UInt8], _ version: PYONVersion, _ name: String, _ arguments: DataValue, _ named: [(String, DataValue)]
) {
    let whole = version == .v1 ? try? PYONv1Decoder.decode(bytes) : try? PYONv2Decoder.decode(bytes)
    guard case .dictionary(let entries)? = whole else { fatalError("a request that is no dictionary was read") }
    func entry(_ key: String) -> DataValue? { entries.first { $0.key == .string(key) }?.value }
    let items: DataValue? =
        switch entry("args") {
        case .tuple(let items)?, .list(let items)?: .list(items)
        case .dictionary(let entries)? where entries.isEmpty: .list([])
        default: nil
        }
    guard entry("name") == .string(name), let items, written(items, version) == written(arguments, version) else {
        fatalError("another name, or other arguments")
    }
    guard case .dictionary(let keywords)? = entry("kwargs"), keywords.map(\.key) == named.map({ .string($0.0) }),
        written(.list(keywords.map(\.value)), version) == written(.list(named.map(\.1)), version)
    else { fatalError("other keywords") }
}

/// As text, because a number that is none differs from itself.
private func written(_ value: DataValue, _ version: PYONVersion) -> [UInt8] {
    var text = PYONText(version)
    return (try? text.append(value)) == nil ? [] : text.joined
}
