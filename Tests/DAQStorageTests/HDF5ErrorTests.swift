// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage
import Foundation
import Testing

@Suite("HDF5 refusals and the one thread")
struct HDF5ErrorTests {
    private func message<Result: Sendable>(_ body: @HDF5 @Sendable () throws -> Result) async -> String {
        do {
            _ = try await HDF5.run(body)
            return "no error"
        } catch { return "\(error)" }
    }

    @Test("an absent file is named, with the system's reason")
    func absent() async {
        let text = await message { try HDF5File.open("/nowhere/run_1.h5") }
        #expect(text.hasPrefix("cannot open /nowhere/run_1.h5: "))
        #expect(text.contains("No such file or directory"))
    }

    @Test("files that are not HDF5, cut short or damaged give an error")
    func damaged() async throws {
        let folder = try TemporaryFolder()
        let image = try await HDF5.run {
            let file = try HDF5File.createInMemory()
            let frame = [UInt16](repeating: 3, count: 10_000)
            let data = try file.createDataset(
                "data", .frames(.uint16, count: 2, rows: 100, columns: 100, filter: .none))
            for index in 0..<2 { try data.writeChunk(at: [index, 0, 0], bytes(frame)) }
            return try file.image()
        }
        let cases: [(String, [UInt8])] = [
            ("empty", []), ("text", Array("hello, this is no HDF5".utf8)), ("signature", Array(image.prefix(8))),
            ("half", Array(image.prefix(image.count / 2))), ("short", Array(image.dropLast(1))),
        ]
        for (name, bytes) in cases {
            let path = folder.path(name)
            try Data(bytes).write(to: URL(filePath: path))
            let text = await message { try HDF5File.open(path).dataset("data").readChunk(at: [1, 0, 0]) }
            #expect(text.hasPrefix("cannot open \(path): "), "\(text)")
        }
    }

    @Test("wrong paths, types and shapes are refused with what and where")
    func wrongUse() async {
        let cases: [(@HDF5 @Sendable (HDF5File) throws -> Void, String)] = [
            ({ _ = try $0.dataset("nothing") }, "cannot open dataset memory.h5:/nothing"),
            ({ _ = try $0.group("text") }, "cannot open group memory.h5:/text"),
            ({ _ = try $0.dataset("text").read(as: Double.self) }, "cannot read memory.h5:/text"),
            ({ _ = try $0.dataset("number").readText() }, "cannot read memory.h5:/number: it is uint32, not text"),
            ({ _ = try $0.dataset("many").read(as: UInt8.self, limit: 99) }, "more than the 99 allowed"),
            ({ try $0.write("text", "again") }, "cannot create dataset memory.h5:/text"),
            ({ try $0.write("bad", [1.0, 2.0], shape: [3]) }, "2 values do not fill the shape [3]"),
            (
                { _ = try $0.createDataset("c", .init(elementType: .uint8, shape: [1, 2], chunk: [1])) },
                "chunks of [1]"
            ),
            (
                { _ = try $0.createDataset("c", .init(elementType: .init(.signed, size: 3), shape: [2], chunk: [1])) },
                "int24"
            ),
            ({ _ = try $0.createDataset("c", .init(elementType: .uint8, shape: [2], chunk: [0])) }, "chunks of [0]"),
            ({ _ = try $0.dataset("many").readChunk(at: [0]) }, "cannot read the chunk"),
            ({ try $0.dataset("many").writeChunk(at: [0], [1]) }, "cannot write the chunk"),
        ]
        for (body, expected) in cases {
            let text = await message {
                let file = try HDF5File.createInMemory()
                try file.write("text", "words")
                try file.write("number", UInt32(1))
                try file.write("many", [UInt8](repeating: 0, count: 100))
                try body(file)
            }
            #expect(text.contains(expected), "\(text)")
        }
    }

    @Test("tasks and threads at once: every call is made by one thread, and each file is right")
    func concurrency() async throws {
        let folder = try TemporaryFolder()
        let base = folder.url.path
        try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for index in 0..<40 {
                group.addTask {
                    let path = "\(base)/\(index).h5"
                    if index.isMultiple(of: 2) { return try await write(path, index) }
                    return try await withCheckedThrowingContinuation { continuation in
                        Thread.detachNewThread { continuation.resume(with: Result { try writeBlocking(path, index) }) }
                    }
                }
            }
            var threads: Set<UInt64> = []
            for try await found in group { threads.formUnion(found) }
            #expect(threads.count == 1)
        }
        for index in 0..<40 {
            let path = "\(base)/\(index).h5"
            let values = try await HDF5.run { try HDF5File.open(path).dataset("values").read(as: Int64.self) }
            #expect(values == [Int64](repeating: Int64(index), count: 1000))
        }
    }
}

private func currentThread() -> UInt64 { UInt64(pthread_self()) }

@Sendable private func write(_ path: String, _ index: Int) async throws -> [UInt64] {
    let file = try await HDF5.run { try HDF5File.create(path) }
    let first = try await HDF5.run {
        try file.write("values", [Int64](repeating: Int64(index), count: 1000))
        return currentThread()
    }
    let second = try await HDF5.run {
        try file.close()
        return currentThread()
    }
    return [first, second]
}

@Sendable private func writeBlocking(_ path: String, _ index: Int) throws -> [UInt64] {
    [
        try HDF5.blocking {
            let file = try HDF5File.create(path)
            try file.write("values", [Int64](repeating: Int64(index), count: 1000))
            try file.close()
            return currentThread()
        }
    ]
}
