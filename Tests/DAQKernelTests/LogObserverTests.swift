// Part of daqd
// SPDX-License-Identifier: MIT

import DAQKernel
import Synchronization
import Testing

@Suite("Observers of the log")
struct LogObserverTests {
    @Test("an observer hears what is written by every component of the place, until it is removed")
    func observes() {
        let heard = Mutex<[String]>([])
        let logger = Logger(component: "daqd", level: .info) { _ in }
        let number = logger.observe { record in heard.withLock { $0.append("\(record.component) \(record.message)") } }
        logger.info("one")
        logger.child("part").warning("two")
        logger.debug("not written")
        logger.removeObserver(number)
        logger.info("three")
        #expect(heard.withLock { $0 } == ["daqd one", "daqd.part two"])
    }
}
