// Part of daqd
// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import DAQKernel

@Suite("SHA-256")
struct SHA256Tests {
    @Test("the published vectors")
    func vectors() {
        #expect(SHA256.hash("").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hash("abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        var sum = SHA256()
        for _ in 0..<1000 { sum.update([UInt8](repeating: 0x61, count: 1000)) }
        #expect(sum.finalize().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("a digest reads back from its digits and from nothing else")
    func digits() {
        let digest = SHA256.hash("x")
        #expect(SHA256.Digest(hex: digest.hex) == digest)
        #expect(SHA256.Digest(hex: digest.hex.uppercased()) == digest)
        #expect(SHA256.Digest(hex: String(digest.hex.dropLast())) == nil)
        #expect(SHA256.Digest(hex: String(digest.hex.dropLast()) + "g") == nil)
        #expect(SHA256.Digest(hex: "") == nil)
        #expect(SHA256.Digest([1, 2]) == nil)
    }

    @Test("a file, in the background")
    func file() async throws {
        let folder = TemporaryFolder()
        try Data(repeating: 7, count: 3_000_001).write(to: URL(fileURLWithPath: folder("a")))
        let found = try await SHA256.hashFile(at: folder("a"))
        #expect(found.size == 3_000_001)
        #expect(found.digest == SHA256.hash([UInt8](repeating: 7, count: 3_000_001)))
        await #expect(throws: FileError.self) { try await SHA256.hashFile(at: folder("none")) }
    }
}

@Suite("Durable files")
struct DurableFileTests {
    let folder = TemporaryFolder()

    func content(_ name: String) -> [UInt8]? { FileManager.default.contents(atPath: folder(name)).map { Array($0) } }
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }

    func code(_ work: () throws -> Void) -> FileError.Code? {
        do {
            try work()
            return nil
        } catch {
            return (error as? FileError)?.code
        }
    }

    @Test("appears under its name when it is committed, not before")
    func appears() throws {
        let file = try DurableFile(path: folder("a.h5"), tag: "id1")
        try file.write(Array("hello ".utf8))
        try file.write([])
        try file.write(Array("world".utf8))
        #expect(names == [".a.h5.id1.part"])
        let commit = try file.commit(expecting: SHA256.hash("hello world"), size: 11)
        #expect(commit == .init(path: folder("a.h5"), size: 11, sha256: SHA256.hash("hello world"), wasThere: false))
        #expect(names == ["a.h5"])
        #expect(content("a.h5") == Array("hello world".utf8))
        #expect(code { try file.write([1]) } == .inUse)
        #expect(code { try file.commit() } == .inUse)
        file.discard()
        file.close()
        #expect(names == ["a.h5"])
    }

    @Test("goes on where an earlier process ended, sum included")
    func resumes() throws {
        do {
            let file = try DurableFile(path: folder("a"), tag: "x")
            try file.write(Array("hello ".utf8))
            file.close()
        }
        let file = try DurableFile(path: folder("a"), tag: "x")
        #expect(file.resumed == 6)
        #expect(file.size == 6)
        try file.write(Array("world".utf8))
        #expect(try file.commit().sha256 == SHA256.hash("hello world"))
        let other = try DurableFile(path: folder("b"), tag: "x")
        try other.write([1, 2, 3])
        other.close()
        #expect(try DurableFile(path: folder("b"), tag: "x", resume: false).resumed == 0)
    }

    @Test("starts again for a server that cannot resume")
    func restarts() throws {
        let file = try DurableFile(path: folder("a"), tag: "x")
        try file.write(Array("wrong".utf8))
        try file.restart()
        try file.write(Array("abc".utf8))
        #expect(try file.commit(size: 3).sha256 == SHA256.hash("abc"))
        #expect(content("a") == Array("abc".utf8))
    }

