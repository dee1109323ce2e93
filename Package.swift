// swift-tools-version: 6.2
// Part of daqd
// SPDX-License-Identifier: MIT
import PackageDescription

/// What every target compiles with.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Tests read C strings and raw sockets freely; all else is as strict as the product.
let testSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let kernel: Target.Dependency = .product(name: "DAQKernel", package: "DAQKernel")
let storage: Target.Dependency = .product(name: "DAQStorage", package: "DAQStorage")
let transports: Target.Dependency = .product(name: "DAQTransports", package: "DAQTransports")
let routes: Target.Dependency = .product(name: "DAQRoutes", package: "DAQRoutes")

let package = Package(
    name: "daqd",
    products: [
        .executable(name: "daqd", targets: ["daqd"]),
    ],
    dependencies: [
        .package(path: "Sources/DAQKernel"),
        .package(path: "Sources/DAQRoutes"),
        .package(path: "Sources/DAQStorage"),
        .package(path: "Sources/DAQTransports"),
    ],
    targets: [
        .executableTarget(
            name: "daqd", dependencies: [kernel], path: "Sources/daqd", swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN"])]),
        .testTarget(
            name: "DAQKernelConfigurationTests", dependencies: [kernel], path: "Tests/DAQKernelConfigurationTests",
            exclude: ["Fixtures", "validate_schema.py"], swiftSettings: testSettings),
        .testTarget(
            name: "DAQKernelTests", dependencies: [kernel], path: "Tests/DAQKernelTests", swiftSettings: testSettings),
        .target(name: "HTTPTesting", path: "Tests/HTTPTesting", swiftSettings: testSettings),
        .testTarget(
            name: "DAQRoutesTests", dependencies: [routes, "HTTPTesting"], path: "Tests/DAQRoutesTests",
            swiftSettings: testSettings),
        .testTarget(
            name: "DAQStorageTests", dependencies: [storage], path: "Tests/DAQStorageTests", exclude: ["Fixtures"],
            swiftSettings: testSettings),
        .testTarget(
            name: "DAQTransportsTests", dependencies: [transports], path: "Tests/DAQTransportsTests",
            swiftSettings: testSettings),
    ]
)
