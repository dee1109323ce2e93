// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc

/// One client's conversation with one target; lives on its connection's thread.
final class RPCSession: LineHandler, @unchecked Sendable {  // sound: touched on its connection's thread only
    private let service: RPCService
    private let origin: Origin
    private let mayTerminate: Bool
    private var target: RPCTarget?
    private var version = PYONVersion.v2
    /// A reply as it is written; its memory is used again.
    private var text = PYONText(.v2)
    private var running: RPCCall?
    /// The last request, if it was a quick one: clients that poll send it again and again.
    private var last: RememberedRequest?
    private weak var connection: LineConnection?
    var isEstablished: Bool { target != nil }

    init(_ service: RPCService, _ connection: LineConnection) {
        self.service = service
        self.connection = connection
        origin = Origin(frontend: service.context.name, host: connection.peer.host)
        mayTerminate = service.allowsTerminate(connection.peer)
        connection.output.append(service.identification())
    }

    func line(_ line: UnsafeRawBufferPointer, on connection: LineConnection) -> LineOutcome {
        guard let target else { return unsafe select(line, on: connection) }
        service.requests.add()
        if let last, unsafe last.isSame(line, target) { return again(last, of: target, on: connection) }
        do {
            switch try unsafe RPCRequest(line, version) {
            case .methodList: return reply(.value(target.methodList(terminate: mayTerminate)), on: connection)
            case .call(let name, let arguments, let named):
                if named.isEmpty { unsafe remember(line, name, arguments, target) }
                return call(name, arguments, named, of: target, on: connection)
            }
        } catch let error as RPCException {
            return reply(.failure(error), on: connection)
        } catch {
            // The place of the next request cannot be trusted after this one.
            _ = reply(.failure(RPCException("ValueError", "the request cannot be read: \(error)")), on: connection)
            return .finish
        }
    }

    func lineTooLong(on connection: LineConnection) {
        guard target != nil else { return connection.close() }
        let message = "the request is longer than \(connection.limits.line) bytes"
        _ = reply(.failure(RPCException("ValueError", message)), on: connection)
    }

    /// Nobody waits for the answer, as far as sipyco's clients go: the command's declaration says what becomes of it.
    func peerEnded(on connection: LineConnection) { running?.abandon() }

    func closed() {
        running?.abandon()
        if let target, target.isPerConnection { target.close() }
    }

    // MARK: - Selection

    private func select(_ line: UnsafeRawBufferPointer, on connection: LineConnection) -> LineOutcome {
        guard line.count <= RPCHandshake.maximumLine else { return .drop }
        do throws(RPCException) {
            let selection = try RPCHandshake.Selection(
                unsafe String(decoding: line, as: UTF8.self), allowsV1: service.settings.allowsV1,
                allowsRawArrays: service.settings.allowsRawArrays)
            let target = try service.target(selection.target)
            self.target = target
            version = selection.version
            text = PYONText(version, arrays: selection.wantsRawArrays ? .raw : .base64)
            return sendMethodSet(of: target, on: connection)
        } catch {
            service.context.logger.warning(
                "A client was sent away", ["peer": .string(connection.peer.host), "reason": .string(error.message)])
            return .drop
        }
    }

    private func sendMethodSet(of target: RPCTarget, on connection: LineConnection) -> LineOutcome {
        let names = target.methods.methods.keys.filter { $0 != "terminate" || mayTerminate }.sorted()
        write(on: connection) { text throws(WireError) in try text.append(.set(names.map { .string($0) })) }
        return .next
    }

    // MARK: - Calls

    private func call(
        _ name: String, _ arguments: [DataValue], _ named: [(String, DataValue)], of target: RPCTarget,
        on connection: LineConnection
    ) -> LineOutcome {
        guard let method = target.method(name) else {
            return reply(.failure(.noAttribute(name, of: target.name)), on: connection)
        }
        if target.isGone {
            return reply(.failure(RPCException("ConnectionError", "\(target.name) is gone")), on: connection)
        }
        if method.isImmediate, arguments.isEmpty, named.isEmpty { return answer(method, of: target, on: connection) }
        if let member = startsAtOnce(method, of: target) {
            return run(member, Arguments(arguments, named: named), method, of: target, on: connection)
        }
        return start(method, arguments, named, of: target, on: connection)
    }

    /// Calls a command; one that has ended when its start returns is answered at once, with nothing made for waiting.
    private func run(
        _ member: NamedMember, _ arguments: Arguments, _ method: RPCMethod, of target: RPCTarget,
        on connection: LineConnection
    ) -> LineOutcome {
        do throws(DeviceError) {
            let command = try Self.command(member, target)
            let operation = try command.start(arguments, origin: origin)
            switch operation.takeResult() {
            case .success(let value): return reply(value, on: connection)
            case .failure(let error): return reply(Self.failure(error, target, method.name), on: connection)
            case nil: break
            }
            let call = makeCall([], [], on: connection)
            Self.follow(operation, of: command, call, target, method.name)
            return wait(for: call, on: connection)
        } catch {
            return reply(Self.failure(error, target, method.name), on: connection)
        }
    }

