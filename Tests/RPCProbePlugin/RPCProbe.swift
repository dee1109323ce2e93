// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Glibc
import Synchronization

/// What RPC clients are tested and measured with: values that come back, errors, slow calls, images.
final class RPCProbe: Device {
    static let factory = DeviceFactory(
        "rpc-probe", summary: "Answers remote calls of tests", settings: []
    ) { _, context in RPCProbe(context) }

    private let exposure = Parameter(
        "exposure", "Time of one image", unit: "s", limits: 0.001...100, precision: 3, initial: 0.1)
    private let gain = Parameter<Int32>("readout/gain", "Gain of the amplifier", limits: 1...300, initial: 1)
    private let images = FrameSource(channel: "main")

    private let echo = Command<DataValue>(
        "echo", "Gives back what it gets", Argument<DataValue>("value"), policy: .quick
    ) { _, value in value }
    private let asyncEcho = Command<DataValue>(
        "async_echo", "Gives back what it gets, after 10 ms", Argument<DataValue>("value"),
        policy: CommandPolicy(.parallel)
    ) { _, value in
        try await Task.sleep(nanoseconds: 10_000_000)
        return value
    }
    private let add = Command<Double>(
        "add", "Adds two numbers", Argument<Double>("a", "The first"), Argument<Double>("b", "The second", default: 1),
        policy: .quick
    ) { _, a, b in a + b }
    private let unserializable = Command<DataValue>(
        "return_unserializable", "Returns what the wire cannot say", policy: .quick
    ) { _ in .dictionary([.init(.string("__jsonclass__"), .null)]) }
    private let exitAtOnce = Command<Void>("raise_sys_exit", "Ends the program without a reply", policy: .quick) { _ in
        exit(0)
    }
    private let value = Command<Int64>("output_value", "A number that a test expects", policy: .quick) { _ in 4_125_380
    }
    private let slow = Command<Void>(
        "sleep", "Takes its time", Argument<Double>("seconds", unit: "s", limits: 0...3600)
    ) { progress, seconds in try await progress.sleep(seconds: seconds) }
    private let fail = Command<Void>("fail", "Fails as a vendor's library does", policy: .quick) { _ in
        throw DeviceError(.vendor, "no data", vendorCode: 20024, vendorText: "DRV_NO_NEW_DATA")
    }
    private let publish = Command<Void>(
        "publish", "Publishes a change of a structure, or a broadcast", Argument<String>("name"),
        Argument<DataValue>("change"),
        policy: .quick
    ) { _, name, change in Publishers.publish(name, change) }
    private let image: Command<DataValue>
    private let publishImages: Command<Void>
    private let context: DeviceContext

    init(_ context: DeviceContext) {
        // Noise of a generator with a seed: the same image in every run.
        var state: UInt64 = 1
        let pixels = (0..<1024 * 1024).map { _ -> UInt16 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt16(truncatingIfNeeded: state >> 33)
        }
        let bytes = pixels.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let array = ArrayValue(.uint16, shape: [1024, 1024], bytes: bytes).map { DataValue.array($0) } ?? .null
        image = Command<DataValue>("image", "An image of 1024 x 1024 pixels", policy: .quick) { _ in array }
        let source = images
        publishImages = Command<Void>(
            "publish_images", "Publishes images as a camera does", Argument<Int>("count", limits: 1...1000)
        ) { _, count in
            for index in 0..<count {
                let buffer = FrameBuffer([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 64))
                source.publish(
                    Frame(shape: [8, 8], elementType: .uint8, channel: "main", index: index, buffer: buffer))
            }
        }
        context.add(images)
        self.context = context
    }

    func run() async throws {
        context.connected()
        while true { try await Task.sleep(nanoseconds: 3_600_000_000_000) }
    }
}

/// Where the frontends take what the probe publishes.
enum Publishers {
    private static let all = Mutex<[@Sendable (String, DataValue) -> Void]>([])

    static func add(_ publish: @escaping @Sendable (String, DataValue) -> Void) { all.withLock { $0.append(publish) } }

    static func publish(_ name: String, _ change: DataValue) { for one in all.withLock({ $0 }) { one(name, change) } }
}

/// Called once by the kernel, after `dlopen` and the version check.
@c(daqd_register_RPCProbePlugin)
public func register(_ host: UnsafeRawPointer) {
    let registry = unsafe Registry(host)
    registry.add(RPCProbe.factory)
    let receiver: @Sendable (@escaping @Sendable (String, DataValue) -> Void) -> Void = { Publishers.add($0) }
    registry.contribute("rpc-probe", receiver)
}
