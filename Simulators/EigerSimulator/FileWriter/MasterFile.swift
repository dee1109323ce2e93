// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQStorage

/// Writes the master file of a series.
///
/// Source: file writer formats `hdf5 nexus legacy nxmx` and `hdf5 nexus v2024.2 nxmx`, NeXus definition NXmx.
struct MasterFile: Sendable {
    let metadata: SeriesMetadata
    /// Names of the data files that it links to, relative to itself.
    let links: [String]
    /// Images of the series; 0 while it still runs.
    let images: Int

    /// Images of each linked file.
    var linkedImages: [Int] = []

    /// About how many bytes it has, without images of its own.
    var expectedSize: Int { Self.expectedSize(metadata, links: links.count, images: images) }

    /// About how many bytes a master with so many links, for so many images, has: mask, flat field, and ten axis arrays.
    static func expectedSize(_ metadata: SeriesMetadata, links: Int, images: Int) -> Int {
        metadata.mask.count * 8 + (1 << 20) + links * 100 + images * 80
    }

    /// The bytes of a master without images of its own.
    func make(_ name: String) async throws -> [UInt8] {
        try await make(name, images: nil, from: nil)
    }

    /// The bytes of a master that holds all images itself, or links to them.
    func make(_ name: String, images: Range<Int>?, from ring: FrameRing?) async throws -> [UInt8] {
        let size = expectedSize + (images.flatMap { range in ring.map { DataFile.expectedSize(range, $0) } } ?? 0)
        let file = try await HDF5.run { () throws -> HDF5File in
            let file = try HDF5File.createInMemory(name, expectedSize: size)
            switch metadata.layout {
            case .legacy: try writeMetadata(file)
            case .v2024: try writeModern(file)
            }
            return file
        }
        if let images, let ring {
            let path = metadata.layout == .legacy ? "entry/data/data" : Self.ownImages
            try await DataFile.writeImages(images, of: metadata, from: ring, into: file, path: path)
        }
        return try await HDF5.run {
            if metadata.layout == .v2024, self.images > 0 { try writeVirtual(file, ownImages: images?.count ?? 0) }
            let bytes = try file.image()
            try file.close()
            return bytes
        }
    }

    @HDF5
    private func writeMetadata(_ file: HDF5File) throws {
        let entry = try file.createGroup("entry", nexusClass: "NXentry")
        try entry.write("definition", "NXmx")
        let data = try entry.createGroup("data", nexusClass: "NXdata")
        for (index, link) in links.enumerated() {
            try data.link(Self.linkName(index), toFile: link, path: "/entry/data/data")
        }
        let instrument = try entry.createGroup("instrument", nexusClass: "NXinstrument")
        let beam = try instrument.createGroup("beam", nexusClass: "NXbeam")
        try beam.write("incident_wavelength", metadata.keys.number("wavelength"), units: "angstrom")
        try beam.write("total_flux", metadata.keys.number("flux_value"), units: "1/s")
        try writeDetector(instrument.createGroup("detector", nexusClass: "NXdetector"))
        try writeSample(entry.createGroup("sample", nexusClass: "NXsample"))
        let source = try entry.createGroup("source", nexusClass: "NXsource")
        try source.write("name", metadata.keys.text("source_name"))
    }

    @HDF5
    private func writeDetector(_ detector: HDF5Group) throws {
        let keys = metadata.keys
        for (name, unit) in Self.detectorNumbers { try detector.write(name, keys.number(name), units: unit) }
        for name in Self.detectorTexts { try detector.write(name, keys.text(name)) }
        for name in Self.detectorFlags { try detector.write(name, UInt8(keys.isOn(name) ? 1 : 0)) }
        try detector.write("bit_depth_image", UInt32(metadata.format.bits))
        try detector.write("bit_depth_readout", UInt32(keys.count("bit_depth_readout")))
        try detector.write("saturation_value", metadata.saturationValue)
        try writeSpecific(detector.createGroup("detectorSpecific", nexusClass: "NXcollection"))
        try writeGeometry(detector)
        try writeModule(detector.createGroup("module", nexusClass: "NXdetector_module"))
    }

    @HDF5
    func writeSpecific(_ group: HDF5Group) throws {
        let keys = metadata.keys
        for (name, unit) in Self.specificNumbers { try group.write(name, keys.number(name), units: unit) }
        for name in Self.specificTexts { try group.write(name, keys.text(name)) }
        for name in Self.specificCounts { try group.write(name, UInt64(keys.count(name))) }
        try group.write("auto_summation", UInt8(keys.isOn("auto_summation") ? 1 : 0))
        try group.write("frame_period", keys.number("frame_time"), units: "s")
        let parts = keys.number("count_time") / max(keys.number("frame_count_time"), 1e-9)
        try group.write("nframes_sum", UInt32(max(1, parts.rounded())))
        try group.write("trigger_mode", metadata.triggerMode)
        try group.write("series_unique_id", metadata.uniqueID)
        let shape = [metadata.rows, metadata.columns]
        try group.write("pixel_mask", metadata.mask, shape: shape)
        try group.write("flatfield", [Float](repeating: 1, count: metadata.mask.count), shape: shape)
        let points = 1000
        let table = (0..<points).map { Float($0) * 1000 }
        try group.write("countrate_correction_table", table + table, shape: [2, points])
        try group.write("countrate_correction_lookup_table", (0..<65536).map { UInt32($0) })
    }

