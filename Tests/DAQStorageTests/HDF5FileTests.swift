// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage
import Foundation
import Testing

@Suite("HDF5 files")
struct HDF5FileTests {
    static let rows = 61
    static let columns = 67
    static let frame: [UInt16] = (0..<rows * columns).map { (index: Int) -> UInt16 in
        index * 31 % 211 == 0 ? 65535 : UInt16(index % 19)
    }

    /// Makes a master file and one data file in memory, as a detector does, and puts both into a folder.
    private static func series(in folder: TemporaryFolder, filter: HDF5Filter = .bitshuffleLZ4) async throws {
        let images = try await HDF5.run {
            let master = try HDF5File.createInMemory("run_1_master.h5")
            let entry = try master.createGroup("entry", nexusClass: "NXentry")
            try entry.write("definition", "NXmx")
            let detector = try master.createGroup("entry/instrument/detector", nexusClass: "NXdetector")
            try detector.write("count_time", 0.25, units: "s")
            try detector.write("bit_depth_image", UInt32(16))
            try detector.write("pixel_mask", [UInt32](0..<6), shape: [2, 3])
            try detector.write("description", "")
            let group = try master.createGroup("entry/data", nexusClass: "NXdata")
            try group.link("data_000001", toFile: "run_1_data_000001.h5", path: "/entry/data/data")
            try group.link("data_000002", toFile: "run_1_data_000002.h5", path: "/entry/data/data")
            try group.link("data", to: "/entry/data/data_000001")

            let data = try HDF5File.createInMemory("run_1_data_000001.h5")
            let dataset = try data.createDataset(
                "entry/data/data", .frames(.uint16, count: 0, rows: rows, columns: columns, filter: filter))
            try dataset.resize([2, rows, columns])
            for index in 0..<2 { try dataset.writeChunk(at: [index, 0, 0], chunk(filter)) }
            try dataset.setAttribute("image_nr_low", UInt64(1))
            try dataset.setAttribute("image_nr_high", UInt64(2))
            try dataset.setAttribute("signal", [1.5, 2.5])
            return [try master.image(), try data.image()]
        }
        for (name, image) in zip(["run_1_master.h5", "run_1_data_000001.h5"], images) {
            #expect(HDF5File.hasSignature(image))
            try Data(image).write(to: folder.url.appending(path: name))
        }
    }

    private static func chunk(_ filter: HDF5Filter) throws -> [UInt8] {
        switch filter {
        case .bitshuffleLZ4: try BitshuffleLZ4.encode(frame)
        case .lz4: try LZ4.encode(bytes(frame))
        default: bytes(frame)
        }
    }

    @Test(
        "h5py and hdf5plugin read the frames, texts, numbers and links",
        arguments: [HDF5Filter.bitshuffleLZ4, .lz4, .none])
    func readByPython(filter: HDF5Filter) async throws {
        let folder = try TemporaryFolder()
        try await Self.series(in: folder, filter: filter)
        let text = try Python.run("describe.py", [folder.path("run_1_master.h5")])
        let seen = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        func field(_ path: String, _ key: String) -> NSObject? { (seen[path] as? [String: Any])?[key] as? NSObject }

        #expect(field("/entry", "attributes") == ["NX_class": "NXentry"] as NSDictionary)
        #expect(field("/entry/definition", "value") == "NXmx" as NSString)
        #expect(field("/entry/instrument/detector/description", "value") == "" as NSString)
        #expect(field("/entry/instrument/detector/count_time", "value") == 0.25 as NSNumber)
        #expect(field("/entry/instrument/detector/count_time", "attributes") == ["units": "s"] as NSDictionary)
        #expect(field("/entry/instrument/detector/bit_depth_image", "dtype") == "uint32" as NSString)
        #expect(field("/entry/instrument/detector/pixel_mask", "value") == [[0, 1, 2], [3, 4, 5]] as NSArray)
        #expect(seen["/entry/data/data_000001 ->"] as? [String] == ["run_1_data_000001.h5", "/entry/data/data"])
        #expect(seen["/entry/data/data_000002"] as? String == "absent")
        let path = "/entry/data/data_000001"
        #expect(field(path, "shape") == [2, Self.rows, Self.columns] as NSArray)
        #expect(field(path, "maxshape") == [-1, Self.rows, Self.columns] as NSArray)
        #expect(field(path, "chunks") == [1, Self.rows, Self.columns] as NSArray)
        #expect(field(path, "dtype") == "uint16" as NSString)
        #expect(field(path, "sha256") == sha256(bytes(Self.frame + Self.frame)) as NSString)
        let attributes: NSDictionary = ["image_nr_low": 1, "image_nr_high": 2, "signal": [1.5, 2.5]]
        #expect(field(path, "attributes") == attributes)
        let filters = field(path, "filters") as? [[Any]]
        switch filter {
        case .bitshuffleLZ4: #expect(filters?.first?.last as? [Int] == [0, 4, 2, 0, 2])
        case .lz4: #expect(filters?.first?.first as? Int == 32004)
        default: #expect(filters?.isEmpty == true)
        }
    }

