// Part of daqd
// SPDX-License-Identifier: MIT
import CAndorSDK2
import DAQKernel

// Thin wrappers, one for each shape of prototype: arguments in, results out, a refusal thrown with the function's name, its
// arguments and the vendor's code. Above this file no C type appears. To be called on the gate's thread.
extension SDKLibrary {
    typealias Int32Pointer = UnsafeMutablePointer<Int32>
    typealias FloatPointer = UnsafeMutablePointer<Float>

    /// Throws unless a call succeeded.
    /// - Parameter arguments: Made only when there is an error to tell of.
    func check(
        _ status: UInt32, _ function: SDKFunction, _ arguments: @autoclosure () -> String = ""
    ) throws(DeviceError) {
        let status = SDKStatus(status)
        guard status != .success else { return }
        throw status.error(function.symbol, arguments())
    }

    /// Calls a function of whole numbers: setters, and commands without an argument.
    func set(_ function: SDKFunction, _ values: Int...) throws(DeviceError) {
        try set(function, values.map { Int32(clamping: $0) })
    }

    func set(_ function: SDKFunction, _ v: [Int32]) throws(DeviceError) {
        typealias I = Int32
        let status: UInt32
        switch v.count {
        case 0: status = try self.function(function, as: (@convention(c) () -> UInt32).self)()
        case 1: status = try self.function(function, as: (@convention(c) (I) -> UInt32).self)(v[0])
        case 2: status = try self.function(function, as: (@convention(c) (I, I) -> UInt32).self)(v[0], v[1])
        case 3: status = try self.function(function, as: (@convention(c) (I, I, I) -> UInt32).self)(v[0], v[1], v[2])
        case 4:
            status = try self.function(function, as: (@convention(c) (I, I, I, I) -> UInt32).self)(
                v[0], v[1], v[2], v[3])
        case 5:
            status = try self.function(function, as: (@convention(c) (I, I, I, I, I) -> UInt32).self)(
                v[0], v[1], v[2], v[3], v[4])
        case 6:
            status = try self.function(function, as: (@convention(c) (I, I, I, I, I, I) -> UInt32).self)(
                v[0], v[1], v[2], v[3], v[4], v[5])
        default:
            status = try self.function(function, as: (@convention(c) (I, I, I, I, I, I, I) -> UInt32).self)(
                v[0], v[1], v[2], v[3], v[4], v[5], v[6])
        }
        try check(status, function, v.map(String.init).joined(separator: ", "))
    }

    /// Calls a setter of one number.
    func set(_ function: SDKFunction, seconds value: Double) throws(DeviceError) {
        let call = try self.function(function, as: (@convention(c) (Float) -> UInt32).self)
        try check(call(Float(value)), function, "\(value)")
    }

    /// Asks for a whole number; up to four whole numbers say of what.
    func int(_ function: SDKFunction, _ of: Int...) throws(DeviceError) -> Int {
        var value: Int32 = 0
        let v = of.map { Int32(clamping: $0) }
        typealias I = Int32
        typealias P = Int32Pointer
        let status: UInt32
        switch v.count {
        case 0: status = unsafe try self.function(function, as: (@convention(c) (P) -> UInt32).self)(&value)
        case 1: status = unsafe try self.function(function, as: (@convention(c) (I, P) -> UInt32).self)(v[0], &value)
        case 2:
            status = unsafe try self.function(function, as: (@convention(c) (I, I, P) -> UInt32).self)(
                v[0], v[1], &value)
        default:
            status = unsafe try self.function(function, as: (@convention(c) (I, I, I, I, P) -> UInt32).self)(
                v[0], v[1], v[2], v[3], &value)
        }
        try check(status, function, v.map(String.init).joined(separator: ", "))
        return Int(value)
    }

    /// Asks for two whole numbers.
    func ints(_ function: SDKFunction) throws(DeviceError) -> (Int, Int) {
        var first: Int32 = 0
        var second: Int32 = 0
        let call = unsafe try self.function(function, as: (@convention(c) (Int32Pointer, Int32Pointer) -> UInt32).self)
        try check(unsafe call(&first, &second), function)
        return (Int(first), Int(second))
    }

