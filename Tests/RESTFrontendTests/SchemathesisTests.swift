// Part of daqd
// SPDX-License-Identifier: MIT

@testable import DAQKernel
import Foundation
import HTTPTesting
@testable import RESTFrontend
import Testing

@Suite("REST against its description")
struct SchemathesisTests {
    @Test("schemathesis finds no 500 and no reply that differs from the document")
    func schemathesis() async throws {
        let fixture = try await RESTFixture { ($0.wait, $0.maximumWait) = (0.2, 1) }
        let path = fixture.directory.path("a_master.h5")
        try Data(repeating: 7, count: 5000).write(to: URL(fileURLWithPath: path))
        try await fixture.site.acquisitions.acquisitions(of: "eiger1").run(AcquisitionPlan(named: "a")) { acquisition in
            try await acquisition.armed()
            try await acquisition.add(Artifact(path: path, role: .master, size: 5000))
        }
        let port = fixture.port
        let report = try await blocking { try Schemathesis.run(port: port, examples: 15, limitSeconds: 300) }
        #expect(report.status == 0, "\(report.output.suffix(6000))")
        let passed = report.output.firstMatch(of: /([0-9]+) generated, ([0-9]+) passed/)
        #expect(passed.map { $0.1 == $0.2 } == true, "\(report.output.suffix(2000))")
        #expect((passed.flatMap { Int($0.1) } ?? 0) > 500)
    }
}