    @Test("reads its own files, and follows links beside them")
    func readBack() async throws {
        let folder = try TemporaryFolder()
        try await Self.series(in: folder)
        let master = folder.path("run_1_master.h5")
        try await HDF5.run {
            let file = try HDF5File.open(master)
            #expect(try file.group("/entry").attributeText("NX_class") == "NXentry")
            #expect(try file.group("/entry").attributeText("absent") == nil)
            #expect(try file.dataset("/entry/definition").readText() == "NXmx")
            #expect(try file.dataset("entry/instrument/detector/count_time").read(as: Float.self) == [0.25])
            let mask = try file.dataset("entry/instrument/detector/pixel_mask")
            #expect(try mask.shape == [2, 3])
            #expect(try mask.read(as: Int64.self) == [0, 1, 2, 3, 4, 5])
            #expect(try mask.chunkShape == nil)
            #expect(file.has("entry/data/data_000002"))
            #expect(!file.has("/entry/nowhere/data"))
            let links = try file.group("entry/data").links()
            #expect(links.map(\.name) == ["data", "data_000001", "data_000002"])
            #expect(links[0].target == .path("/entry/data/data_000001"))
            #expect(links[1].target == .external(file: "run_1_data_000001.h5", path: "/entry/data/data"))
            let data = try file.dataset("entry/data/data_000001")
            #expect(try data.attribute("image_nr_high", as: Int64.self) == [2])
            #expect(try data.filter == .bitshuffleLZ4)
            #expect(try data.elementType == .uint16)
            let chunk = try #require(try data.readChunk(at: [1, 0, 0]))
            #expect(
                try BitshuffleLZ4.decode(chunk, elementSize: 2, byteCount: Self.frame.count * 2) == bytes(Self.frame))
            #expect(throws: StorageError.self) { try data.readChunk(at: [2, 0, 0]) }
            #expect(throws: StorageError.self) { try data.readChunk(at: [0, 0]) }
            try file.close()
            try file.close()
            #expect(throws: StorageError.self) { try file.dataset("/entry/definition") }
        }
    }

    @Test("reads what h5py and hdf5plugin wrote", arguments: ["bslz4", "lz4", "none"])
    func writtenByPython(filter: String) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("python.h5")
        _ = try Python.run("write.py", [path, filter])
        let expected = (0..<3 * 61 * 67).map { UInt32(UInt64($0) * 2_654_435_761 % 4_294_967_296 % 4001) }
        try await HDF5.run {
            let file = try HDF5File.open(path)
            #expect(try file.dataset("/entry/definition").readText() == "NXmx")
            let data = try file.dataset("/entry/data/data")
            for frame in 0..<3 {
                let pixels = try data.frame(frame)
                #expect(pixels.rows == 61 && pixels.columns == 67 && pixels.elementType == .uint32)
                #expect(pixels.bytes == bytes(Array(expected[frame * 4087..<(frame + 1) * 4087])), "frame \(frame)")
            }
        }
    }

    @Test("a file on disk is created once, grows, and is read while it is written")
    func onDisk() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("disk.h5")
        let (pixels, rows, columns) = (Self.frame, Self.rows, Self.columns)
        try await HDF5.run {
            let file = try HDF5File.create(path)
            #expect(throws: StorageError.self) { try HDF5File.create(path) }
            let data = try file.createDataset(
                "data", .frames(.uint16, count: 0, rows: rows, columns: columns, filter: .bitshuffleLZ4))
            for index in 0..<20 {
                try data.resize([index + 1, rows, columns])
                try data.writeChunk(at: [index, 0, 0], try BitshuffleLZ4.encode(pixels))
            }
            #expect(throws: StorageError.self) { try data.resize([1, rows + 1, columns]) }
            try file.close()
        }
        try await HDF5.run {
            let data = try HDF5File.open(path).dataset("data")
            #expect(try data.shape == [20, rows, columns])
            #expect(try data.frame(19).bytes == bytes(pixels))
        }
    }

    private func sha256(_ data: [UInt8]) -> String {
        // The test's own sum, by the system's tool, so that no code of ours judges itself.
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sha256sum")
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        do { try process.run() } catch { return "\(error)" }
        try? input.fileHandleForWriting.write(contentsOf: Data(data))
        try? input.fileHandleForWriting.close()
        let text = (try? output.fileHandleForReading.readToEnd()).flatMap { $0 } ?? Data()
        process.waitUntilExit()
        return String(String(decoding: text, as: UTF8.self).prefix(64))
    }
}
