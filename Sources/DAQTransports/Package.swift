// swift-tools-version: 6.2
// Part of daqd
// SPDX-License-Identifier: MIT
import PackageDescription

/// What every package of daqd compiles with; library evolution because plugins outlive kernels.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-enable-library-evolution"]),
]

let package = Package(
    name: "DAQTransports",
    products: [.library(name: "DAQTransports", type: .dynamic, targets: ["DAQTransports"])],
    dependencies: [.package(path: "../DAQKernel")],
    targets: [
        .systemLibrary(name: "CCurl", path: "CLibraries/CCurl"),
        .systemLibrary(name: "CSystem", path: "CLibraries/CSystem"),
        .target(
            name: "DAQTransports",
            dependencies: ["CCurl", "CSystem", .product(name: "DAQKernel", package: "DAQKernel")],
            path: ".",
            exclude: ["CLibraries"],
            sources: ["HTTP", "Lines", "Processes", "Support"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN"])]
        ),
    ]
)
