// Part of daqd
// SPDX-License-Identifier: MIT
import CAndorSDK2
import DAQKernel

/// What a camera can do; asked before every optional call, because an unsupported one is an error of its own.
struct CameraCapabilities: Sendable, Equatable {
    var acquisitionModes: UInt32 = 0
    var readModes: UInt32 = 0
    var triggerModes: UInt32 = 0
    var cameraType: UInt32 = 0
    var pixelMode: UInt32 = 0
    var setFunctions: UInt32 = 0
    var getFunctions: UInt32 = 0
    var features: UInt32 = 0
    var pciCard: UInt32 = 0
    var emGain: UInt32 = 0
    var frameTransferReadModes: UInt32 = 0
    var features2: UInt32 = 0

    init() {}

    init(_ words: AndorCapabilities) {
        acquisitionModes = words.acquisition_modes
        readModes = words.read_modes
        triggerModes = words.trigger_modes
        cameraType = words.camera_type
        pixelMode = words.pixel_mode
        setFunctions = words.set_functions
        getFunctions = words.get_functions
        features = words.features
        pciCard = words.pci_card
        emGain = words.em_gain
        frameTransferReadModes = words.frame_transfer_read_modes
        features2 = words.features2
    }

    func sets(_ bit: UInt32) -> Bool { setFunctions & bit != 0 }
    func has(_ bit: UInt32) -> Bool { features & bit != 0 }

    var hasEMGain: Bool { sets(0x10) }
    var hasEMAdvanced: Bool { sets(0x8000) }
    var hasShutter: Bool { has(0x8) }
    var hasExternalShutter: Bool { has(0x10) }
    var hasFan: Bool { has(0x80) }
    var readsTemperatureWhileAcquiring: Bool { has(0x200) }
    var hasMetadata: Bool { has(0x8000) }
    var hasCountConvert: Bool { has(0x40000) }
    var hasFrameTransfer: Bool { frameTransferReadModes != 0 }
    /// A word of 0 says nothing: the SDK is asked.
    var hasTriggerInversion: Bool { triggerModes == 0 || triggerModes & 0x40 != 0 }
    var hasCrop: Bool { sets(0x400) }
    /// Whether the cropped region may begin elsewhere than at the corner.
    var hasMovableCrop: Bool { sets(0x1000_0000) }
    /// Cameras that must be warm before the SDK lets go of them: ICCD, iStar, each also with USB, and CCD at a PCI card.
    ///
    /// `ulPCICard` is the speed of the card, 0 where there is none.
    var mustWarmUp: Bool { [2, 5, 10, 18, 30].contains(cameraType) || cameraType == 4 && pciCard != 0 }

    /// The words under their names in the SDK's structure, and what their bits mean.
    var dataValue: DataValue {
        let words: [(String, UInt32)] = [
            ("ulSize", 52), ("ulAcqModes", acquisitionModes), ("ulReadModes", readModes),
            ("ulTriggerModes", triggerModes), ("ulCameraType", cameraType), ("ulPixelMode", pixelMode),
            ("ulSetFunctions", setFunctions), ("ulGetFunctions", getFunctions), ("ulFeatures", features),
            ("ulPCICard", pciCard), ("ulEMGainCapability", emGain), ("ulFTReadModes", frameTransferReadModes),
            ("ulFeatures2", features2),
        ]
        var entries = words.map { DataValue.DictionaryEntry(.string($0.0), .integer(Int64($0.1))) }
        entries += decoded.map { .init(.string($0.0), $0.1) }
        return .dictionary(entries)
    }

    /// The family, as the SDK's header names it.
    var typeName: String {
        let names = [
            "PDA", "iXon", "ICCD", "EMCCD", "CCD", "iStar", "Video", "iDus", "Newton", "Surcam", "USB ICCD", "Luca",
            "reserved", "iKon", "InGaAs", "iVac", "unprogrammed", "Clara", "USB iStar", "SimCam", "Neo", "iXon Ultra",
            "Volmos", "iVac CCD", "Aspen", "Ascent", "Alta", "AltaF", "iKon-XL", "CMOS gen 2", "iStar sCMOS", "iKon-LR",
        ]
        return names.indices.contains(Int(cameraType)) ? names[Int(cameraType)] : "type \(cameraType)"
    }
}