    @Test("never replaces: other content is refused, the same content is success")
    func replacesNothing() throws {
        try Data("old".utf8).write(to: URL(fileURLWithPath: folder("a")))
        let file = try DurableFile(path: folder("a"), tag: "x")
        try file.write(Array("new".utf8))
        #expect(code { try file.commit() } == .nameTaken)
        #expect(content("a") == Array("old".utf8))
        #expect(names == [".a.x.part", "a"])
        try FileManager.default.createDirectory(atPath: folder("set"), withIntermediateDirectories: false)
        let commit = try file.commit(as: folder("set/a"))
        #expect(commit.sha256 == SHA256.hash("new"))
        #expect(content("set/a") == Array("new".utf8))
        let same = try DurableFile(path: folder("a"), tag: "y")
        try same.write(Array("old".utf8))
        #expect(try same.commit().wasThere)
        #expect(names == ["a", "set"])
        try FileManager.default.createSymbolicLink(atPath: folder("link"), withDestinationPath: folder("a"))
        let linked = try DurableFile(path: folder("link"), tag: "x")
        try linked.write(Array("old".utf8))
        #expect(code { try linked.commit() } == .nameTaken)
    }

    @Test("a size or sum that differs is refused and the bytes are kept")
    func mismatch() throws {
        let file = try DurableFile(path: folder("a"), tag: "x")
        try file.write([1, 2, 3])
        #expect(code { try file.commit(size: 4) } == .mismatch)
        #expect(code { try file.commit(expecting: SHA256.hash("no")) } == .mismatch)
        #expect(names == [".a.x.part"])
        #expect(try file.commit(expecting: SHA256.hash([1, 2, 3]), size: 3).size == 3)
    }

    @Test("one writer at a time")
    func oneWriter() throws {
        let file = try DurableFile(path: folder("a"), tag: "x")
        #expect(code { _ = try DurableFile(path: folder("a"), tag: "x") } == .inUse)
        _ = try DurableFile(path: folder("a"), tag: "y")
        file.discard()
        file.discard()
        #expect(names == [".a.y.part"])
        _ = try DurableFile(path: folder("a"), tag: "x")
    }

    @Test("a partial file that is a link, a pipe or a second name is never written to")
    func traps() throws {
        try Data("precious".utf8).write(to: URL(fileURLWithPath: folder("victim")))
        try FileManager.default.createSymbolicLink(atPath: folder(".a.x.part"), withDestinationPath: folder("victim"))
        #expect(code { _ = try DurableFile(path: folder("a"), tag: "x") } == .system)
        #expect(mkfifo(folder(".b.x.part"), 0o600) == 0)
        #expect(code { _ = try DurableFile(path: folder("b"), tag: "x") } == .inUse)
        // A crash between link and unlink leaves two names on one file.
        #expect(link(folder("victim"), folder(".c.x.part")) == 0)
        let file = try DurableFile(path: folder("c"), tag: "x")
        #expect(file.resumed == 0)
        try file.write([9])
        #expect(content("victim") == Array("precious".utf8))
    }

    @Test("the way without renameat2 replaces nothing either")
    func linking() throws {
        try Data("1".utf8).write(to: URL(fileURLWithPath: folder("a")))
        try Data("2".utf8).write(to: URL(fileURLWithPath: folder("b")))
        do {
            try DurableFile.link(folder("a"), to: folder("b"))
            Issue.record("it replaced")
        } catch {
            #expect(error.errorNumber == EEXIST)
        }
        try DurableFile.link(folder("a"), to: folder("c"))
        #expect(names == ["b", "c"])
        #expect(content("c") == Array("1".utf8))
    }

    @Test("errors name the path and the system's reason")
    func errors() {
        do {
            _ = try DurableFile(path: folder("none/a"), tag: "x")
            Issue.record("a folder that is not there was written to")
        } catch {
            #expect(error.message == "cannot create \(folder("none/.a.x.part")): No such file or directory")
            #expect(error.errorNumber == ENOENT)
        }
        for tag in ["", "../x", "a\nb"] {
            #expect(code { _ = try DurableFile(path: folder("a"), tag: tag) } == .unsafeName)
        }
        for name in ["", ".", "..", "a\u{0}b", String(repeating: "n", count: 256)] {
            #expect(code { _ = try DurableFile(path: folder.path + "/" + name, tag: "x") } == .unsafeName)
        }
    }

