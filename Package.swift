// swift-tools-version: 6.2
// Part of daqd
// SPDX-License-Identifier: MIT
import PackageDescription

/// What every target compiles with.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Tests read C strings and raw sockets freely; all else is as strict as the product.
let testSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .treatAllWarnings(as: .error),
]

let kernel: Target.Dependency = .product(name: "DAQKernel", package: "DAQKernel")
let storage: Target.Dependency = .product(name: "DAQStorage", package: "DAQStorage")
let transports: Target.Dependency = .product(name: "DAQTransports", package: "DAQTransports")
let routes: Target.Dependency = .product(name: "DAQRoutes", package: "DAQRoutes")

/// The C header from which a plugin's stamp is made.
let stamp: Target.Dependency = .product(name: "CDAQPlugin", package: "DAQKernel")

/// A plugin: Swift files in `path`, and in its folder `Stamp` the C file with `DAQD_PLUGIN(…)`, which says who the plugin is.
func plugin(
    _ name: String, path: String, dependencies: [Target.Dependency], exclude: [String] = [], extra: [SwiftSetting] = []
) -> [Target] {
    [
        .target(name: "\(name)Stamp", dependencies: [stamp], path: "\(path)/Stamp", publicHeadersPath: "."),
        .target(
            name: name, dependencies: [kernel, .target(name: "\(name)Stamp")] + dependencies, path: path,
            exclude: ["Stamp"] + exclude, swiftSettings: settings + extra,
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN", "-Xlinker", "--build-id"])
            ]),
    ]
}

/// The plugins' targets; each plugin is a dynamic library of its own.
let plugins: [[Target]] = [
    plugin("EigerPlugin", path: "Plugins/EigerPlugin", dependencies: [storage, transports]),
    plugin("AndorPlugin", path: "Plugins/AndorPlugin", dependencies: ["CAndorSDK2"], exclude: ["CAndorSDK2"]),
    plugin("RESTFrontend", path: "Plugins/RESTFrontend", dependencies: [routes]),
    plugin(
        "ChannelAccessFrontend", path: "Plugins/ChannelAccessFrontend", dependencies: ["CEpoll"],
        exclude: ["CLibraries"],
        // As in the kernel: a circuit belongs to one thread, and the checks cost a twentieth of a message.
        extra: [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]),
    plugin(
        "RPCFrontend", path: "Plugins/RPCFrontend", dependencies: [storage, "CBase64", "CEventLoop", "COpenSSL"],
        exclude: ["CLibraries"],
        // As in the kernel: one thread owns a connection, and the checks cost a tenth of a short call.
        extra: [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]),
    plugin(
        "StandardOperations", path: "Plugins/StandardOperations", dependencies: [storage, transports, "CPNG"],
        exclude: ["CLibraries"]),
    plugin("ProbePlugin", path: "Tests/ProbePlugin", dependencies: []),
    plugin("AcquirerPlugin", path: "Tests/AcquirerPlugin", dependencies: []),
    plugin("ChannelAccessBenchPlugin", path: "Tests/ChannelAccessBenchPlugin", dependencies: []),
    plugin("RPCProbePlugin", path: "Tests/RPCProbePlugin", dependencies: []),
    plugin("FrameCounterPlugin", path: "Tests/FrameCounterPlugin", dependencies: []),
    // Optimised in debug builds too: it draws and bit-shuffles images.
    plugin(
        "EigerSimulator", path: "Simulators/EigerSimulator", dependencies: [routes, storage, "CMemoryFile"],
        exclude: ["CMemoryFile"], extra: [.unsafeFlags(["-O"], .when(configuration: .debug))]),
]

