// swift-tools-version: 6.2
// Part of daqd
// SPDX-License-Identifier: MIT
import PackageDescription

/// The kernel's settings; optimised in debug builds too, because a bit-shuffle without the optimiser is 100 times
/// slower.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-enable-library-evolution"]),
    .unsafeFlags(["-O"], .when(configuration: .debug)),
]

let package = Package(
    name: "DAQStorage",
    products: [.library(name: "DAQStorage", type: .dynamic, targets: ["DAQStorage"])],
    targets: [
        .systemLibrary(name: "CHDF5", path: "CLibraries/CHDF5"),
        .systemLibrary(name: "CLZ4", path: "CLibraries/CLZ4"),
        .target(
            name: "CHDF5Probe", path: "CLibraries/CHDF5Probe", linkerSettings: [.linkedLibrary("hdf5_serial")]),
        .target(
            name: "DAQStorage",
            dependencies: ["CHDF5", "CHDF5Probe", "CLZ4"],
            path: ".",
            exclude: ["CLibraries"],
            sources: ["Codec", "HDF5", "StorageError.swift"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN"])]
        ),
    ]
)