    private func answer(_ method: RPCMethod, of target: RPCTarget, on connection: LineConnection) -> LineOutcome {
        if case .read(let member) = method.body { return reply(read(member, target, method.name), on: connection) }
        return reply(.value(.bool(true)), on: connection)
    }

    private func remember(
        _ line: UnsafeRawBufferPointer, _ name: String, _ arguments: [DataValue], _ target: RPCTarget
    ) {
        let version = target.version
        guard line.count <= RememberedRequest.maximumLine, !target.isGone, let method = target.method(name) else {
            return
        }
        guard method.isImmediate && arguments.isEmpty || startsAtOnce(method, of: target) != nil else { return }
        last = unsafe RememberedRequest(line, method, arguments, version)
    }

    private func again(
        _ request: RememberedRequest, of target: RPCTarget, on connection: LineConnection
    ) -> LineOutcome {
        if case .command(let member) = request.method.body {
            return run(member, Arguments(request.arguments), request.method, of: target, on: connection)
        }
        return answer(request.method, of: target, on: connection)
    }

    /// The command of a method whose calls wait for nothing here.
    private func startsAtOnce(_ method: RPCMethod, of target: RPCTarget) -> NamedMember? {
        guard case .command(let member) = method.body, target.lane == nil, !service.settings.isReadOnly else {
            return nil
        }
        return member
    }

    /// A number that cannot be trusted is no answer: an alarm that makes it invalid is raised as an error.
    private func read(_ member: NamedMember, _ target: RPCTarget, _ method: String) -> RPCResult {
        let sample = member.sample
        guard sample.alarm.voidsValue, member.entry.disconnected == nil,
            !(member.entry.initial != nil && sample.timestamp == .never)
        else { return .value(sample.value) }
        let isAway = sample.alarm.status != .undefined
        return .failure(
            RPCException(
                isAway ? "ConnectionError" : "RuntimeError",
                "\(target.node.name)/\(member.name): \(sample.alarm.message)"))
    }

    private func start(
        _ method: RPCMethod, _ arguments: [DataValue], _ named: [(String, DataValue)], of target: RPCTarget,
        on connection: LineConnection
    ) -> LineOutcome {
        if case .terminate = method.body { return terminate(arguments, named, of: target, on: connection) }
        let call = makeCall(arguments, named, on: connection)
        do throws(RPCException) {
            try perform(method, call, of: target)
        } catch {
            return reply(.failure(error), on: connection)
        }
        return wait(for: call, on: connection)
    }

    private func makeCall(
        _ arguments: [DataValue], _ named: [(String, DataValue)], on connection: LineConnection
    ) -> RPCCall {
        let loop = connection.loop
        return RPCCall(arguments, named, origin: origin) { [weak self] call in
            loop.post { [weak self] in self?.deliver(call) }
        }
    }

    private func wait(for call: RPCCall, on connection: LineConnection) -> LineOutcome {
        if let result = call.resultOrWait() { return reply(result, on: connection) }
        running = call
        return .wait
    }

    private func perform(_ method: RPCMethod, _ call: RPCCall, of target: RPCTarget) throws(RPCException) {
        guard !service.settings.isReadOnly || !method.changes else {
            throw RPCException("PermissionError", "\(method.name) is refused: this server only shows")
        }
        switch method.body {
        case .ping, .read, .terminate: _ = try RPCSignature().bind(call, method: method.name)
        case .service(let body): try body(call, try method.signature.bind(call, method: method.name))
        case .write(let member):
            let value = try method.signature.bind(call, method: method.name)[0]
            inTurn(target, call) { Self.put(value, to: member, call, target, method.name) }
        case .command(let member):
            inTurn(target, call) { Self.run(member, call, target, method.name) }
        }
    }

    /// Runs at once, or after the calls before where the target takes one at a time.
    private func inTurn(_ target: RPCTarget, _ call: RPCCall, _ body: @escaping @Sendable () -> Void) {
        guard let lane = target.lane else { return body() }
        lane.run { done in
            call.onEnd(done)
            body()
        }
    }

    private static func put(
        _ value: DataValue, to member: NamedMember, _ call: RPCCall, _ target: RPCTarget, _ method: String
    ) {
        member.put(value, origin: call.origin) { result in
            switch result {
            case .success: call.complete(.value(.null))
            case .failure(let error): call.complete(failure(error, target, method))
            }
        }
    }