let package = Package(
    name: "daqd",
    products: [
        .executable(name: "daqd", targets: ["daqd"]),
        .executable(name: "eiger-sim", targets: ["eiger-sim"]),
        .library(name: "andor_sim", type: .dynamic, targets: ["AndorSDK"]),
        .library(name: "FullDisk", type: .dynamic, targets: ["FullDisk"]),
    ] + plugins.compactMap(\.last).map { .library(name: $0.name, type: .dynamic, targets: [$0.name]) },
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
        .systemLibrary(name: "CEpoll", path: "Plugins/ChannelAccessFrontend/CLibraries/CEpoll"),
        .systemLibrary(name: "CAndorSDK2", path: "Plugins/AndorPlugin/CAndorSDK2"),
        // The stand-in for Andor's SDK2: the same C symbols, optimised in debug builds too, for it fills every image.
        .target(
            name: "AndorSDK", path: "Simulators/AndorSDK",
            cSettings: [
                .headerSearchPath("../../Plugins/AndorPlugin/CAndorSDK2"),
                .unsafeFlags(["-O2", "-fno-strict-aliasing", "-Wall", "-Wextra", "-Werror"]),
            ], linkerSettings: [.linkedLibrary("m")]),
        // Stands before write(2) of a daqd that a test starts.
        .target(
            name: "FullDisk", path: "Tests/FullDisk",
            cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .systemLibrary(name: "CMemoryFile", path: "Simulators/EigerSimulator/CMemoryFile"),
        .executableTarget(
            name: "eiger-sim", dependencies: ["EigerSimulator"], path: "Simulators/eiger-sim", swiftSettings: settings,
            linkerSettings: [.unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN"])]),
        .testTarget(
            name: "EigerSimulatorTests", dependencies: ["EigerSimulator", "HTTPTesting", kernel, storage],
            path: "Tests/EigerSimulatorTests", exclude: ["Fixtures"], swiftSettings: testSettings),
        .testTarget(
            name: "DAQKernelConfigurationTests", dependencies: [kernel, "SchemaTesting"],
            path: "Tests/DAQKernelConfigurationTests", exclude: ["Fixtures"], swiftSettings: testSettings),
        .target(
            name: "SchemaTesting", path: "Tests/SchemaTesting", exclude: ["validate_schema.py"],
            swiftSettings: testSettings),
        .testTarget(
            name: "DAQKernelTests", dependencies: [kernel], path: "Tests/DAQKernelTests", swiftSettings: testSettings),
        .testTarget(
            name: "DAQKernelRuntimeTests", dependencies: [kernel], path: "Tests/DAQKernelRuntimeTests",
            swiftSettings: testSettings),
        .target(
            name: "DaemonTesting", dependencies: ["ServerTesting"], path: "Tests/DaemonTesting",
            swiftSettings: testSettings),
        .testTarget(
            name: "OutOfTreeTests", dependencies: [kernel, "DaemonTesting"], path: "Tests/OutOfTreeTests",
            swiftSettings: testSettings),
        .testTarget(
            name: "DAQKernelLoadingTests", dependencies: [kernel, "DaemonTesting"], path: "Tests/DAQKernelLoadingTests",
            swiftSettings: testSettings),
        .executableTarget(
            name: "RunLogCrasher", dependencies: [kernel], path: "Tests/RunLogCrasher", swiftSettings: testSettings),
        .testTarget(
            name: "DAQKernelRunTests", dependencies: [kernel, "RunLogCrasher"], path: "Tests/DAQKernelRunTests",
            swiftSettings: testSettings),
        .target(name: "HTTPTesting", path: "Tests/HTTPTesting", swiftSettings: testSettings),
        .testTarget(
            name: "DAQRoutesTests", dependencies: [routes, "HTTPTesting"], path: "Tests/DAQRoutesTests",
            swiftSettings: testSettings),
        .testTarget(
            name: "RESTFrontendTests", dependencies: ["RESTFrontend", "HTTPTesting", kernel, routes],
            path: "Tests/RESTFrontendTests", swiftSettings: testSettings),
        .testTarget(
            name: "ChannelAccessFrontendTests", dependencies: ["ChannelAccessFrontend", "ServerTesting", kernel],
            path: "Tests/ChannelAccessFrontendTests", swiftSettings: testSettings),
        .testTarget(
            name: "DAQStorageTests", dependencies: [storage], path: "Tests/DAQStorageTests", exclude: ["Fixtures"],
            swiftSettings: testSettings),
        .target(name: "ServerTesting", path: "Tests/ServerTesting", swiftSettings: testSettings),
        .testTarget(
            name: "EigerPluginTests",
            dependencies: [
                "AcquirerPlugin", "EigerPlugin", "EigerSimulator", "ServerTesting", "daqd", kernel, storage, transports,
            ],
            path: "Tests/EigerPluginTests", exclude: ["Fixtures"], swiftSettings: testSettings),
        .testTarget(
            name: "AndorPluginTests", dependencies: ["AndorPlugin", "SchemaTesting", kernel],
            path: "Tests/AndorPluginTests", swiftSettings: testSettings),
        .target(name: "CBase64", path: "Plugins/RPCFrontend/CLibraries/CBase64"),
        .target(name: "CEventLoop", path: "Plugins/RPCFrontend/CLibraries/CEventLoop"),
        .systemLibrary(name: "COpenSSL", path: "Plugins/RPCFrontend/CLibraries/COpenSSL"),
        .testTarget(
            name: "RPCFrontendTests", dependencies: ["RPCFrontend", kernel, "ServerTesting"],
            path: "Tests/RPCFrontendTests", swiftSettings: testSettings),
        .systemLibrary(name: "CPNG", path: "Plugins/StandardOperations/CLibraries/CPNG"),
        .testTarget(
            name: "StandardOperationsTests",
            dependencies: ["StandardOperations", kernel, storage, "CPNG", "HTTPTesting"],
            path: "Tests/StandardOperationsTests", exclude: ["Fixtures"], swiftSettings: testSettings),
        .testTarget(
            name: "DAQTransportsTests", dependencies: ["ServerTesting", transports], path: "Tests/DAQTransportsTests",
            swiftSettings: testSettings),
    ] + plugins.flatMap { $0 }
)
