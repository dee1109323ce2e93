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
    // Every publish touches members that a lock guards already; the checks cost a tenth of it.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let package = Package(
    name: "DAQKernel",
    products: [
        .library(name: "DAQKernel", type: .dynamic, targets: ["DAQKernel"]),
        .library(name: "CDAQPlugin", targets: ["CDAQPlugin"]),
    ],
    targets: [
        .systemLibrary(name: "CYAML", path: "CLibraries/CYAML"),
        .systemLibrary(name: "CSQLite", path: "CLibraries/CSQLite"),
        .systemLibrary(name: "CCrypto", path: "CLibraries/CCrypto"),
        .systemLibrary(name: "CFiles", path: "CLibraries/CFiles"),
        .target(name: "CLoader", path: "CLibraries/CLoader"),
        .target(name: "CSignals", path: "CLibraries/CSignals"),
        // The header from which every plugin makes its stamp; the only other product, because it has no Swift in it.
        .target(name: "CDAQPlugin", path: "CLibraries/CDAQPlugin"),
        .target(
            name: "DAQKernel",
            dependencies: ["CYAML", "CSQLite", "CCrypto", "CFiles", "CLoader", "CSignals", "CDAQPlugin"],
            path: ".",
            exclude: ["CLibraries"],
            swiftSettings: settings,
            linkerSettings: [.linkedLibrary("m"), .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN"])]
        ),
    ]
)
