// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

extension SDKLibrary {
    /// Drives the shutter the way this camera wants it: one with an internal and an external shutter by `SetShutterEx` only.
    ///
    /// Nothing is called where there is no shutter. On the gate's thread, with the camera selected.
    func set(shutter: ShutterSetup, _ facts: CameraFacts) throws(DeviceError) {
        guard facts.capabilities.hasShutter else { return }
        let (type, mode) = (shutter.type.number, shutter.mode.number)
        if facts.capabilities.hasExternalShutter, has(.setShutterEx) {
            try set(.setShutterEx, type, mode, shutter.closing, shutter.opening, mode)
        } else {
            try set(.setShutter, type, mode, shutter.closing, shutter.opening)
        }
    }

    /// Closes the shutter, however it is set.
    func closeShutter(_ shutter: ShutterSetup, _ facts: CameraFacts) throws(DeviceError) {
        var closed = shutter
        closed.mode = .closed
        try set(shutter: closed, facts)
    }
}
