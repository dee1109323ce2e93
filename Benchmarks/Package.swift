// swift-tools-version: 6.2
// Part of daqd
// SPDX-License-Identifier: MIT
import PackageDescription

/// What every benchmark compiles with; run them in release: `swift run -c release --package-path Benchmarks codec`.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(path: "../Sources/DAQKernel"), .package(path: "../Sources/DAQStorage"),
        .package(path: "../Sources/DAQTransports"),
    ],
    targets: [
        .executableTarget(
            name: "codec", dependencies: [.product(name: "DAQStorage", package: "DAQStorage")], path: "Codec",
            swiftSettings: settings),
        .executableTarget(
            name: "hdf5", dependencies: [.product(name: "DAQStorage", package: "DAQStorage")], path: "HDF5",
            swiftSettings: settings),
        .executableTarget(
            name: "kernel", dependencies: [.product(name: "DAQKernel", package: "DAQKernel")], path: "Kernel",
            swiftSettings: settings),
        .executableTarget(
            name: "fetch",
            dependencies: [
                .product(name: "DAQKernel", package: "DAQKernel"),
                .product(name: "DAQTransports", package: "DAQTransports"),
            ], path: "Fetch", swiftSettings: settings),
        .target(
            name: "CBareServer", path: "REST/CBareServer", linkerSettings: [.linkedLibrary("microhttpd")]),
        .executableTarget(
            name: "rest", dependencies: ["CBareServer"], path: "REST", exclude: ["CBareServer"], swiftSettings: settings
        ),
        .executableTarget(name: "empty", path: "Empty", swiftSettings: settings),
    ]
)
