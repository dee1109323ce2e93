// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel

/// Datagrams and circuits as clients send them, with a few variables behind; libFuzzer calls it.
///
/// The first byte chooses between a datagram, a circuit that has said its version, and one that has not; where the input is cut in two
/// is the second byte's matter.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard bytes.count > 2 else { return 0 }
    let rest = Array(bytes.dropFirst(2))
    switch bytes[0] % 3 {
    case 0: search(rest)
    case 1: run(rest, cut: Int(bytes[1]), greeting: [0, 0, 0, 0, 0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0] + channels)
    default: run(rest, cut: Int(bytes[1]), greeting: [])
    }
    return 0
}

/// Channels 0, 1 and 2: a number, an array of bytes, and one whose writes end later.
private let channels: [UInt8] = ["a", "b", "c"].enumerated().flatMap { index, name in
    [0, 18, 0, 8, 0, 0, 0, 0, 0, 0, 0, UInt8(index), 0, 0, 0, 13] + Array(name.utf8) + [0, 0, 0, 0, 0, 0, 0]
}

private let counters = ServerCounters { Counter(Parameter<Int64>($0, $1, initial: 0)) }
private let number = Parameter<Double>("a", "", initial: 1.5)
private let directNumber = NamedMember(
    NameEntry("a", .parameter("a")), NameTarget(device: "fuzz", source: number)
).directNumber
private let array = Parameter<[UInt8]>("b", "", initial: [1, 2, 3])

/// What all circuits share, made once: only what an input changes is made for each.
private let services: CircuitServices = {
    var limits = CircuitLimits()
    limits.channels = 8
    limits.subscriptions = 16
    limits.queue = 16
    return CircuitServices(
        frontend: "ca", directory: FuzzDirectory(), limits: limits, tcpPort: 5064, counters: counters,
        logger: Logger(component: "ca") { _ in }
    ) { 4096 }
}()

private func search(_ bytes: [UInt8]) {
    let responder = SearchResponder(FuzzDirectory(), port: 5064)
    bytes.withUnsafeBytes { raw in
        responder.answer(ByteView(raw)) { precondition($0.count <= SearchResponder.datagramSize) }
    }
}

private func run(_ bytes: [UInt8], cut: Int, greeting: [UInt8]) {
    let inbox = FuzzInbox()
    let circuit = Circuit(services, address: "127.0.0.1") { inbox.events.append($0) }
    let output = WireBuffer(capacity: 64)
    var rest = greeting + bytes.prefix(cut)
    for part in [[], Array(bytes.dropFirst(cut))] as [[UInt8]] {
        rest += part
        let used = rest.withUnsafeBytes { circuit.process(ByteView($0), limit: 1_048_576, into: output) }
        precondition(used <= rest.count)
        rest.removeFirst(used)
        number.publish(number.value + 1)
        for event in inbox.take() {
            switch event {
            case .updates: circuit.deliver(into: output)
            case .putEnded(let channel, let token, let result):
                circuit.putEnded(channel: channel, token: token, result, into: output)
            }
        }
        check(output)
        output.clear()
    }
    circuit.close()
    precondition(number.value.isFinite)
    number.publish(0)
}

/// Whether what the server says is well-formed.
private func check(_ output: WireBuffer) {
    var bytes: [UInt8] = []
    var position = output.sent
    let own = UnsafeRawBufferPointer(start: output.memory, count: output.end)
    for shared in output.shared {
        bytes += own[position..<shared.position] + shared.bytes[shared.offset..<shared.offset + shared.count]
        position = shared.position
    }
    bytes += own[position..<output.end]
    bytes.withUnsafeBytes { raw in
        var offset = 0
        while offset < raw.count {
            guard let header = CAHeader(ByteView(raw), at: offset) else { preconditionFailure("half a header") }
            precondition(header.payloadSize % 8 == 0 && header.messageSize <= raw.count - offset)
            offset += header.messageSize
        }
    }
}

private final class FuzzInbox: @unchecked Sendable {
    var events: [Circuit.Event] = []
    func take() -> [Circuit.Event] {
        defer { events = [] }
        return events
    }
}

private struct FuzzDirectory: NameDirectory {
    func contains(_ name: Span<UInt8>) -> Bool { variable(name) != nil }

    func variable(_ name: Span<UInt8>) -> ProcessVariable? {
        guard name.count == 1 else { return nil }
        switch name[0] {
        case UInt8(ascii: "a"): return FuzzVariable("a", .double, 1, number, direct: directNumber)
        case UInt8(ascii: "b"): return FuzzVariable("b", .char, 64, array)
        case UInt8(ascii: "c"): return FuzzVariable("c", .double, 1, number, endsLater: true)
        default: return nil
        }
    }

    func observe(_ handler: @escaping @Sendable (DirectoryEvent) -> Void) {}
    var names: [ServedName] { [] }
    var largestCount: Int { 64 }
    func close() {}
}

private final class FuzzVariable: ProcessVariable, @unchecked Sendable {
    private let endsLater: Bool

    init(
        _ name: String, _ type: NativeType, _ count: Int, _ parameter: AnyParameter, direct: DirectNumber? = nil,
        endsLater: Bool = false
    ) {
        self.endsLater = endsLater
        super.init(
            name: name, record: name, nativeType: type, nativeCount: count, parameter: parameter, isDirect: true,
            number: direct)
    }

    override func encode(
        _ sample: Sample, as type: DBRType, count: Int, limit: Int, into buffer: WireBuffer
    ) -> Encoding {
        let count = count == 0 ? 1 : count
        guard type.size(count: count) <= limit else { return Encoding(failure: .tooLarge) }
        buffer.appendZeros(type.size(count: count))
        return Encoding(count: count)
    }

    override func putNow(_ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin) -> PutResult? {
        let isShortText = type.native == .string && count == 1
        precondition(isShortText ? (1...40).contains(payload.count) : payload.count == count * type.native.size)
        return endsLater ? nil : .done
    }

    override func put(
        _ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin,
        completion: @escaping @Sendable (PutResult) -> Void
    ) { completion(.done) }
}
