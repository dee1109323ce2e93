// Part of daqd
// SPDX-License-Identifier: MIT

internal import DAQKernel

/// What a real EIGER 500K with API 1.6.0 answered, for the keys whose values say something.
///
/// Source: the table of recorded replies in odin-detector's `eiger_simulator.py`.
enum RecordedUnit {
    /// A recorded value and its limits; `nil` where the simulator's own hold.
    struct Entry: Sendable {
        var value: JSON?
        var minimum: Double?
        var maximum: Double?
    }

    /// The simulated model that repeats it.
    static let model = "eiger-500k"

    static let values: [String: Entry] = [
        "count_time": Entry(value: 0.0998950004577637, minimum: 2.99990006169537e-06, maximum: 1800),
        "frame_time": Entry(value: 0.0999950021505356, minimum: 0.000110111112007871, maximum: 360000),
        "nimages": Entry(value: 1, minimum: 1, maximum: 2e9),
        "ntrigger": Entry(value: 289, minimum: 1, maximum: 2e9),
        "photon_energy": Entry(value: 8047.77978515625, minimum: 5000, maximum: 36000),
        "threshold_energy": Entry(value: 4023.88989257812, minimum: 2700, maximum: 18000),
        "wavelength": Entry(value: 1.54060125351, minimum: 0.344400525093, maximum: 2.479683876037),
        "sensor_thickness": Entry(value: 0.00044999999227002263),
        "x_pixels_in_detector": Entry(minimum: 0, maximum: 4_294_967_295),
        "y_pixels_in_detector": Entry(minimum: 0, maximum: 4_294_967_295),
        "countrate_correction_count_cutoff": Entry(value: 184755),
        "number_of_excluded_pixels": Entry(value: 8),
        "trigger_mode": Entry(value: "exts"),
        "data_collection_date": Entry(value: "2010-13-13 12:21"),
    ]

    /// °C and % at rest.
    static let temperature = 24.879453125
    static let humidity = 3.552
}
