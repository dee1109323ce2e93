// swift-tools-version: 6.2
// Part of daqd
// SPDX-License-Identifier: MIT
import PackageDescription

// Built by OutOfTreeTests beside a copy of the kernel from which a later field and a later requirement were taken out.
let package = Package(
    name: "AgedPlugin",
    products: [.library(name: "AgedPlugin", type: .dynamic, targets: ["AgedPlugin"])],
    dependencies: [.package(path: "../DAQKernel")],
    targets: [
        .target(
            name: "AgedPluginStamp", dependencies: [.product(name: "CDAQPlugin", package: "DAQKernel")], path: "Stamp",
            publicHeadersPath: "."),
        .target(
            name: "AgedPlugin",
            dependencies: ["AgedPluginStamp", .product(name: "DAQKernel", package: "DAQKernel")], path: ".",
            exclude: ["Stamp"], sources: ["EntryPoint.swift"], swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)
