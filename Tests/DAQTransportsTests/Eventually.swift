// Part of daqd
// SPDX-License-Identifier: MIT
import Testing

/// Polls until the condition holds; a failure after 20 s.
func eventually(_ condition: () -> Bool) async throws {
    for _ in 0..<2000 {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("the condition did not come true within 20 s")
}