    @HDF5
    func writeGeometry(_ detector: HDF5Group) throws {
        let keys = metadata.keys
        let geometry = try detector.createGroup("geometry", nexusClass: "NXgeometry")
        let orientation = try geometry.createGroup("orientation", nexusClass: "NXorientation")
        try orientation.write("value", keys.numbers("detector_orientation"))
        let translation = try geometry.createGroup("translation", nexusClass: "NXtranslation")
        try translation.write("distances", keys.numbers("detector_translation"), units: "m")
        let goniometer = try detector.createGroup("goniometer", nexusClass: "NXtransformations")
        try writeAxis("two_theta", goniometer)
        let transformations = try detector.createGroup("transformations", nexusClass: "NXtransformations")
        let along = try transformations.write("translation", keys.number("detector_distance"), units: "m")
        try along.setAttribute("transformation_type", "translation")
        try along.setAttribute("vector", [0.0, 0.0, 1.0])
        try along.setAttribute("depends_on", ".")
    }

    @HDF5
    func writeModule(_ module: HDF5Group) throws {
        try module.write("data_origin", [UInt32(0), 0])
        try module.write("data_size", [UInt32(metadata.rows), UInt32(metadata.columns)])
        let on = "/entry/instrument/detector/transformations/translation"
        for (name, vector, size) in [
            ("fast_pixel_direction", [-1.0, 0, 0], metadata.keys.number("x_pixel_size")),
            ("slow_pixel_direction", [0, -1.0, 0], metadata.keys.number("y_pixel_size")),
            ("module_offset", [0, 0, 1.0], 0),
        ] {
            let direction = try module.write(name, size, units: "m")
            try direction.setAttribute("transformation_type", "translation")
            try direction.setAttribute("vector", vector)
            try direction.setAttribute("offset", [0.0, 0, 0])
            try direction.setAttribute(
                "depends_on", name == "module_offset" ? on : "/entry/instrument/detector/module/module_offset")
        }
    }

    @HDF5
    func writeSample(_ sample: HDF5Group) throws {
        try sample.write("name", metadata.keys.text("sample_name"))
        let goniometer = try sample.createGroup("goniometer", nexusClass: "NXtransformations")
        for axis in ["chi", "kappa", "omega", "phi"] { try writeAxis(axis, goniometer) }
        try sample.createGroup("transformations", nexusClass: "NXtransformations")
    }

    /// Start and end of an axis for each image, as far as the series has run.
    @HDF5
    func writeAxis(_ axis: String, _ group: HDF5Group) throws {
        let start = metadata.keys.number(axis + "_start")
        let increment = metadata.keys.number(axis + "_increment")
        let starts = (0..<max(images, 1)).map { start + increment * Double($0) }
        try group.write(axis, starts, units: "degree")
        try group.write(axis + "_end", starts.map { $0 + increment }, units: "degree")
        try group.write(axis + "_range_average", increment, units: "degree")
        try group.write(axis + "_range_total", increment * Double(images), units: "degree")
    }

    /// `data_000001` and so on, counted from 0.
    private static func linkName(_ index: Int) -> String {
        let digits = String(index + 1)
        return "data_" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    static let detectorNumbers = [
        ("beam_center_x", "pixel"), ("beam_center_y", "pixel"), ("count_time", "s"), ("detector_distance", "m"),
        ("detector_readout_time", "s"), ("frame_time", "s"), ("sensor_thickness", "m"), ("threshold_energy", "eV"),
        ("x_pixel_size", "m"), ("y_pixel_size", "m"),
    ]
    static let detectorTexts = ["description", "detector_number", "sensor_material"]
    static let detectorFlags = [
        "countrate_correction_applied", "flatfield_correction_applied", "pixel_mask_applied",
        "virtual_pixel_correction_applied",
    ]
    private static let specificNumbers = [("frame_count_time", "s"), ("photon_energy", "eV")]
    private static let specificTexts = [
        "compression", "data_collection_date", "eiger_fw_version", "element", "roi_mode", "software_version",
    ]
    private static let specificCounts = [
        "countrate_correction_count_cutoff", "nimages", "ntrigger", "number_of_excluded_pixels",
        "x_pixels_in_detector", "y_pixels_in_detector",
    ]
}
