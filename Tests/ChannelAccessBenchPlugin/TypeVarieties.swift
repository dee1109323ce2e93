// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The records that the tests of a public Channel Access client expect of its server, as a name set `clients`.
struct TypeVarieties {
    let nameSet: NameSet

    private static let group = "clients/"

    init() {
        var names: [String] = []
        func named(_ parameter: AnyParameter) { names.append(String(parameter.name.dropFirst(Self.group.count))) }
        Self.scalars().forEach(named)
        Self.arrays().forEach(named)
        Self.subarrays().forEach(named)
        Self.attributes().forEach(named)
        nameSet = NameSet(
            "clients", summary: "What the tests of public clients expect",
            entries: names.map { NameEntry($0, .parameter(Self.group + $0)) })
    }

    private static func decorate(_ metadata: inout ParameterMetadata) {
        metadata.unit = "doodles"
        metadata.precision = 5
        metadata.displayLimits = 3.13...3.15
    }

    private static func scalars() -> [AnyParameter] {
        let pi = member(group + "pi", .number(.float64), .float(3.14)) {
            decorate(&$0)
            $0.limits = 3.1...3.18
        }
        let counts = ["int", "int2", "int3"].map {
            member(group + $0, .number(.int32), .integer(96)) { $0.unit = "doodles" }
        }
        let longs = zip(["long1", "long2", "long3", "long4"], [123456, 543210, 543210, 543210]).map {
            member(group + $0, .number(.int32), .integer($1))
        }
        let doubles = ["ao2", "ao3", "ao4", "ai1"].map {
            member(group + $0, .number(.float64), .float(1)) { $0.description = "ao" }
        }
        let texts = ["str": "hello", "empty_string": "", "str1": "s", "str2": ""].map { text(group + $0, $1) }
        let states = ["Stop", "Start", "Pause", "Resume"]
        let choices = [
            choice(group + "enum", ["a", "b", "c", "d"], 1), choice(group + "mbbo1", states),
            choice(group + "mbbo2", states), choice(group + "pause", ["Not Paused", "Paused"]),
        ]
        let truths = zip(["bo1", "bi1", "xbi", "xbo"], [true, true, true, false]).map {
            member(group + $0, .bool, .bool($1))
        }
        return [pi] + counts + longs + doubles + texts + choices + truths
    }

    private static func arrays() -> [AnyParameter] {
        let fibonacci: [Double] = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
        var all = [
            member(group + "fib", .array(.float64, capacity: [11]), .array(ArrayValue(fibonacci)), decorate),
            array(group + "waveform", .int32, 4000), array(group + "empty_float", .float64, 2),
            array(group + "char256", .uint8, 256),
        ]
        all += ["chararray", "empty_bytes", "empty_char"].map { array(group + $0, .uint8, 20) }
        for (suffix, length) in [("128", 128), ("2k", 2048), ("64k", 65536)] {
            all.append(array(group + "char" + suffix, .uint8, length))
            all.append(array(group + "double" + suffix, .float64, length))
            all.append(array(group + "long" + suffix, .int32, length))
            all.append(member(group + "string" + suffix, .strings(capacity: length), .strings([])))
        }
        return all
    }

    /// A number whose unit and precision clients may write, as in a record.
    private static func attributes() -> [AnyParameter] {
        let number = member(group + "ao1", .number(.float64), .float(1)) { $0.description = "ao" }
        let unit = text(group + "ao1.EGU")
        unit.onWrite { value, _ in
            number.updateMetadata { $0.unit = value.string ?? "" }
            unit.publish(value)
        }
        let precision = Parameter<Int16>(group + "ao1.PREC", "Digits after the point", initial: 0)
        precision.onWrite { value, _ in
            number.updateMetadata { $0.precision = Int(value) }
            precision.publish(value)
        }
        return [number, unit, precision]
    }

    /// Windows into `wave_test`, each with a number of elements and a first index of its own.
    private static func subarrays() -> [AnyParameter] {
        let whole = array(group + "wave_test", .float64, 64) { $0.unit = "Counts" }
        let windows = (1...4).map { Window(group + "subArr\($0)", first: 16 * ($0 - 1)) }
        whole.onWrite { value, _ in
            whole.publish(value)
            for window in windows { window.show(value) }
        }
        let empty = array(group + "ZeroLenSubArr1", .float64, 64)
        return [whole, empty] + windows.flatMap(\.members)
    }
}

/// A part of an array that follows the whole.
private struct Window {
    let part: Parameter<DataValue>
    let length: Parameter<Int32>
    let first: Parameter<Int32>

    var members: [AnyParameter] { [part, length, first] }

    init(_ name: String, first index: Int) {
        part = array(name, .float64, 64)
        length = Parameter(name + ".NELM", "Elements shown", initial: 16)
        first = Parameter(name + ".INDX", "First element shown", initial: Int32(index))
    }

    func show(_ whole: DataValue) {
        guard let all = [Double](whole) else { return }
        part.publish([Double](all.dropFirst(Int(max(0, first.value))).prefix(Int(max(0, length.value)))).dataValue)
    }
}
