// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel
internal import Glibc

/// The acquisition as a program sees it: environment variables for the simple, JSON for the rest.
enum AcquisitionEnvironment {
    /// Variables `DAQD_…`; numbers that are not known are empty.
    static func variables(_ record: AcquisitionRecord) -> [String: String] {
        let primary = record.artifacts.filter { $0.role == .master || $0.role == .data || $0.role == .other }
        let master = record.artifacts.first { $0.role == .master } ?? primary.first
        func text(_ number: Int64?) -> String { number.map { String($0) } ?? "" }
        return [
            "DAQD_ACQUISITION": record.id, "DAQD_DEVICE": record.device, "DAQD_NAME": record.name,
            "DAQD_STATE": (record.verdict ?? record.state).rawValue, "DAQD_RESULT": record.result ?? "",
            "DAQD_BEGAN": record.began.description, "DAQD_EXPECTED": text(record.frames.expected),
            "DAQD_RECEIVED": text(record.frames.received), "DAQD_MISSING": text(record.frames.missing),
            "DAQD_MASTER": master?.path ?? "", "DAQD_FILES": primary.map(\.path).joined(separator: "\n"),
        ].mapValues { $0.filter { $0 != "\0" } }
    }

    /// The record as one JSON object: that of the REST interface, with the state that the acquisition is going to have
    /// and who asks.
    static func json(_ job: PostOperationJob) -> String {
        var members = job.acquisition.json.members ?? []
        members.append(("outcome", .string(job.outcome.rawValue)))
        members.append(("operation", .string(job.name)))
        members.append(("attempt", .integer(Int64(job.attempt))))
        return JSON.object(members).text
    }
}

/// The environment that this process was started with.
enum ParentEnvironment {
    /// Read from the system, because the C library's own table may change under another thread's `setenv`.
    static var variables: [String: String] {
        guard let file = unsafe fopen("/proc/self/environ", "re") else { return [:] }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65536)
        while case let count = unsafe fread(&block, 1, block.count, file), count > 0, bytes.count < 16 << 20 {
            bytes += block.prefix(count)
        }
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")), equals > entry.startIndex else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            variables[name] = String(decoding: entry[(equals + 1)...], as: UTF8.self)
        }
        return variables
    }
}
