// Part of daqd
// SPDX-License-Identifier: MIT

/// What libFuzzer calls: a text is refused or read by each decoder, and what was read is written and read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    check(bytes, .v1) { text throws(WireError) in try PYONv1Decoder.decode(text) }
    check(bytes, .v2) { text throws(WireError) in try PYONv2Decoder.decode(text) }
    bytes.withUnsafeBytes { raw in
        for version in [PYONVersion.v1, .v2] { _ = try? RPCRequest(raw, version) }
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