    /// Asks for a number; up to four whole numbers say of what.
    func float(_ function: SDKFunction, _ of: Int...) throws(DeviceError) -> Double {
        var value: Float = 0
        let v = of.map { Int32(clamping: $0) }
        typealias I = Int32
        typealias P = FloatPointer
        let status: UInt32
        switch v.count {
        case 0: status = unsafe try self.function(function, as: (@convention(c) (P) -> UInt32).self)(&value)
        case 1: status = unsafe try self.function(function, as: (@convention(c) (I, P) -> UInt32).self)(v[0], &value)
        case 3:
            status = unsafe try self.function(function, as: (@convention(c) (I, I, I, P) -> UInt32).self)(
                v[0], v[1], v[2], &value)
        default:
            status = unsafe try self.function(function, as: (@convention(c) (I, I, I, I, P) -> UInt32).self)(
                v[0], v[1], v[2], v[3], &value)
        }
        try check(status, function, v.map(String.init).joined(separator: ", "))
        return Double(value)
    }

    /// Asks for two numbers.
    func floats(_ function: SDKFunction) throws(DeviceError) -> [Double] {
        var (first, second): (Float, Float) = (0, 0)
        let call = unsafe try self.function(function, as: (@convention(c) (FloatPointer, FloatPointer) -> UInt32).self)
        try check(unsafe call(&first, &second), function)
        return [Double(first), Double(second)]
    }

    /// Sensor, set point and surroundings in °C, and the cooler's voltage.
    func temperatureStatus() throws(DeviceError) -> [Double] {
        var (sensor, target, ambient, volts): (Float, Float, Float, Float) = (0, 0, 0, 0)
        typealias P = FloatPointer
        let call = unsafe try function(.getTemperatureStatus, as: (@convention(c) (P, P, P, P) -> UInt32).self)
        try check(unsafe call(&sensor, &target, &ambient, &volts), .getTemperatureStatus)
        return [sensor, target, ambient, volts].map(Double.init)
    }

    /// The vertical speed that the SDK recommends.
    func recommendedVSSpeed() throws(DeviceError) -> (index: Int, microseconds: Double) {
        var index: Int32 = 0
        var speed: Float = 0
        typealias Call = @convention(c) (Int32Pointer, FloatPointer) -> UInt32
        let call = unsafe try function(.getFastestRecommendedVSSpeed, as: Call.self)
        try check(unsafe call(&index, &speed), .getFastestRecommendedVSSpeed)
        return (Int(index), Double(speed))
    }

    func setDMAParameters(images: Int, seconds: Double) throws(DeviceError) {
        let call = try function(.setDMAParameters, as: (@convention(c) (Int32, Float) -> UInt32).self)
        try check(call(Int32(clamping: images), Float(seconds)), .setDMAParameters, "\(images), \(seconds)")
    }

    /// Asks for exposure, accumulation cycle and kinetic cycle, in seconds.
    func timings() throws(DeviceError) -> (exposure: Double, accumulate: Double, kinetic: Double) {
        typealias P = FloatPointer
        var (exposure, accumulate, kinetic): (Float, Float, Float) = (0, 0, 0)
        let call = unsafe try function(.getAcquisitionTimings, as: (@convention(c) (P, P, P) -> UInt32).self)
        try check(unsafe call(&exposure, &accumulate, &kinetic), .getAcquisitionTimings)
        return (Double(exposure), Double(accumulate), Double(kinetic))
    }

