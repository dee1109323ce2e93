// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Foundation
import HTTPTesting
import Testing

@testable import EigerSimulator

/// What Python clients do with the simulator: a control session in the shape of DECTRIS' client, and h5py with hdf5plugin.
@Suite("Python clients")
struct PythonTests {
    @Test("a session of a plain http.client, from discovery to verified files", arguments: ["bslz4", "lz4", "none"])
    func session(compression: String) async throws {
        let bench = try Bench(speed: 20)
        let port = bench.simulation.port
        let output = try await blocking {
            try ChildProgram.python("session.py", ["--port", "\(port)", "--compression", compression])
        }
        #expect(output.hasSuffix("ok"), "\(output)")
    }

    @Test(
        "images in the master, 8, 16 and 32 bit, and an aborted series",
        arguments: ["--in-master", "--depths", "--abort"])
    func variants(option: String) async throws {
        let bench = try Bench(speed: 20)
        let port = bench.simulation.port
        let output = try await blocking { try ChildProgram.python("session.py", ["--port", "\(port)", option]) }
        #expect(output.hasSuffix("ok"), "\(output)")
    }
}

/// The stand-alone program.
@Suite("eiger-sim")
struct ProgramTests {
    @Test("it prints its port as JSON, answers, and ends at a signal", arguments: [SIGTERM, SIGINT])
    func life(signal: Int32) async throws {
        let (port, status) = try await blocking {
            let program = try ChildProgram(ChildProgram.built("eiger-sim"), ["--port", "0", "--speed", "100"])
            let line = try JSON(parsing: try program.firstLine())
            let port = Int(line["http"]?.integer ?? 0)
            #expect(line["model"] == "eiger2-500k")
            let reply = try RawConnection(port: port).ask("GET /detector/api/version")
            #expect(reply.status == 200)
            return (port, try program.end(signal))
        }
        #expect(status == 0)
        #expect(throws: (any Error).self) { _ = try RawConnection(port: port) }
    }

    @Test(
        "wrong options are refused with a sentence and exit 64",
        arguments: [
            ["--port"], ["--port", "70000"], ["--port", "x"], ["--speed", "0"], ["--nosuch"], ["--nosuch", "1"], ["x"],
        ])
    func options(arguments: [String]) async throws {
        let (status, text) = try await blocking {
            try ChildProgram.run(ChildProgram.built("eiger-sim"), arguments, limit: 30)
        }
        #expect(status == 64)
        #expect(text.hasPrefix("eiger-sim: "))
        #expect(text.contains(arguments[0]))
    }

    @Test("an unknown model or a port in use ends with exit 1 and says why")
    func refused() async throws {
        let bench = try Bench()
        let port = bench.simulation.port
        let program = try ChildProgram.built("eiger-sim")
        let (model, taken) = try await blocking {
            (
                try ChildProgram.run(program, ["--model", "eiger9", "--port", "0"], limit: 30),
                try ChildProgram.run(program, ["--port", "\(port)"], limit: 30)
            )
        }
        #expect(model.status == 1)
        #expect(model.text.contains("there are: eiger2-500k, eiger2-1m"))
        #expect(taken.status == 1)
        #expect(taken.text.contains("\(port)"))
    }

    @Test("help lists every option")
    func help() async throws {
        let (status, text) = try await blocking {
            try ChildProgram.run(ChildProgram.built("eiger-sim"), ["--help"], limit: 30)
        }
        #expect(status == 0)
        for option in ["--model", "--port", "--speed", "--seed", "--buffer", "--lenient"] {
            #expect(text.contains(option))
        }
    }
}

/// The simulator as a component of a site.
@Suite("Simulator component")
struct ComponentTests {
    @Test("the factory's settings have defaults, and a component listens between start and stop")
    func component() async throws {
        let settings: KeyValuePairs<String, SettingValue> = [
            "model": .string("eiger2-500k"), "address": .string("127.0.0.1"), "port": .integer(0),
            "speed": .number(50), "seed": .integer(1), "buffer_bytes": .integer(1 << 30),
            "initialize_time": .duration(.seconds(2)), "arm_time": .duration(.milliseconds(300)),
            "energy_time": .duration(.milliseconds(500)), "restart_time": .duration(.seconds(1)),
            "reboot_time": .duration(.seconds(5)), "apis": .list(["1.6.0", "1.8.0"]), "quirks": .list(["null_files"]),
            "lenient": .bool(false),
        ]
        let declared = EigerSimulatorComponent.factory.settings
        #expect(Set(declared.map(\.name)) == Set(settings.map(\.key) + ["script"]))
        #expect(declared.allSatisfy { $0.defaultValue != nil || $0.presence == .optional })
        let context = SimulatorContext(name: "sim1", logger: Self.logger)
        let component = try EigerSimulatorComponent(Settings(settings), context)
        #expect(component.port == nil)
        await component.stop()
        try await component.start()
        let port = try #require(component.port)
        let reply = try await blocking { try RawConnection(port: port).ask("GET /detector/api/version") }
        #expect(reply.status == 200)
        await component.stop()
        await component.stop()
        #expect(component.port == nil)
    }

    private static let logger = Logger(component: "sim1") { _ in }
}
