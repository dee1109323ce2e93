// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel

@Suite("Daemon")
struct DaemonTests {
    static let origin = Origin(frontend: "test")

    static func site(_ rest: String) -> String { "site: {name: test, state: ./state, data: ./data}\n" + rest }

    @Test("simulators, devices, frontends start in this order; devices stop while frontends still serve")
    func order() async throws {
        let stage = try Stage(
            Self.site(
                """
                simulators: {sim: {type: play}}
                devices: {d: {type: fake}}
                frontends: {f: {type: show}}
                """))
        #expect(await stage.ready())
        #expect(await stage.daemon.site?.names(frontend: "f")?.count == 1)
        #expect(await stage.until { stage.events.all.contains("run d") })
        #expect(await stage.end() == .success)
        let events = stage.events.all.filter { $0 != "run d" }
        #expect(events == ["play sim", "make d", "listen f", "stop d", "stop f", "stop sim"])
    }

    @Test("an acquisition survives a reload that adds a device, and the untouched device is not made again")
    func reload() async throws {
        let before = Self.site("devices: {a: {type: fake}}\nfrontends: {f: {type: show}}")
        let stage = try Stage(before)
        #expect(await stage.ready())
        let device = try #require(stage.device("a"))
        let operation = try device.measure.start(origin: Self.origin)
        let site = try #require(await stage.daemon.site)
        #expect(await stage.until { site.acquisitions.active.first?.record.state == .acquiring })
        try stage.configure(Self.site("devices: {a: {type: fake}, b: {type: fake}}\nfrontends: {f: {type: show}}"))
        stage.send(.reload)
        #expect(await stage.until { site.device("b") != nil })
        #expect(site.acquisitions.active.first?.record.state == .acquiring)
        device.release.continuation.yield()
        #expect(await operation.end().state == .succeeded)
        let record = try #require(try await site.runLog.acquisitions(AcquisitionQuery()).records.first)
        #expect(record.state == .done)
        #expect(record.frames.received == 3)
        #expect(stage.events.all.filter { $0 == "make a" }.count == 1)
        try stage.configure(
            Self.site("devices: {a: {type: fake}, b: {type: fake, generation: 2}}\nfrontends: {f: {type: show}}"))
        stage.send(.reload)
        #expect(await stage.until { stage.events.all.filter { $0 == "make b" }.count == 2 })
        #expect(stage.events.all.contains("stop b"))
        try stage.configure("devices: {a: {typ: fake}}")
        stage.send(.reload)
        #expect(await stage.until { stage.log.all.contains { $0.contains("the old one stays in force") } })
        #expect(site.device("b") != nil)
        try stage.configure(Self.site("devices: {b: {type: fake, generation: 2}}\nfrontends: {f: {type: show}}"))
        stage.send(.reload)
        #expect(await stage.until { site.device("a") == nil })
        #expect(await stage.end() == .success)
        #expect(stage.events.all.filter { $0.contains(" f") } == ["listen f", "stop f"])
    }

    @Test("a device that was taken out of the configuration is freed")
    func freed() async throws {
        let stage = try Stage(Self.site("devices: {a: {type: fake}, b: {type: fake}}"))
        #expect(await stage.ready())
        weak let gone = stage.device("a")
        #expect(gone != nil)
        try stage.configure(Self.site("devices: {b: {type: fake}}"))
        stage.send(.reload)
        #expect(await stage.until { stage.log.all.contains { $0.contains("Configuration reloaded") } })
        stage.forget("a")
        #expect(await stage.until { gone == nil })
        #expect(await stage.end() == .success)
    }

    @Test("a device that does not stop is left after its stop_timeout")
    func stubborn() async throws {
        let stage = try Stage(Self.site("devices: {d: {type: fake, mood: stubborn, stop_timeout: 300ms}}"))
        #expect(await stage.ready())
        #expect(await stage.end() == .success)
        #expect(stage.log.all.contains { $0.contains("did not stop in time") })
    }

    @Test("a third signal leaves a device that does not stop even when it is told to hurry")
    func thirdSignal() async throws {
        let stage = try Stage(Self.site("devices: {d: {type: fake, mood: stubborn, stop_timeout: 10min}}"))
        #expect(await stage.ready())
        stage.send(.stop)
        #expect(await stage.until { stage.events.all.contains("stop d") })
        stage.send(.stop)
        #expect(await stage.end() == .success)
        #expect(stage.log.all.contains { $0.contains("is left as it is") })
    }

