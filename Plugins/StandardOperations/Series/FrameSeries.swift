// Part of daqd
// SPDX-License-Identifier: MIT
import DAQStorage

/// What the HDF5 files of one acquisition hold, as far as this machine's libhdf5 can tell.
struct FrameSeries: Sendable, Equatable {
    /// A dataset of frames.
    struct Part: Sendable, Equatable {
        /// The file's absolute path.
        var file: String
        /// The dataset's path in it.
        var dataset: String
        /// Frames that were written, not those announced.
        var frames: Int
        /// Frames that the dataset's shape announces.
        var announced: Int
        /// The number of the first frame in the series, where the file says so.
        var firstNumber: UInt64?
    }

    /// The datasets, in the order of their frames.
    var parts: [Part] = []
    /// Files that a master links to and that do not exist; after an abort a detector's master has many.
    var absent: [String] = []
    /// Files in a format newer than this libhdf5.
    var newer: [String] = []
    /// Files that cannot be read although they should be, each with the reason.
    var damaged: [String] = []
    /// The master: the first file that links to others, or says about the detector.
    var master: String?

    /// Frames in all parts.
    var frames: Int { parts.reduce(0) { $0 + $1.frames } }
    /// Whether the count is the whole truth.
    var isCounted: Bool { newer.isEmpty && damaged.isEmpty && !parts.isEmpty }

    /// Where a frame of the series is: the part and the index in it.
    func locate(_ frame: Int) -> (part: Part, index: Int)? {
        var first = 0
        for part in parts {
            if frame >= 0, frame < first + part.frames { return (part, frame - first) }
            first += part.frames
        }
        return nil
    }
}
