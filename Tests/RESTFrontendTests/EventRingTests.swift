// Part of daqd
// SPDX-License-Identifier: MIT

@testable import RESTFrontend
import Testing

@Suite("REST event ring")
struct EventRingTests {
    @Test("holds the last events, in order, and knows what is gone", arguments: [1, 2, 3, 7, 100])
    func ring(capacity: Int) {
        var ring = EventRing(capacity: capacity)
        for number in 1...50 {
            ring.append(.parameter, "d", "p", [UInt8(number)])
            #expect(ring.next == number + 1 && ring.oldest == max(1, number + 1 - capacity))
            for from in 0...(number + 2) {
                let events = ring.events(from: from, limit: 1000)
                if from < ring.oldest || from > ring.next {
                    #expect(events == nil)
                } else {
                    #expect(events?.map(\.number) == Array(from..<ring.next))
                    #expect(events?.map { Int($0.data[0]) } == Array(from..<ring.next))
                    #expect(ring.events(from: from, limit: 2)?.count == min(2, ring.next - from))
                }
            }
        }
    }
}
