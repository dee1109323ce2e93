// Part of daqd
// SPDX-License-Identifier: MIT
import Synchronization

@testable import ChannelAccessFrontend
@testable import DAQKernel

/// A few names for tests of the server's core; numbers as DOUBLE, arrays of bytes as CHAR.
final class TestDirectory: NameDirectory {
    private let variables = Mutex<[String: ProcessVariable]>([:])
    private let handlers = Mutex<[@Sendable (DirectoryEvent) -> Void]>([])
    let largestCount: Int

    init(_ variables: [ProcessVariable] = [], largestCount: Int = 1000) {
        self.largestCount = largestCount
        for variable in variables { add(variable) }
    }

    func add(_ variable: ProcessVariable) { variables.withLock { $0[variable.name] = variable } }

    func remove(_ name: String) {
        variables.withLock { $0[name] = nil }
        tell(.removed(record: name))
    }

    func tell(_ event: DirectoryEvent) { for handler in handlers.withLock({ $0 }) { handler(event) } }

    func contains(_ name: Span<UInt8>) -> Bool { variable(name) != nil }

    func variable(_ name: Span<UInt8>) -> ProcessVariable? {
        let text = String(decoding: name.indices.map { name[$0] }, as: UTF8.self)
        return variables.withLock { $0[text] }
    }

    func observe(_ handler: @escaping @Sendable (DirectoryEvent) -> Void) { handlers.withLock { $0.append(handler) } }

    var names: [ServedName] { [] }

    func close() {}
}

/// A variable over a parameter, with what the tests of the core need of conversions.
final class TestVariable: ProcessVariable, @unchecked Sendable {
    typealias Writer = @Sendable (DataValue, @escaping @Sendable (PutResult) -> Void) -> Void

    private let writer: Writer?
    private let allowed = Mutex<AccessRights>([.read, .write])

    init(
        _ name: String, _ parameter: AnyParameter?, _ type: NativeType = .double, count: Int = 1,
        isDirect: Bool = true, isQuick: Bool = false, interrupts: Bool = false, writer: Writer? = nil
    ) {
        self.writer = writer
        super.init(
            name: name, record: name, nativeType: type, nativeCount: count, parameter: parameter, isDirect: isDirect,
            number: isQuick ? parameter.flatMap(Self.number) : nil, interrupts: interrupts)
    }

    static func number(_ parameter: AnyParameter) -> DirectNumber? {
        NamedMember(NameEntry(parameter.name, .parameter("")), NameTarget(device: "d", source: parameter)).directNumber
    }

    var rights: AccessRights {
        get { allowed.withLock { $0 } }
        set { allowed.withLock { $0 = newValue } }
    }

    override func rights(of client: ClientIdentity) -> AccessRights { rights }

    override func encode(
        _ sample: Sample, as type: DBRType, count: Int, limit: Int, into buffer: WireBuffer
    ) -> Encoding {
        guard type.native != .string else { return Encoding(failure: .getFailed) }
        let bytes: [UInt8]
        switch sample.value {
        case .array(let array): bytes = array.bytes
        default:
            let scratch = WireBuffer(capacity: 16)
            scratch.append(sample.value.double ?? 0)
            bytes = Array(UnsafeRawBufferPointer(start: scratch.memory, count: 8))
        }
        let available = bytes.count / nativeType.size
        let wanted = count == 0 ? available : count
        guard type.size(count: wanted) <= limit else { return Encoding(failure: .tooLarge) }
        front(sample, type, buffer)
        buffer.append(shared: bytes, count: min(wanted, available) * nativeType.size)
        buffer.appendZeros(max(0, wanted - available) * nativeType.size)
        return Encoding(count: wanted)
    }

    private func front(_ sample: Sample, _ type: DBRType, _ buffer: WireBuffer) {
        guard type.valueOffset >= 12 else { return buffer.appendZeros(type.valueOffset) }
        buffer.append(UInt16(sample.alarm.status == .high ? 4 : 0))
        buffer.append(UInt16(sample.alarm.severity.rawValue))
        buffer.append(EPICSTime(sample.timestamp).bits)
        buffer.appendZeros(type.valueOffset - 12)
    }

    override func putNow(_ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin) -> PutResult? {
        guard writer == nil else { return nil }
        guard let parameter, let value = value(type, count, payload) else { return PutResult(.putFailed, name) }
        do {
            _ = try parameter.putImmediately(value, origin: origin)
            return .done
        } catch {
            return PutResult(.putFailed, "\(error)")
        }
    }

    override func put(
        _ type: DBRType, count: Int, payload: Span<UInt8>, origin: Origin,
        completion: @escaping @Sendable (PutResult) -> Void
    ) {
        writer?(value(type, count, payload) ?? .null, completion)
    }

    private func value(_ type: DBRType, _ count: Int, _ payload: Span<UInt8>) -> DataValue? {
        let bytes = payload.indices.map { payload[$0] }
        if nativeType == .char { return .array(ArrayValue(bytes)) }
        guard type == DBRType(.plain, .double), bytes.count >= 8 else { return nil }
        return .float(Double(bitPattern: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }))
    }
}