    @Test("many threads, many files, every one whole", .timeLimit(.minutes(2)))
    func concurrent() async throws {
        let folder = folder
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<24 {
                group.addTask {
                    let file = try DurableFile(path: folder("f\(number)"), tag: "t")
                    for block in 0..<40 { try file.write([UInt8](repeating: UInt8(block + number), count: 4096)) }
                    let commit = try await file.commitInBackground()
                    #expect(try await SHA256.hashFile(at: folder("f\(number)")).digest == commit.sha256)
                }
            }
            try await group.waitForAll()
        }
        #expect(names.count == 24)
    }

    @Test("two that race for one name: one gets it, the other is told")
    func race() async throws {
        let folder = folder
        for round in 0..<20 {
            let results = await withTaskGroup(of: FileError.Code?.self) { group in
                for writer in 0..<2 {
                    group.addTask {
                        do {
                            let file = try DurableFile(path: folder("r\(round)"), tag: "w\(writer)")
                            try file.write([UInt8(writer)])
                            try file.commit()
                            return nil
                        } catch {
                            return (error as? FileError)?.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 == nil } == 1)
            #expect(results.count { $0 == .nameTaken } == 1)
        }
    }
}

@Suite("Safe paths")
struct SafePathTests {
    @Test(
        "names that lead out are refused",
        arguments: [
            "", "/etc/passwd", "..", "../x", "a/../../x", "a/..", ".", "./a", "a//b", "a/", "a\0b", "a\nb", "a\u{7f}",
            String(repeating: "x", count: 256), String(repeating: "a/", count: 3000) + "a",
        ])
    func refused(name: String) {
        let folder = TemporaryFolder()
        do {
            _ = try SafePath.join(folder.path, name)
            Issue.record("\(name.prefix(40)) was accepted")
        } catch {
            #expect(error.code == .unsafeName)
        }
    }

    @Test("plain names pass, whether the file is there or not")
    func accepted() throws {
        let folder = TemporaryFolder()
        let root = try SafePath.resolve(folder.path)
        #expect(try SafePath.join(folder.path, "a.h5") == root + "/a.h5")
        #expect(try SafePath.join(folder.path, "x/y/..z") == root + "/x/y/..z")
        #expect(try SafePath.join("/", "no-such-name-here") == "/no-such-name-here")
        try SafePath.makeFolders(folder("p/q/r"))
        try SafePath.makeFolders(folder("p/q/r"))
        #expect(try SafePath.join(folder.path, "p/q/r") == root + "/p/q/r")
    }

    @Test("links that stay inside pass, links that lead out do not, dangling ones neither")
    func links() throws {
        let folder = TemporaryFolder()
        try SafePath.makeFolders(folder("in/deep"))
        let files = FileManager.default
        try files.createSymbolicLink(atPath: folder("good"), withDestinationPath: folder("in"))
        try files.createSymbolicLink(atPath: folder("in/out"), withDestinationPath: "/usr")
        try files.createSymbolicLink(atPath: folder("dangling"), withDestinationPath: "/no/such/place")
        _ = try SafePath.join(folder.path, "good/deep/file")
        #expect(throws: FileError.self) { try SafePath.join(folder.path, "in/out/bin/env") }
        #expect(throws: FileError.self) { try SafePath.join(folder.path, "in/out/new-file") }
        #expect(throws: FileError.self) { try SafePath.join(folder.path, "dangling") }
        // A sibling whose name begins like the folder's is outside.
        try SafePath.makeFolders(folder.path + "-sibling")
        defer { try? files.removeItem(atPath: folder.path + "-sibling") }
        try files.createSymbolicLink(atPath: folder("side"), withDestinationPath: folder.path + "-sibling")
        #expect(throws: FileError.self) { try SafePath.join(folder.path, "side/x") }
    }

    @Test("free space is told and required")
    func space() throws {
        let folder = TemporaryFolder()
        #expect(try FreeSpace.available(at: folder.path) > 0)
        try FreeSpace.require(1, reserve: 0, at: folder.path)
        do {
            try FreeSpace.require(.max, at: folder.path)
            Issue.record("an impossible size was accepted")
        } catch { #expect(error.code == .noSpace) }
        #expect(throws: FileError.self) { try FreeSpace.available(at: folder("none")) }
    }
}
