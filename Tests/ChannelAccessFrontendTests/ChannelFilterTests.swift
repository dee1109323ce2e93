// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
import Synchronization
import Testing

@testable import ChannelAccessFrontend

@Suite("Channel filters")
struct ChannelFilterTests {
    private static let time = Timestamp(nanoseconds: 1_795_662_600_123_456_789)

    private static func filters(_ text: String) -> [ChannelFilter]? {
        let parsing = FilterParsing { name in
            guard name == "acquiring" else { return nil }
            return { true }
        }
        return try? parsing.filters(Array(text.utf8)[...])
    }

    /// The numbers that pass of those that come.
    private static func passed(_ filter: String, _ numbers: [Double]) throws -> [Double] {
        var state = FilterState(try #require(filters(filter)))
        return numbers.compactMap { number in
            state.pass([.value, .archive], Sample(.float(number), timestamp: time))?.sample.value.double
        }
    }

    @Test("a dead band drops what is not beyond it") func deadBand() throws {
        let puts: [Double] = [3, 0, 1, 5, 5.5, 6, 11.5, 12]
        #expect(try Self.passed("{dbnd:{abs:5}}", puts) == [3, 11.5])
        #expect(try Self.passed("{dbnd:{d:5,m:'abs'}}", puts) == [3, 11.5])
        #expect(try Self.passed("{dbnd:{rel:10}}", [100, 105, 110, 111, 122, 123]) == [100, 111, 123])
        #expect(try Self.passed("{dbnd:{d:10,m:'rel'}}", [100, 110, 111]) == [100, 111])
        #expect(try Self.passed("{dbnd:{abs:0}}", [1, 1, 2]) == [1, 2])
    }

    @Test("alarms pass a dead band, and only as alarms") func alarmPasses() throws {
        var state = FilterState(try #require(Self.filters("{dbnd:{abs:5}}")))
        let sample = Sample(.float(1), timestamp: Self.time)
        #expect(state.pass([.value, .archive], sample)?.changes == [.value, .archive])
        #expect(state.pass([.value, .archive, .alarm], sample)?.changes == .alarm)
        #expect(state.pass(.metadata, sample)?.changes == .metadata)
        #expect(state.pass([.value], sample) == nil)
        #expect(state.pass([.value], Sample(.string("x"), timestamp: Self.time)) != nil)
    }

    @Test("a decimation passes the first and then every n-th") func decimation() throws {
        #expect(try Self.passed("{dec:{n:3}}", [1, 2, 3, 4, 5, 6, 7]) == [1, 4, 7])
        #expect(try Self.passed("{dec:{n:1}}", [1, 2]) == [1, 2])
    }

    @Test("filters apply in the order written") func order() throws {
        #expect(try Self.passed("{dec:{n:2},dbnd:{abs:2}}", [1, 9, 2, 9, 4, 9]) == [1, 4])
        #expect(try Self.passed("{dbnd:{abs:2},dec:{n:2}}", [1, 9, 2, 9, 4, 9]) == [1, 2, 4])
    }

    @Test("a flag lets pass what its mode says") func synchronization() throws {
        let flags = [false, false, true, true, false, false]
        let expected: [(ChannelFilter.SyncMode, [Double])] = [
            (.while, [3, 4]), (.unless, [1, 2, 5, 6]), (.first, [3]), (.after, [5]), (.before, [2]), (.last, [4]),
        ]
        for (mode, passing) in expected {
            let flag = Mutex(false)
            var state = FilterState([.synchronization(mode) { flag.withLock { $0 } }])
            var passed: [Double] = []
            for (index, isOn) in flags.enumerated() {
                flag.withLock { $0 = isOn }
                let event = state.pass([.value], Sample(.float(Double(index + 1)), timestamp: Self.time))
                if let number = event?.sample.value.double { passed.append(number) }
            }
            #expect(passed == passing, "\(mode)")
        }
    }

    @Test("a time stamp in place of the value") func stamps() throws {
        func shown(_ text: String) throws -> DataValue {
            let filter = try #require(Self.filters(text)?.first)
            return filter.shown(Sample(.float(1), timestamp: Self.time)).value
        }
        #expect(try shown("{ts:{num:'sec'}}") == .float(1_795_662_600 - 631_152_000))
        #expect(try shown("{ts:{num:'sec',epoch:'unix'}}") == .float(1_795_662_600))
        #expect(try shown("{ts:{num:'nsec'}}") == .float(123_456_789))
        #expect(try shown("{ts:{num:'dbl',epoch:'unix'}}") == .float(1_795_662_600.123456789))
        #expect(
            try shown("{ts:{num:'ts',epoch:'epics'}}")
                == .array(ArrayValue([1_795_662_600.0 - 631_152_000, 123_456_789])))
        #expect(try shown("{ts:{str:'epics'}}") == .string("2026-11-26 03:10:00.123456"))
        #expect(try shown("{ts:{str:'iso'}}") == .string("2026-11-26T03:10:00.123456+0000"))
        let now = try #require(Self.filters("{ts:{}}")?.first)
        #expect(now.shown(Sample(.float(1), timestamp: Self.time)).timestamp > Self.time || Timestamp.now() < Self.time)
    }

    @Test("type and count behind a filter") func shapes() throws {
        func shape(_ text: String, _ type: NativeType, _ count: Int) throws -> (NativeType, Int) {
            try #require(Self.filters(text)).reduce((type, count)) { $1.shape($0.0, $0.1) }
        }
        #expect(try shape("{arr:{s:1,e:3}}", .short, 16) == (.short, 3))
        #expect(try shape("{arr:{s:0,i:2}}", .short, 16) == (.short, 8))
        #expect(try shape("{arr:{s:-2,e:-1}}", .short, 16) == (.short, 2))
        #expect(try shape("{ts:{num:'ts'}}", .short, 16) == (.double, 2))
        #expect(try shape("{ts:{num:'nsec'}}", .short, 16) == (.double, 1))
        #expect(try shape("{ts:{str:'iso'}}", .short, 16) == (.string, 1))
        #expect(try shape("{dbnd:{abs:1}}", .double, 1) == (.double, 1))
    }

    @Test(
        "unknown filters and wrong parameters are refused",
        arguments: [
            "{bogus:{}}", "{dbnd:{}}", "{dbnd:{abs:'x'}}", "{dbnd:{abs:1,rel:2}}", "{dbnd:{abs:-1}}",
            "{dbnd:{d:1,m:'x'}}",
            "{dbnd:{abs:1,x:1}}", "{dbnd:5}", "{arr:{i:0}}", "{arr:{s:1.5}}", "{arr:{s:'1'}}", "{arr:{q:1}}",
            "{ts:{num:'x'}}",
            "{ts:{num:'dbl',str:'iso'}}", "{ts:{epoch:'unix'}}", "{ts:{num:'dbl',epoch:'x'}}", "{dec:{}}",
            "{dec:{n:0}}",
            "{dec:{n:1.5}}", "{sync:{}}", "{sync:{m:'while'}}", "{sync:{m:'while',s:'nobody'}}",
            "{sync:{x:'acquiring'}}",
            "{sync:{while:5}}", "[1]", "5", "{dec:[1]}",
        ])
    func refused(text: String) {
        #expect(Self.filters(text) == nil)
    }

    @Test("the forms of sync", arguments: ["{sync:{while:'acquiring'}}", "{sync:{m:'first',s:'acquiring'}}"])
    func syncForms(text: String) {
        #expect(Self.filters(text)?.count == 1)
    }
}
