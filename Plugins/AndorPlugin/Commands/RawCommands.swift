// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// The SDK's own calls for clients that fetch images themselves.
enum RawCommands {
    private static let parallel = CameraCommands.parallel

    static func make(_ core: CameraCore, _ acquirer: Acquirer) -> [AnyCommand] {
        [
            Command<Void>(
                "emccd/start_acquisition", "Starts an acquisition; the client fetches the images itself",
                policy: parallel
            ) {
                progress in try await acquirer.start(.client, origin: progress.origin)
            },
            Command<Void>("emccd/abort_acquisition", "Ends the acquisition", policy: CameraCommands.interrupting) {
                progress in
                if await acquirer.stop(AcquisitionStop(.user, origin: progress.origin)) { return }
                try await core.call("AbortAcquisition", .abort) { sdk, _ in try sdk.set(.abortAcquisition) }
            },
            Command<DataValue>(
                "emccd/get_number_new_images", "First and last index of the images that nobody fetched",
                policy: parallel
            ) { _ in
                let range = try await core.call("GetNumberNewImages", .data) { sdk, _ in try sdk.newImages() }
                guard let range else { throw SDKStatus.noNewData.error("GetNumberNewImages") }
                return .pair((range.lowerBound, range.upperBound))
            },
            Command<DataValue>("emccd/get_oldest_image16", "The oldest image that nobody fetched", policy: parallel) {
                _ in
                let image = try await fetch(core, "GetOldestImage16") { sdk, pixels in
                    guard let bytes = try sdk.oldestImage16(pixels: pixels) else {
                        throw SDKStatus.noNewData.error("GetOldestImage16")
                    }
                    return [bytes]
                }
                return image.first.map { core.parameters.format.value.value(of: $0) } ?? .null
            },
            Command<DataValue>(
                "emccd/get_images16", "A list of images, all new ones or those of two indexes",
                Argument<DataValue>("first_last", default: .null),
                policy: parallel
            ) { _, range in
                let asked = try bounds(range)
                let new = try await core.call("GetNumberNewImages", .data) { sdk, _ in try asked ?? sdk.newImages() }
                guard let new else { throw SDKStatus.noNewData.error("GetImages16") }
                let format = core.parameters.format.value
                return .list(try await images(core, new).map { format.value(of: $0) })
            },
        ]
    }

    /// All images of a range, however many: in pieces, between which others may call the camera.
    private static func images(_ core: CameraCore, _ range: ClosedRange<Int>) async throws -> [ArrayValue] {
        var images: [ArrayValue] = []
        for first in stride(from: range.lowerBound, through: range.upperBound, by: BufferReader.batchImages) {
            let last = min(range.upperBound, first + BufferReader.batchImages - 1)
            images += try await fetch(core, "GetImages16") { sdk, pixels in
                try (first...last).map { index in
                    guard let bytes = try sdk.images16(index...index, pixels: pixels) else {
                        throw SDKStatus.generalErrors.error("GetImages16", "\(index), \(index)")
                    }
                    return bytes
                }
            }
        }
        return images
    }

    private static func bounds(_ value: DataValue) throws(DeviceError) -> ClosedRange<Int>? {
        switch value {
        case .null: return nil
        case .tuple(let items), .list(let items):
            guard items.count == 2, let first = items[0].integer, let last = items[1].integer, first >= 1,
                last >= first,
                last <= Int64(Int32.max)
            else { break }
            return Int(first)...Int(last)
        default: break
        }
        throw DeviceError(.badArguments, "first_last needs two indexes from 1, the first not above the last")
    }

    private static func fetch(
        _ core: CameraCore, _ what: String, _ body: @escaping @Sendable (SDKLibrary, Int) throws -> [[UInt8]]
    ) async throws -> [ArrayValue] {
        let facts = try core.facts()
        let shape = core.setup.shape(sensorWidth: facts.sensorWidth, sensorHeight: facts.sensorHeight)
        let copies = try await core.call(what, .data) { sdk, _ in try body(sdk, shape.rows * shape.columns) }
        return copies.compactMap { ArrayValue(.uint16, shape: [shape.rows, shape.columns], bytes: $0) }
    }
}