    /// Asks for a text of at most 255 bytes.
    func text(_ function: SDKFunction) throws(DeviceError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 256)
        let call = unsafe try self.function(function, as: (@convention(c) (UnsafeMutablePointer<CChar>) -> UInt32).self)
        try check(unsafe call(&buffer), function)
        return Self.bytes(buffer)
    }

    /// Asks for the text of an index.
    func text(_ function: SDKFunction, _ index: Int) throws(DeviceError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 256)
        typealias Call = @convention(c) (Int32, UnsafeMutablePointer<CChar>, Int32) -> UInt32
        let call = unsafe try self.function(function, as: Call.self)
        try check(unsafe call(Int32(clamping: index), &buffer, 255), function, "\(index)")
        return Self.bytes(buffer)
    }

    /// Versions of the SDK and of its driver; some say them only once a camera is initialised, old ones never.
    var versions: [String] {
        [0x4000_0000, 0x4000_0001].compactMap { try? text(.getVersionInfo, $0) }.map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private static func bytes(_ buffer: [CChar]) -> [UInt8] {
        buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    }

    /// The directory in which the SDK finds its files.
    func initialize(_ directory: String) throws(DeviceError) {
        var bytes = directory.utf8.map { CChar(bitPattern: $0) } + [0]
        let call = unsafe try function(.initialize, as: (@convention(c) (UnsafeMutablePointer<CChar>) -> UInt32).self)
        try check(unsafe call(&bytes), .initialize, "“\(directory)”")
    }

    func capabilities() throws(DeviceError) -> CameraCapabilities {
        var words = AndorCapabilities()
        words.size = UInt32(MemoryLayout<AndorCapabilities>.size)
        typealias Call = @convention(c) (UnsafeMutablePointer<AndorCapabilities>) -> UInt32
        let call = unsafe try function(.getCapabilities, as: Call.self)
        try check(unsafe call(&words), .getCapabilities)
        return CameraCapabilities(words)
    }

    /// Versions of the camera's card, FPGA, firmware and build.
    func hardwareVersion() throws(DeviceError) -> [Int] {
        var v = [UInt32](repeating: 0, count: 6)
        typealias P = UnsafeMutablePointer<UInt32>
        let call = unsafe try function(.getHardwareVersion, as: (@convention(c) (P, P, P, P, P, P) -> UInt32).self)
        let status = unsafe v.withUnsafeMutableBufferPointer { b -> UInt32 in
            guard let p = b.baseAddress else { return 0 }
            return unsafe call(p, p + 1, p + 2, p + 3, p + 4, p + 5)
        }
        try check(status, .getHardwareVersion)
        return v.map(Int.init)
    }

    /// Temperature in °C and the state of its regulation, which is the call's own result.
    func temperature() throws(DeviceError) -> (celsius: Double, status: SDKStatus) {
        var value: Float = 0
        let call = unsafe try function(.getTemperatureF, as: (@convention(c) (FloatPointer) -> UInt32).self)
        let status = SDKStatus(unsafe call(&value))
        return (Double(value), status)
    }

    /// The same in whole degrees.
    func wholeTemperature() throws(DeviceError) -> (celsius: Int, status: SDKStatus) {
        var value: Int32 = 0
        let call = unsafe try function(.getTemperature, as: (@convention(c) (Int32Pointer) -> UInt32).self)
        let status = SDKStatus(unsafe call(&value))
        return (Int(value), status)
    }

    /// Several tracks of equal height; first row and gap between them.
    func setMultiTrack(number: Int, height: Int, offset: Int) throws(DeviceError) -> (bottom: Int, gap: Int) {
        var (bottom, gap): (Int32, Int32) = (0, 0)
        typealias Call = @convention(c) (Int32, Int32, Int32, Int32Pointer, Int32Pointer) -> UInt32
        let call = unsafe try function(.setMultiTrack, as: Call.self)
        let status = unsafe call(
            Int32(clamping: number), Int32(clamping: height), Int32(clamping: offset), &bottom, &gap)
        try check(status, .setMultiTrack, "\(number), \(height), \(offset)")
        return (Int(bottom), Int(gap))
    }

    /// Tracks by first and last row, in order.
    func setRandomTracks(_ rows: [Int]) throws(DeviceError) {
        var rows = rows.map { Int32(clamping: $0) }
        let call = unsafe try function(.setRandomTracks, as: (@convention(c) (Int32, Int32Pointer) -> UInt32).self)
        try check(
            unsafe call(Int32(rows.count / 2), &rows), .setRandomTracks, rows.map(String.init).joined(separator: ", "))
    }

    func setFastKinetics(
        rows: Int, number: Int, seconds: Double, image: Bool, hbin: Int, vbin: Int, offset: Int
    ) throws(DeviceError) {
        typealias I = Int32
        let call = try function(
            .setFastKineticsEx, as: (@convention(c) (I, I, Float, I, I, I, I) -> UInt32).self)
        let status = call(
            I(clamping: rows), I(clamping: number), Float(seconds), image ? 4 : 0, I(clamping: hbin), I(clamping: vbin),
            I(clamping: offset))
        try check(
            status, .setFastKineticsEx, "\(rows), \(number), \(seconds), \(image ? 4 : 0), \(hbin), \(vbin), \(offset)")
    }

    // MARK: - Images

    /// The new images, or `nil` when there is none.
    func newImages() throws(DeviceError) -> ClosedRange<Int>? {
        var (first, last): (Int32, Int32) = (0, 0)
        let call = unsafe try function(
            .getNumberNewImages, as: (@convention(c) (Int32Pointer, Int32Pointer) -> UInt32).self)
        let status = SDKStatus(unsafe call(&first, &last))
        if status == .noNewData { return nil }
        try check(status.raw, .getNumberNewImages)
        return first <= last ? Int(first)...Int(last) : nil
    }

    /// Copies images into memory for so many: little-endian pixels, row-major, one image after the other.
    /// - Parameters:
    ///   - isWide: 32 bits for each pixel, for sums of scans; else 16.
    ///   - memory: Room for `range.count` images.
    /// - Returns: `false` when the oldest of them was overwritten meanwhile, and nothing was copied.
    @unsafe
    func images(
        _ range: ClosedRange<Int>, pixels: Int, isWide: Bool, into memory: UnsafeMutableRawPointer
    ) throws(DeviceError) -> Bool {
        let count = UInt32(pixels * range.count)
        let (from, to) = (Int32(range.lowerBound), Int32(range.upperBound))
        var (first, last): (Int32, Int32) = (0, 0)
        let status: UInt32
        if isWide {
            typealias Call =
                @convention(c) (Int32, Int32, UnsafeMutablePointer<Int32>, UInt32, Int32Pointer, Int32Pointer) -> UInt32
            let call = unsafe try function(.getImages, as: Call.self)
            status = unsafe call(from, to, memory.assumingMemoryBound(to: Int32.self), count, &first, &last)
        } else {
            typealias Call =
                @convention(c) (Int32, Int32, UnsafeMutablePointer<UInt16>, UInt32, Int32Pointer, Int32Pointer)
                -> UInt32
            let call = unsafe try function(.getImages16, as: Call.self)
            status = unsafe call(from, to, memory.assumingMemoryBound(to: UInt16.self), count, &first, &last)
        }
        if SDKStatus(status) == .generalErrors { return false }
        try check(status, isWide ? .getImages : .getImages16, "\(from), \(to)")
        return true
    }

    /// Copies images of 16-bit pixels; `nil` when the oldest of them was overwritten meanwhile.
    /// - Returns: Little-endian pixels, row-major, one image after the other.
    func images16(_ range: ClosedRange<Int>, pixels: Int) throws(DeviceError) -> [UInt8]? {
        try copies(range, pixels, isWide: false)
    }

    /// The same with 32-bit pixels, for accumulated images.
    func images32(_ range: ClosedRange<Int>, pixels: Int) throws(DeviceError) -> [UInt8]? {
        try copies(range, pixels, isWide: true)
    }

    private func copies(_ range: ClosedRange<Int>, _ pixels: Int, isWide: Bool) throws(DeviceError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: pixels * range.count * (isWide ? 4 : 2))
        let result = unsafe bytes.withUnsafeMutableBytes { raw -> Result<Bool, DeviceError> in
            guard let memory = raw.baseAddress else { return .success(false) }
            return Result { () throws(DeviceError) in
                try unsafe images(range, pixels: pixels, isWide: isWide, into: memory)
            }
        }
        return try result.get() ? bytes : nil
    }

    /// The oldest image that nobody retrieved; `nil` when there is none.
    func oldestImage16(pixels: Int) throws(DeviceError) -> [UInt8]? {
        let call = unsafe try function(
            .getOldestImage16, as: (@convention(c) (UnsafeMutablePointer<UInt16>, UInt32) -> UInt32).self)
        var status: UInt32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: pixels * 2) { buffer, initialized in
            guard let base = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
            status = unsafe call(base.assumingMemoryBound(to: UInt16.self), UInt32(pixels))
            initialized = status == SDKStatus.success.raw ? pixels * 2 : 0
        }
        try check(status, .getOldestImage16)
        return bytes
    }

    /// When images were taken, nanoseconds since the start; empty where the camera does not tell.
    func imageTimes(_ range: ClosedRange<Int>) -> [UInt64] {
        typealias Call = @convention(c) (UInt32, UInt32, UnsafeMutablePointer<UInt64>, UInt32) -> UInt32
        guard let call = unsafe try? function(.getRelativeImageTimes, as: Call.self) else { return [] }
        var times = [UInt64](repeating: 0, count: range.count)
        let status = unsafe call(
            UInt32(range.lowerBound), UInt32(range.upperBound), &times, UInt32(range.count))
        return status == SDKStatus.success.raw ? times : []
    }

    // MARK: - Waiting: the only calls outside the gate

    /// Waits until an image of a camera is complete; `nil` when this SDK can wait for the selected camera only.
    func wait(handle: Int, milliseconds: Int) -> SDKStatus? {
        typealias Call = @convention(c) (Int, Int32) -> UInt32
        guard let call = try? function(.waitForAcquisitionByHandleTimeOut, as: Call.self) else { return nil }
        return SDKStatus(call(handle, Int32(clamping: milliseconds)))
    }

    /// Waits until an image of the selected camera is complete.
    func waitForSelected(milliseconds: Int) throws(DeviceError) -> SDKStatus {
        let call = try function(.waitForAcquisitionTimeOut, as: (@convention(c) (Int32) -> UInt32).self)
        return SDKStatus(call(Int32(clamping: milliseconds)))
    }

    /// Wakes whoever waits; any thread.
    func cancelWait() { try? set(.cancelWait) }
}
