// swift-tools-version: 6.2
// Part of daqd
// SPDX-License-Identifier: MIT
import PackageDescription

/// What every package of daqd compiles with; library evolution because plugins outlive this library.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-enable-library-evolution"]),
]

let package = Package(
    name: "DAQRoutes",
    products: [.library(name: "DAQRoutes", type: .dynamic, targets: ["DAQRoutes"])],
    targets: [
        .systemLibrary(name: "CMicroHTTPD", path: "CLibraries/CMicroHTTPD"),
        .target(
            name: "DAQRoutes",
            dependencies: ["CMicroHTTPD"],
            path: ".",
            exclude: ["CLibraries"],
            sources: ["Messages", "Routing", "Server"],
            swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN"])]
        ),
    ]
)
