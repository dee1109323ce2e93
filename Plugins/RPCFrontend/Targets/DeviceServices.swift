// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel

/// What the frontend adds to a device's own methods: samples with time and alarm, long polls, images.
enum DeviceServices {
    private static let timeout = RPCSignature.Parameter(
        name: "timeout", annotation: "float", defaultValue: .float(10))

    /// The methods for a device under its own paths.
    static func methods(
        of node: DeviceNode, _ view: NameView, _ context: FrontendContext, _ cursor: ImageCursor?
    ) -> [RPCMethod] {
        var methods = [
            RPCMethod(
                "get_sample",
                .service { call, values throws(RPCException) in
                    call.complete(.value(value(of: try member(values[0], view, node))))
                }, RPCSignature([.init(name: "parameter", annotation: "str")], result: "dict"),
                text: "The last value of a parameter with its time and alarm, by the parameter's path."),
            RPCMethod(
                "wait_value",
                .service { call, values throws(RPCException) in
                    let member = try member(values[0], view, node)
                    let since = values[1] == .null ? member.sample.timestamp.nanoseconds : try whole(values[1], "since")
                    ValueWait(member, since: since, call).begin(timeout: try seconds(values[2]))
                },
                RPCSignature(
                    [
                        .init(name: "parameter", annotation: "str"),
                        .init(name: "since", annotation: "int", defaultValue: .null), timeout,
                    ], result: "dict"),
                text:
                    "Waits for a sample of a parameter later than since (ns), or than the call; None after timeout (s)."
            ),
        ]
        if node.name == "daqd" { methods.append(devices(context)) }
        if !node.frameSources.isEmpty {
            methods += images(of: node)
            if let cursor { methods += Self.cursor(cursor, node) }
        }
        return methods
    }

    private static func images(of node: DeviceNode) -> [RPCMethod] {
        let channel = RPCSignature.Parameter(name: "channel", annotation: "str", defaultValue: .null)
        return [
            RPCMethod(
                "wait_image",
                .service { call, values throws(RPCException) in
                    ImageWait(try source(values[1], node), count: 1, call).begin(timeout: try seconds(values[0]))
                }, RPCSignature([timeout, channel], result: "ndarray"),
                text: "Waits for the next image; None after timeout (s)."),
            RPCMethod(
                "wait_images",
                .service { call, values throws(RPCException) in
                    let count = try whole(values[0], "count")
                    guard (1...10_000).contains(count) else {
                        throw RPCException("ValueError", "count must be 1 to 10000")
                    }
                    ImageWait(try source(values[2], node), count: Int(count), call).begin(
                        timeout: try seconds(values[1]))
                },
                RPCSignature([.init(name: "count", annotation: "int"), timeout, channel], result: "ndarray"),
                text: "Waits for the next images and returns them as one array, the image's number first; "
                    + "None if they are not complete after timeout (s)."),
        ]
    }

    private static func cursor(_ cursor: ImageCursor, _ node: DeviceNode) -> [RPCMethod] {
        let channel = RPCSignature.Parameter(name: "channel", annotation: "str", defaultValue: .null)
        return [
            RPCMethod(
                "next_image",
                .service { call, values throws(RPCException) in
                    cursor.next(of: try source(values[1], node), call, timeout: try seconds(values[0]))
                }, RPCSignature([timeout, channel], result: "ndarray"),
                text: "The next image since the first call on this connection, in order; None after timeout (s)."),
            RPCMethod(
                "images_lost",
                .service { call, _ throws(RPCException) in call.complete(.value(DataValue(cursor.lost))) },
                RPCSignature(result: "int"), text: "Images that next_image never gave because it was called too seldom."
            ),
        ]
    }

    private static func devices(_ context: FrontendContext) -> RPCMethod {
        RPCMethod(
            "devices",
            .service { call, _ throws(RPCException) in
                let shown = context.site.devices.filter { context.shows($0.name) }
                call.complete(.value(.object(shown.map { ($0.name, .string($0.deviceState.name)) })))
            }, RPCSignature(result: "dict"), text: "The state of every device, by name.")
    }

    // MARK: - Arguments

    private static func member(
        _ value: DataValue, _ view: NameView, _ node: DeviceNode
    ) throws(RPCException) -> NamedMember {
        guard case .string(let name) = value else { throw RPCException("TypeError", "parameter must be a text") }
        guard let member = view.member(name), !member.isCommand else {
            throw RPCException("KeyError", "\(node.name) has no parameter “\(name.prefix(80))”")
        }
        return member
    }

    private static func whole(_ value: DataValue, _ name: String) throws(RPCException) -> Int64 {
        guard case .integer(let number) = value else {
            throw RPCException("TypeError", "\(name) must be a whole number")
        }
        return number
    }

    private static func seconds(_ value: DataValue) throws(RPCException) -> Double {
        guard let seconds = value.double, seconds >= 0, seconds <= 86400 else {
            throw RPCException("ValueError", "timeout must be 0 to 86400 s")
        }
        return seconds
    }

    private static func source(_ value: DataValue, _ node: DeviceNode) throws(RPCException) -> FrameSource {
        let sources = node.frameSources
        if case .string(let channel) = value {
            if let source = sources[channel] { return source }
            throw RPCException(
                "KeyError", "\(node.name) has no channel “\(channel.prefix(80))”; it has \(sources.keys.sorted())")
        }
        guard value == .null else { throw RPCException("TypeError", "channel must be a text or None") }
        guard let first = sources.keys.sorted().first, let source = sources[first] else {
            throw RPCException("RuntimeError", "\(node.name) offers no images")
        }
        return source
    }

    /// A sample as clients read it.
    static func value(of member: NamedMember) -> DataValue {
        let sample = member.sample
        return .object([
            ("value", sample.value), ("timestamp", .integer(sample.timestamp.nanoseconds)),
            ("severity", .string("\(sample.alarm.severity)")), ("status", .string(sample.alarm.status.rawValue)),
            ("message", .string(sample.alarm.message)),
        ])
    }
}