    @Test(
        "a second signal, or the end of its time, cuts a stop short, and what makes the device safe is waited for",
        arguments: [("10min", true), ("300ms", false)])
    func cutShort(timeout: String, isSignalled: Bool) async throws {
        let stage = try Stage(Self.site("devices: {d: {type: fake, mood: careful, stop_timeout: \(timeout)}}"))
        #expect(await stage.ready())
        stage.send(.stop)
        #expect(await stage.until { stage.events.all.contains("stop d") })
        if isSignalled { stage.send(.stop) }
        #expect(await stage.exit() == .success)
        #expect(stage.events.all.last == "safe d")
        #expect(stage.log.all.contains { $0.contains("its stop was cut short") })
        #expect(!stage.log.all.contains { $0.contains("is left as it is") })
    }

    @Test("while one device stops the others stay listed, stopped and in alarm, until the frontends have ended")
    func listed() async throws {
        let stage = try Stage(
            Self.site(
                """
                devices: {quick: {type: fake}, late: {type: fake, mood: stubborn, stop_timeout: 10min}}
                frontends: {f: {type: show}, g: {type: show}}
                """))
        #expect(await stage.ready())
        let site = try #require(await stage.daemon.site)
        let device = try #require(stage.device("quick"))
        #expect(await stage.until { device.value.value == 2 })
        stage.send(.stop)
        #expect(await stage.until { site.device("quick")?.deviceState == .stopped })
        #expect(site.devices.map(\.name) == ["daqd", "late", "quick"])
        #expect(site.daemon.node.parameter("devices/quick/state")?.sample.value == .string("stopped"))
        #expect(device.value.sample.alarm.severity == .invalid && device.value.value == 2)
        for command in [device.measure, device.abort] {
            #expect(throws: DeviceError.self) { try command.start(origin: Self.origin) }
        }
        let refusal = await #expect(throws: DeviceError.self) {
            try await device.hardware.put(.float(3), origin: Self.origin)
        }
        #expect(refusal?.code == .unavailable)
        device.value.publish(3)
        #expect(device.value.sample.alarm.status == .communication)
        let late = try #require(stage.device("late"))
        #expect(try late.abort.start(origin: Self.origin).status.state != .failed)
        #expect(await stage.end() == .success)
        let states = ["daqd connected", "late stopped", "quick stopped"]
        #expect(stage.seen.all.sorted() == ["f", "g"].flatMap { name in states.map { "\(name): \($0)" } })
        #expect(site.devices.map(\.name) == ["daqd"])
    }

    @Test("a device that asks for more time gets it")
    func moreTime() async throws {
        let stage = try Stage(Self.site("devices: {d: {type: fake, mood: slow, stop_timeout: 2s}}"))
        #expect(await stage.ready())
        #expect(await stage.end() == .success)
        #expect(stage.events.all.last == "safe d")
        #expect(!stage.log.all.contains { $0.contains("did not stop in time") })
    }

    @Test("a stop during an acquisition tells it, refuses new work, and leaves an honest record")
    func stopWhileAcquiring() async throws {
        let stage = try Stage(Self.site("devices: {d: {type: fake, stop_timeout: 500ms}}"))
        #expect(await stage.ready())
        let device = try #require(stage.device("d"))
        _ = try device.measure.start(origin: Self.origin)
        let site = try #require(await stage.daemon.site)
        #expect(await stage.until { site.acquisitions.active.first?.record.state == .acquiring })
        stage.send(.stop)
        #expect(await stage.exit() == .success)
        let error = #expect(throws: DeviceError.self) { try device.measure.start(origin: Self.origin) }
        #expect(error?.code == .wrongState)
        let log = try RunLog(readingOnly: stage.folder.appendingPathComponent("state/\(RunLog.fileName)").path)
        let record = try #require(try await log.acquisitions(AcquisitionQuery()).records.first)
        #expect(record.state.isFinal)
        #expect(record.state != .done)
        #expect(record.frames.missing == 3)
        log.close()
        try FileManager.default.removeItem(at: stage.folder)
    }

    @Test("a device whose run fails is in alarm, is tried again, and recovers with its first word")
    func flaky() async throws {
        let stage = try Stage(Self.site("devices: {d: {type: fake, mood: flaky}}"))
        let device = await stage.until { stage.device("d")?.value.sample.alarm.severity == .invalid }
        #expect(device)
        let value = try #require(stage.device("d")?.value)
        #expect(value.sample.alarm.message == "10.0.0.1 does not answer")
        #expect(value.value == 1)
        #expect(await stage.until { value.sample.alarm == .none })
        #expect(value.value == 2)
        #expect(await stage.end() == .success)
    }

    @Test("a device that cannot be made is there, unavailable, with the reason; the daemon lives")
    func broken() async throws {
        let stage = try Stage(Self.site("devices: {d: {type: fake, mood: broken}, e: {type: fake}}"))
        #expect(await stage.ready())
        let site = try #require(await stage.daemon.site)
        #expect(site.device("d")?.deviceState.name == "unavailable")
        #expect(site.device("d")?.deviceState.message.contains("no such camera (20)") == true)
        #expect(site.device("e") != nil)
        #expect(await stage.end() == .success)
    }

    @Test("a frontend that cannot listen is tried again")
    func jammed() async throws {
        let stage = try Stage(Self.site("frontends: {f: {type: show, jammed: true}}"))
        #expect(await stage.until { stage.events.all.contains("listen f") })
        #expect(stage.log.all.contains { $0.contains("port 8080 is in use") })
        #expect(await stage.ready())
        #expect(await stage.end() == .success)
    }

    @Test("marked parameters are restored after a restart")
    func autosave() async throws {
        let text = Self.site("devices: {d: {type: fake}}")
        let first = try Stage(text)
        #expect(await first.ready())
        try await first.device("d")?.wish.put(.float(7.5), origin: Self.origin)
        first.send(.stop)
        #expect(await first.exit() == .success)
        let second = try Stage(text, folder: first.folder)
        #expect(await second.ready())
        #expect(second.device("d")?.wish.value == 7.5)
        #expect(second.device("d")?.value.value == 2 || second.device("d")?.value.value == 1)
        #expect(await second.end() == .success)
    }

    @Test(
        "the site chooses what is restored",
        arguments: [("[]", 1.0), ("[w*h]", 7.5), ("[value, marked]", 7.5), ("[w?]", 1.0)])
    func autosaveChoice(list: String, restored: Double) async throws {
        let text = Self.site("devices: {d: {type: fake, autosave: \(list)}}")
        let first = try Stage(text)
        #expect(await first.ready())
        try await first.device("d")?.wish.put(.float(7.5), origin: Self.origin)
        first.send(.stop)
        #expect(await first.exit() == .success)
        let second = try Stage(text, folder: first.folder)
        #expect(await second.ready())
        #expect(second.device("d")?.wish.value == restored)
        #expect(await second.end() == .success)
    }

    @Test("the daemon tells how each device is")
    func watchedDevices() async throws {
        let stage = try Stage(Self.site("devices: {d: {type: fake}, e: {type: fake, mood: broken}}"))
        #expect(await stage.ready())
        let daemon = try #require(await stage.daemon.site?.daemon.node)
        #expect(daemon.parameter("devices/e/state")?.sample.value == .string("unavailable"))
        #expect(daemon.parameter("devices/e/state")?.sample.alarm.severity == .invalid)
        #expect(daemon.parameter("devices/e/message")?.sample.value.string?.contains("no such camera") == true)
        #expect(daemon.parameter("devices/d/connected")?.sample.alarm.severity == AlarmSeverity.none)
        for path in ["cores", "process_id", "host_memory", "files", "threads", "heartbeat", "uptime_text"] {
            #expect(daemon.parameter(path)?.sample.timestamp != .never, "\(path)")
        }
        #expect(await stage.end() == .success)
    }

    @Test("a wrong configuration ends with 78 and a taken state directory with a clear line")
    func refusals() async throws {
        let wrong = try Stage("devices: {d: {type: fake, moood: x}}")
        #expect(await wrong.exit() == .configuration)
        let first = try Stage(Self.site("devices: {d: {type: fake}}"))
        #expect(await first.ready())
        let second = try Stage(Self.site("devices: {d: {type: fake}}"), folder: first.folder)
        #expect(await second.exit() == .configuration)
        #expect(await first.end() == .success)
        try? FileManager.default.removeItem(at: wrong.folder)
    }

    @Test("the service manager hears of start, life, reload and stop")
    func notification() async throws {
        let socket = try NotifySocket()
        let stage = try Stage(Self.site("devices: {d: {type: fake}}"), notifySocket: socket.path)
        #expect(await stage.ready())
        stage.send(.reload)
        #expect(await stage.until { socket.messages().contains { $0.contains("WATCHDOG=1") } })
        #expect(await stage.until { socket.messages().filter { $0.contains("READY=1") }.count == 2 })
        #expect(await stage.end() == .success)
        let messages = socket.messages()
        #expect(messages.first?.hasPrefix("READY=1\nSTATUS=devices: 1") == true)
        #expect(messages.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
        #expect(messages.last { !$0.contains("WATCHDOG") }?.hasPrefix("STOPPING=1") == true)
    }
}

/// The service manager's end of the notification socket.
final class NotifySocket {
    let path: String
    private let descriptor: Int32
    private var received: [String] = []

    init() throws {
        path = "/tmp/daqd-notify-\(UUID().uuidString.prefix(8))"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw DeviceError(.failed, "no socket") }
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    func messages() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 1024)
        while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
            received.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
        return received
    }
}
