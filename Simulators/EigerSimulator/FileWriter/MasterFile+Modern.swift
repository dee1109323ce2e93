// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQStorage

/// The layout v2024.2: one virtual dataset of four dimensions, a group per channel.
///
/// Source: file writer format `hdf5 nexus v2024.2 nxmx`.
extension MasterFile {
    /// Where images stand that no data file holds.
    static let ownImages = "entry/data/data_000001"

    /// Everything but the images.
    @HDF5
    func writeModern(_ file: HDF5File) throws {
        let keys = metadata.keys
        let entry = try file.createGroup("entry", nexusClass: "NXentry")
        try entry.setAttribute("DECTRIS_lab_geometry", "mcstas")
        try entry.write("definition", "NXmx")
        try entry.write("start_time", keys.text("data_collection_date"))
        try entry.write("end_time_estimated", keys.text("data_collection_date"))
        try entry.write("program_name", "DECTRIS-DAQ").setAttribute("version", keys.text("eiger_fw_version"))
        let instrument = try entry.createGroup("instrument", nexusClass: "NXinstrument")
        try instrument.write("name", keys.text("instrument_name"))
        try instrument.write("time_zone", "UTC")
        let beam = try instrument.createGroup("beam", nexusClass: "NXbeam")
        try beam.write("incident_energy", keys.number("incident_energy"), units: "eV")
        try beam.write("incident_wavelength", keys.number("wavelength"), units: "angstrom")
        try beam.write("flux", keys.number("flux_value"), units: "1/s")
        try writeModernDetector(instrument.createGroup("detector", nexusClass: "NXdetector"))
        try writeSample(entry.createGroup("sample", nexusClass: "NXsample"))
        try entry.createGroup("source", nexusClass: "NXsource").write("name", keys.text("source_name"))
        try writeAxes(entry.createGroup("data", nexusClass: "NXdata"))
    }

    @HDF5
    private func writeModernDetector(_ detector: HDF5Group) throws {
        let keys = metadata.keys
        for (name, unit) in Self.detectorNumbers where name != "threshold_energy" {
            try detector.write(name, keys.number(name), units: unit)
        }
        for name in Self.detectorTexts { try detector.write(name, keys.text(name)) }
        for name in Self.detectorFlags { try detector.write(name, UInt8(keys.isOn(name) ? 1 : 0)) }
        try detector.write("bit_depth_image", UInt32(metadata.format.bits))
        try detector.write("bit_depth_readout", UInt32(keys.count("bit_depth_readout")))
        try detector.write("saturation_value", metadata.saturationValue)
        try detector.write("serial_number", keys.text("detector_number"))
        try detector.write("type", "HPC")
        try detector.write("number_of_cycles", UInt32(1))
        try detector.write("distance", keys.number("detector_distance"), units: "m")
        try detector.write("start_time", startTimes, units: "s")
        try detector.write("depends_on", "/entry/instrument/detector/geometry/translation")
        for channel in metadata.channels { try writeChannel(channel, detector) }
        let geometry = try detector.createGroup("geometry", nexusClass: "NXtransformations")
        for name in ["orientation", "translation"] {
            let axis = try geometry.write(name, name == "translation" ? keys.number("detector_distance") : 180)
            try axis.setAttribute("vector", [0.0, 0.0, 1.0])
            try axis.setAttribute("depends_on", name == "translation" ? "orientation" : ".")
        }
        try writeModule(detector.createGroup("module", nexusClass: "NXdetector_module"))
        let transformations = try detector.createGroup("transformations", nexusClass: "NXtransformations")
        try transformations.write("two_theta", [keys.number("two_theta_start")], units: "degree")
        try writeSpecific(detector.createGroup("detectorSpecific", nexusClass: "NXcollection"))
    }

    @HDF5
    private func writeChannel(_ channel: String, _ detector: HDF5Group) throws {
        let group = try detector.createGroup("\(channel)_channel", nexusClass: "NXdetector_channel")
        let shape = [metadata.rows, metadata.columns]
        try group.write("flatfield", [Float](repeating: 1, count: metadata.mask.count), shape: shape)
        try group.write("pixel_mask", metadata.mask, shape: shape)
        try group.write("threshold_energy", metadata.energies(of: channel), units: "eV")
    }

    /// When each image began, after the first one, in seconds.
    private var startTimes: [Double] {
        let period = metadata.keys.number("frame_time")
        return (0..<images).map { Double($0) * period }
    }

    @HDF5
    private func writeAxes(_ data: HDF5Group) throws {
        try data.setAttribute("signal", "data")
        try data.setAttribute("axes", ["image_id", "channel", ".", "."])
        try data.setAttribute("image_id_indices", UInt32(0))
        try data.setAttribute("channel_indices", UInt32(1))
        try data.setAttribute("start_time_indices", UInt32(0))
        try data.setAttribute("default_slice", [".", "0", ".", "."])
        try data.write("image_id", (0..<images).map { UInt64($0) })
        try data.write("channel", metadata.channels)
        try data.write("start_time", startTimes, units: "s")
    }

    /// `/entry/data/data`, which shows the images of all files as one array.
    @HDF5
    func writeVirtual(_ file: HDF5File, ownImages: Int) throws {
        let sources =
            ownImages > 0
            ? [HDF5VirtualSource(file: ".", dataset: "/" + Self.ownImages, count: ownImages)]
            : zip(links, linkedImages).filter { $0.1 > 0 }.map {
                HDF5VirtualSource(file: $0.0, dataset: "/entry/data/data", count: $0.1)
            }
        try file.createVirtualDataset(
            "entry/data/data", DataFile.elementType(metadata.format),
            shape: [images, metadata.channels.count, metadata.rows, metadata.columns], sources: sources)
    }
}
