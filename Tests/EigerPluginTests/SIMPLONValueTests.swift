// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

@testable import DAQKernel
@testable import EigerPlugin

@Suite("SIMPLON values")
struct SIMPLONValueTests {
    private func value(_ text: String, _ task: SIMPLONKey.Task = .config) throws -> SIMPLONValue {
        try SIMPLONValue(JSON(parsing: text), task: task)
    }

    @Test("a real 1.6 envelope")
    func firstGeneration() throws {
        let value = try value(
            #"{"min":2.99990006169537e-06,"max":1800,"value":0.0998950004577637,"value_type":"float","access_mode":"rw","unit":"s"}"#
        )
        #expect(value.type == .number(.float64))
        #expect(value.unit == "s")
        #expect(value.limits == 2.99990006169537e-06...1800)
        #expect(value.access == .readWrite)
        #expect(try value.dataValue() == .float(0.0998950004577637))
    }

    @Test("dummy limits count as none")
    func dummyLimits() throws {
        let float = #"{"value":1.5,"value_type":"float","min":-3.4028234663852886e+38,"max":3.4028234663852886e+38}"#
        #expect(try value(float).limits == nil)
        #expect(try value(#"{"value":true,"value_type":"bool","min":-2147483648,"max":2147483648}"#).limits == nil)
        #expect(try value(#"{"value":32,"value_type":"uint","min":-2147483648,"max":2147483648}"#).limits == nil)
        #expect(try value(#"{"value":1,"value_type":"uint","min":1,"max":2000000000.0}"#).limits == 1...2e9)
        #expect(try value(#"{"value":1,"value_type":"uint","min":5,"max":2}"#).limits == nil)
        #expect(try value(#"{"value":1,"value_type":"float","min":0.5}"#).limits?.lowerBound == 0.5)
    }

    @Test("choices come as a list or as the bare text that a real unit sends")
    func choices() throws {
        let list = try value(#"{"value":"ints","value_type":"string","allowed_values":["ints","exts","ints",""]}"#)
        #expect(list.choices == ["ints", "exts"])
        #expect(list.type == .enumeration)
        let text = try value(#"{"value":"disabled","value_type":"string","allowed_values":"disabled"}"#)
        #expect(text.choices == ["disabled"])
        #expect(try value(#"{"value":"x","value_type":"string","allowed_values":[]}"#).type == .string(capacity: 0))
    }

    @Test("a value outside its choices is shown as it came")
    func foreignChoice() throws {
        let value = try value(#"{"value":"new","value_type":"string","allowed_values":["old"]}"#)
        #expect(try value.dataValue() == .string("new"))
    }

    @Test("whole numbers may come as floats, truth values as numbers")
    func looseNumbers() throws {
        #expect(try value(#"{"value":2000000000.0,"value_type":"uint"}"#).dataValue() == .integer(2_000_000_000))
        #expect(try value(#"{"value":1,"value_type":"bool"}"#).dataValue() == .bool(true))
        #expect(try value(#"{"value":8041.000000000,"value_type":"float"}"#).dataValue() == .float(8041))
        #expect(try value(#"{"value":8041,"value_type":"float"}"#).dataValue() == .float(8041))
    }

    @Test("what the detector does not know", arguments: ["null", #""""#, "[]"])
    func unknown(text: String) throws {
        #expect(try !value(#"{"value":\#(text),"value_type":"float"}"#).isKnown)
    }

    @Test(
        "values that contradict their type are refused",
        arguments: [
            (#""text""#, "float"), ("true", "float"), ("1.5", "uint"), ("-1", "uint"), ("2", "bool"), ("1", "string"),
            (#"[1,"a"]"#, "float[]"),
        ])
    func contradictions(text: String, type: String) throws {
        let value = try value(#"{"value":\#(text),"value_type":"\#(type)"}"#)
        #expect(throws: WireError.self) { try value.dataValue() }
    }

    @Test(
        "without a stated type the value tells it",
        arguments: [
            ("true", ValueType.bool), ("7", .number(.int64)), ("0.5", .number(.float64)),
            (#""a""#, .string(capacity: 0)),
            (#"["a"]"#, .strings(capacity: 0)), ("[1,2]", .array(.float64, capacity: [0])),
        ])
    func untyped(text: String, type: ValueType) throws {
        #expect(try value(#"{"value":\#(text)}"#).type == type)
    }

    @Test("access: absent means both for settings, reading for states")
    func access() throws {
        #expect(try value(#"{"value":1}"#).access == .readWrite)
        #expect(try value(#"{"value":1}"#, .status).access == .read)
        #expect(try value(#"{"value":1,"access_mode":"r"}"#).access == .read)
    }

    @Test(
        "series numbers in their three spellings",
        arguments: [
            (#"{"sequence id":7}"#, 7), (#"{"sequence_id":7}"#, 7), (#"{"series id":7}"#, 7),
            (#"{"sequence id":-1}"#, nil), ("{}", nil),
            ("null", nil), (#"{"sequence id":"7"}"#, nil), ("[7]", nil),
        ] as [(String, Int64?)])
    func sequenceID(text: String, id: Int64?) throws {
        #expect(SIMPLONReplies.sequenceID(try JSON(parsing: text)) == id)
    }

    @Test("after a PUT its key, what the detector names, and what is known to follow are read again")
    func refresh() {
        let key = SIMPLONKey.detector("photon_energy")
        let keys = SIMPLONDependents.refresh(after: key, changes: ["difference_mode", "../x", "flatfield"]) {
            ["threshold_energy", "photon_energy", "wavelength"].contains($0.name)
        }
        #expect(keys.map(\.name) == ["photon_energy", "threshold_energy", "wavelength"])
    }
}
