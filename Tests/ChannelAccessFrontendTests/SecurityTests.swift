// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Foundation
import Synchronization
import Testing

@testable import ChannelAccessFrontend

@Suite("Access rules")
struct AccessRuleTests {
    private static func client(_ user: String, _ address: String, host: String = "") -> ClientIdentity {
        ClientIdentity(user: user, host: host, address: address)
    }

    @Test("the first rule that fits decides; without one everything is allowed") func order() throws {
        var rules = AccessRules()
        rules.rules = [
            .init(names: ["EIG1:*"], users: ["alice"], rights: [.read, .write]),
            .init(names: ["EIG1:*"], hosts: [try #require(HostPattern("10.1.0.0/16"))], rights: [.read]),
            .init(names: ["EIG1:secret?"], rights: []),
        ]
        #expect(rules.rights(of: Self.client("alice", "10.1.2.3"), record: "EIG1:x") == [.read, .write])
        #expect(rules.rights(of: Self.client("bob", "10.1.2.3"), record: "EIG1:x") == [.read])
        #expect(rules.rights(of: Self.client("bob", "10.2.2.3"), record: "EIG1:secret1") == [])
        #expect(rules.rights(of: Self.client("bob", "10.2.2.3"), record: "EIG1:secret12") == [.read, .write])
        #expect(rules.rights(of: Self.client("bob", "10.2.2.3"), record: "other") == [.read, .write])
    }

    @Test("a host's name counts only where the site says so") func hostNames() throws {
        var rules = AccessRules()
        rules.rules = [.init(hosts: [try #require(HostPattern("Beamline-PC"))], rights: [.read])]
        let claim = Self.client("x", "10.0.0.1", host: "beamline-pc")
        #expect(rules.rights(of: claim, record: "a") == [.read, .write])
        rules.trustsHostNames = true
        #expect(rules.rights(of: claim, record: "a") == [.read])
    }

    @Test(
        "networks",
        arguments: [
            ("10.0.0.0/33", false), ("10.0.0.0/", false), ("10.0.0.0/8/8", false), ("a/8", false), ("", false),
            ("10.0.0.0/0", true), ("1.2.3.4", true), ("pc", true),
        ])
    func networks(text: String, isGood: Bool) {
        #expect((HostPattern(text) != nil) == isGood)
    }
}

@Suite("Access security files")
struct AccessFileTests {
    static let text = """
        # who may do what
        UAG(staff) {alice, "bob"}
        HAG(hutch) {hutch-pc, 10.1.0.0/16}
        ASG(DEFAULT) { RULE(1, READ) RULE(0, WRITE) { UAG(staff) HAG(hutch) } }
        ASG(BEAM) {
            INPA(SR:current)
            RULE(1, WRITE, TRAPWRITE) { CALC("A < 5 && A >= 0") UAG(staff) }
            RULE(1, READ)
        }
        ASG(CLOSED) { RULE(1, NONE) }
        """

    private static func client(_ user: String, _ address: String = "10.1.1.1") -> ClientIdentity {
        ClientIdentity(user: user, host: "", address: address)
    }

    @Test("groups, levels and conditions") func rights() throws {
        let file = try AccessFileParser.parse(Array(Self.text.utf8))
        func rights(_ user: String, _ address: String, _ group: String, _ level: AccessLevel, _ value: Double?)
            -> AccessRights
        {
            file.rights(of: Self.client(user, address), group: group, level: level) { _ in value }
        }
        #expect(rights("alice", "10.1.1.1", "DEFAULT", .operator, nil) == [.read, .write])
        #expect(rights("alice", "10.1.1.1", "DEFAULT", .engineer, nil) == [.read])
        #expect(rights("alice", "10.2.1.1", "DEFAULT", .operator, nil) == [.read])
        #expect(rights("carol", "10.1.1.1", "DEFAULT", .operator, nil) == [.read])
        #expect(rights("alice", "10.1.1.1", "BEAM", .engineer, 2) == [.read, .write])
        #expect(rights("alice", "10.1.1.1", "BEAM", .engineer, 5) == [.read])
        #expect(rights("alice", "10.1.1.1", "BEAM", .engineer, nil) == [.read])
        #expect(rights("alice", "10.1.1.1", "CLOSED", .operator, nil) == [])
        #expect(rights("alice", "10.1.1.1", "UNKNOWN", .operator, nil) == [.read, .write])
        #expect(file.inputs == ["SR:current"])
    }

    @Test("an empty file leaves everything open") func empty() throws {
        let file = try AccessFileParser.parse([])
        #expect(file.rights(of: Self.client("x"), group: "DEFAULT", level: .engineer) { _ in nil } == [.read, .write])
    }

    @Test(
        "errors name the line",
        arguments: [
            ("UAG(a) {b", 1), ("UAG(a) {b c}", 1), ("\nFOO(a)", 2), ("ASG(a) { RULE(2, READ) }", 1),
            ("ASG(a) { RULE(1) }", 1),
            ("ASG(a) { RULE(1, SOME) }", 1), ("ASG(a) {\n INPZ(x) }", 2),
            ("ASG(a) { RULE(1,READ) { CALC(\"A <\") } }", 1),
            ("ASG(a)\nASG(a)", 2), ("HAG(a) { 10.0.0.0/99 }", 1), ("UAG(a) {\"b}", 1), ("UAG(a) {b} %", 1), ("ASG", 1),
            ("(", 1),
            ("ASG(a) { RULE(1,READ,MAYBE) }", 1),
        ])
    func errors(text: String, line: Int) {
        do throws(AccessFileError) {
            _ = try AccessFileParser.parse(Array(text.utf8))
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.line == line)
        }
    }

    @Test("no truncation and no change of a byte does harm") func mutations() {
        let good = Array(Self.text.utf8)
        for length in good.indices { _ = try? AccessFileParser.parse(Array(good[..<length])) }
        for index in good.indices {
            for byte in [0, 10, 34, 40, 41, 44, 123, 125, 255] as [UInt8] {
                var bad = good
                bad[index] = byte
                _ = try? AccessFileParser.parse(bad)
            }
        }
        #expect(throws: AccessFileError.self) {
            try AccessFileParser.parse([UInt8](repeating: 32, count: AccessFile.maximumBytes + 1))
        }
    }

    @Test(
        "conditions are calculated",
        arguments: [
            ("1", 1), ("A=2", 1), ("A==2&&B#3", 0), ("A==2&&B#4", 1), ("!(A>1)||B<=0", 0), ("-A+3*2/3", 0),
            ("a+b*2", 8), ("(A+B)*2", 10),
            ("A!=2", 0), ("1-1-1", -1), ("2*3>5", 1),
        ] as [(String, Double)])
    func calculation(text: String, result: Double) throws {
        let calculation = try #require(Calculation(text))
        #expect(calculation.value([UInt8(ascii: "A"): 2, UInt8(ascii: "B"): 3]) == result)
    }

    @Test(
        "what cannot be calculated is refused",
        arguments: ["", "A+", "(A", "A)", "AB", "1..2", "V", "&&", "1 2", "sin(A)"])
    func refusedCalculation(text: String) {
        #expect(Calculation(text) == nil)
    }

    @Test("depth and length of a condition are bounded") func boundedCalculation() {
        #expect(Calculation(String(repeating: "(", count: 120) + "1" + String(repeating: ")", count: 120)) == nil)
        #expect(Calculation(String(repeating: "-", count: 200) + "1") == nil)
        #expect(Calculation("1" + String(repeating: "+1", count: 200)) == nil)
        #expect(Calculation("1" + String(repeating: "+1", count: 100)) != nil)
    }
}

@Suite("Put log")
struct PutLogTests {
    private static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("daqd-ca-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func note(_ number: Int) -> PutNote {
        PutNote(
            time: Timestamp(nanoseconds: Int64(number)), name: "X:a", old: .integer(Int64(number - 1)),
            new: .integer(Int64(number)),
            origin: Origin(frontend: "ca", user: "alice", host: "pc"), outcome: .done)
    }

    @Test("a line per write, whole, in order; full files are kept, the oldest goes") func rotation() async throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("puts.log").path
        let file = RotatingFile(path: path, maximumBytes: 2000, kept: 2)
        let log = PutLog(file, logger: Logger(component: "test") { _ in })
        for number in 1...500 {
            log.add(Self.note(number))
        }
        await log.close()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names.allSatisfy { ["puts.log", "puts.log.1", "puts.log.2"].contains($0) })
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let last = try #require(text.split(separator: "\n").last)
        let json = try JSON(parsing: String(last))
        #expect(json["pv"]?.string == "X:a")
        #expect(json["user"]?.string == "alice")
        #expect(json["new"] == .integer(500))
        #expect(json["old"] == .integer(499))
    }

    @Test("a line that a crash cut short is ended before the next one") func cut() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("puts.log").path
        try "{\"half".write(toFile: path, atomically: true, encoding: .utf8)
        let file = RotatingFile(path: path, maximumBytes: 10_000, kept: 1)
        try file.append(["whole\n"])
        file.close()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "{\"half\nwhole\n")
    }

    @Test("a size that is reached begins a new file") func sizes() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("puts.log").path
        let file = RotatingFile(path: path, maximumBytes: 10, kept: 2)
        for text in ["aaaaaa\n", "bbbbbb\n", "cccccc\n", "dddddd\n"] { try file.append([text]) }
        file.close()
        func content(_ suffix: String) -> String? { try? String(contentsOfFile: path + suffix, encoding: .utf8) }
        #expect(content("") == "dddddd\n")
        #expect(content(".1") == "cccccc\n")
        #expect(content(".2") == "bbbbbb\n")
        #expect(content(".3") == nil)
    }

    @Test("a log that cannot be written says so and stops nobody") func unwritable() async throws {
        let lines = Mutex<[String]>([])
        let logger = Logger(component: "test") { record in lines.withLock { $0.append(record.text) } }
        let log = PutLog(RotatingFile(path: "/nowhere/puts.log", maximumBytes: 1000, kept: 1), logger: logger)
        log.add(Self.note(1))
        await log.close()
        #expect(lines.withLock { $0.contains { $0.contains("/nowhere/puts.log") } })
    }
}