    private static func run(_ member: NamedMember, _ call: RPCCall, _ target: RPCTarget, _ method: String) {
        do throws(DeviceError) {
            let command = try command(member, target)
            let operation = try command.start(Arguments(call.arguments, named: call.named), origin: call.origin)
            follow(operation, of: command, call, target, method)
        } catch {
            call.complete(failure(error, target, method))
        }
    }

    private static func command(_ member: NamedMember, _ target: RPCTarget) throws(DeviceError) -> AnyCommand {
        guard let command = member.command else {
            throw DeviceError(.unavailable, "\(target.node.name) has no \(member.name) at present")
        }
        return command
    }

    private static func follow(
        _ operation: Operation, of command: AnyCommand, _ call: RPCCall, _ target: RPCTarget, _ method: String
    ) {
        if command.policy.endsWithCaller { call.onAbandon { operation.cancel() } }
        operation.observe { status in
            guard status.state.isFinal, let outcome = operation.takeResult() else { return }
            call.complete(result(outcome, target, method))
        }
    }

    private static func result(
        _ outcome: Result<DataValue, DeviceError>, _ target: RPCTarget, _ method: String
    ) -> RPCResult {
        switch outcome {
        case .success(let value): .value(value)
        case .failure(let error): failure(error, target, method)
        }
    }

    private static func failure(_ error: DeviceError, _ target: RPCTarget, _ method: String) -> RPCResult {
        .failure(RPCException(error, target: target.name, type: target.node.type, method: method))
    }

    private func deliver(_ call: RPCCall) {
        guard running === call, let connection, let result = call.take() else { return }
        running = nil
        _ = reply(result, on: connection)
        connection.resume()
    }

    private func terminate(
        _ arguments: [DataValue], _ named: [(String, DataValue)], of target: RPCTarget, on connection: LineConnection
    ) -> LineOutcome {
        guard mayTerminate else { return reply(.failure(.noAttribute("terminate", of: target.name)), on: connection) }
        guard arguments.isEmpty, named.isEmpty else {
            return reply(.failure(RPCException("TypeError", "terminate() takes no arguments")), on: connection)
        }
        _ = reply(.value(.null), on: connection)
        service.terminate(origin)
        return .next
    }

    // MARK: - Replies

    private func reply(_ result: RPCResult, on connection: LineConnection) -> LineOutcome {
        switch result {
        case .value(let value): return reply(value, on: connection)
        case .frame(let frame):
            begin()
            text.append(NumPyType.text(frame.elementType), frame.shape, .frame(frame.buffer))
            return end(on: connection)
        case .failure(let exception):
            service.failures.add()
            write(on: connection) { text throws(WireError) in try text.append(failure: exception) }
            return .next
        }
    }

    /// The reply of a call that returned.
    private func reply(_ value: DataValue, on connection: LineConnection) -> LineOutcome {
        begin()
        do throws(WireError) {
            try text.append(value)
        } catch {
            let reason = "the result cannot be sent: \(error)"
            write(on: connection) { text throws(WireError) in
                try text.append(failure: RPCException("TypeError", reason))
            }
            return .next
        }
        return end(on: connection)
    }

    private func begin() {
        clear()
        text.append(text.version == .v2 ? #"{"status":"ok","ret":"# : #"{"status": "ok", "ret": "#)
    }

    private func end(on connection: LineConnection) -> LineOutcome {
        text.append("}\n" as StaticString)
        connection.output.append(text)
        return .next
    }

    private func clear() {
        text.bytes.removeAll(keepingCapacity: text.bytes.capacity <= 65536)
        text.places = []
    }

    /// Writes a line; nothing of it when the body cannot.
    private func write(on connection: LineConnection, _ body: (inout PYONText) throws(WireError) -> Void) {
        clear()
        do throws(WireError) {
            try body(&text)
        } catch {
            return
        }
        text.append("\n" as StaticString)
        connection.output.append(text)
    }
}

extension PYONText {
    /// Writes the reply of a call that failed.
    mutating func append(failure exception: RPCException) throws(WireError) {
        let details = DataValue.object([
            ("class", .string(exception.className)), ("message", .string(exception.message)),
            ("traceback", .strings(exception.traceback)),
        ])
        try append(object: [("status", .string("failed")), ("exception", details)])
    }
}

extension RPCMethod {
    /// Whether it is answered at once, on the connection's thread, whatever the device does.
    var isImmediate: Bool {
        switch body {
        case .ping, .read: true
        case .terminate, .write, .command, .service: false
        }
    }

    /// Whether a call may change something.
    var changes: Bool {
        switch body {
        case .ping, .read, .service: false
        case .terminate, .write, .command: true
        }
    }
}
