// swift-tools-version: 6.2
// Part of daqd
// SPDX-License-Identifier: MIT
import PackageDescription

// A site's own package, outside of daqd's tree. Here the paths lead back into the tree; a site writes where its copy of daqd's
// sources is. What has to be so is explained in docs/plugins.md.
let package = Package(
    name: "SitePlugin",
    products: [.library(name: "ShutterPlugin", type: .dynamic, targets: ["ShutterPlugin"])],
    dependencies: [
        .package(path: "../../Sources/DAQKernel"),
        .package(path: "../../Sources/DAQTransports"),
    ],
    targets: [
        .target(
            name: "ShutterPluginStamp", dependencies: [.product(name: "CDAQPlugin", package: "DAQKernel")],
            path: "Sources/ShutterPlugin/Stamp", publicHeadersPath: "."),
        .target(
            name: "ShutterPlugin",
            dependencies: [
                "ShutterPluginStamp",
                .product(name: "DAQKernel", package: "DAQKernel"),
                .product(name: "DAQTransports", package: "DAQTransports"),
            ],
            exclude: ["Stamp"],
            swiftSettings: [.swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error)],
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN", "-Xlinker", "--build-id"])
            ]),
    ]
)
