// Part of daqd
// SPDX-License-Identifier: MIT
import DAQKernel

/// What the bits of the SDK's capability words are called, each from bit 0 on.
///
/// Source: `atmcdLXd.h` of SDK 2.102, the part of each constant behind its prefix.
enum CapabilityNames {
    static let acquisitionModes = [
        "SINGLE", "VIDEO", "ACCUMULATE", "KINETIC", "FRAMETRANSFER", "FASTKINETICS", "OVERLAP", "TDI",
    ]
    static let readModes = [
        "FULLIMAGE", "SUBIMAGE", "SINGLETRACK", "FVB", "MULTITRACK", "RANDOMTRACK", "MULTITRACKSCAN",
    ]
    static let triggerModes = [
        "INTERNAL", "EXTERNAL", "EXTERNAL_FVB_EM", "CONTINUOUS", "EXTERNALSTART", "EXTERNALEXPOSURE", "INVERTED",
        "EXTERNAL_CHARGESHIFTING",
    ]
    static let pixelModes = ["8BIT", "14BIT", "16BIT", "32BIT"]
    /// The high half of the word of pixel modes is a number.
    static let pixelColours = ["MONO", "RGB", "CMY"]
    static let setFunctions = [
        "VREADOUT", "HREADOUT", "TEMPERATURE", "MCPGAIN", "EMCCDGAIN", "BASELINECLAMP", "VSAMPLITUDE", "HIGHCAPACITY",
        "BASELINEOFFSET", "PREAMPGAIN", "CROPMODE", "DMAPARAMETERS", "HORIZONTALBIN", "MULTITRACKHRANGE",
        "RANDOMTRACKNOGAPS", "EMADVANCED", "GATEMODE", "DDGTIMES", "IOC", "INTELLIGATE", "INSERTION_DELAY", "GATESTEP",
        "TRIGGERTERMINATION", "EXTENDEDNIR", "SPOOLTHREADCOUNT", "REGISTERPACK", "PRESCANS", "GATEWIDTHSTEP",
        "EXTENDED_CROP_MODE", "SUPERKINETICS", "TIMESCAN", "CROPMODETYPE",
    ]
    static let getFunctions = [
        "TEMPERATURE", "TARGETTEMPERATURE", "TEMPERATURERANGE", "DETECTORSIZE", "MCPGAIN", "EMCCDGAIN", "HVFLAG",
        "GATEMODE", "DDGTIMES", "IOC", "INTELLIGATE", "INSERTION_DELAY", "GATESTEP", "PHOSPHORSTATUS", "MCPGAINTABLE",
        "BASELINECLAMP", "GATEWIDTHSTEP",
    ]
    static let features = [
        "POLLING", "EVENTS", "SPOOLING", "SHUTTER", "SHUTTEREX", "EXTERNAL_I2C", "SATURATIONEVENT", "FANCONTROL",
        "MIDFANCONTROL", "TEMPERATUREDURINGACQUISITION", "KEEPCLEANCONTROL", "DDGLITE", "FTEXTERNALEXPOSURE",
        "KINETICEXTERNALEXPOSURE", "DACCONTROL", "METADATA", "IOCONTROL", "PHOTONCOUNTING", "COUNTCONVERT", "DUALMODE",
        "OPTACQUIRE", "REALTIMESPURIOUSNOISEFILTER", "POSTPROCESSSPURIOUSNOISEFILTER", "DUALPREAMPGAIN",
        "DEFECT_CORRECTION", "STARTOFEXPOSURE_EVENT", "ENDOFEXPOSURE_EVENT", "CAMERALINK", "FIFOFULL_EVENT",
        "SENSOR_PORT_CONFIGURATION", "SENSOR_COMPENSATION", "IRIG_SUPPORT",
    ]
    static let emGainModes = ["8BIT", "12BIT", "LINEAR12", "REAL12"]
    static let features2 = ["ESD_EVENTS", "DUAL_PORT_CONFIGURATION", "OVERTEMP_EVENTS"]

    /// The names of the bits that are set; one without a name is its value.
    static func of(_ word: UInt32, _ table: [String]) -> DataValue {
        .list(
            (0..<32).filter { word & (1 << UInt32($0)) != 0 }.map { bit in
                .string(table.indices.contains(bit) ? table[bit] : "0x" + String(UInt32(1) << UInt32(bit), radix: 16))
            })
    }
}

extension CameraCapabilities {
    /// The words in names; what is no set of bits is a name or a number of its own.
    var decoded: [(String, DataValue)] {
        let colour = Int(pixelMode >> 16)
        return [
            ("camera_type", .string(typeName)),
            ("acquisition_modes", CapabilityNames.of(acquisitionModes, CapabilityNames.acquisitionModes)),
            ("read_modes", CapabilityNames.of(readModes, CapabilityNames.readModes)),
            ("frame_transfer_read_modes", CapabilityNames.of(frameTransferReadModes, CapabilityNames.readModes)),
            ("trigger_modes", CapabilityNames.of(triggerModes, CapabilityNames.triggerModes)),
            ("pixel_modes", CapabilityNames.of(pixelMode & 0xFFFF, CapabilityNames.pixelModes)),
            (
                "pixel_colour",
                .string(
                    CapabilityNames.pixelColours.indices.contains(colour)
                        ? CapabilityNames.pixelColours[colour] : "\(colour)")
            ),
            ("set_functions", CapabilityNames.of(setFunctions, CapabilityNames.setFunctions)),
            ("get_functions", CapabilityNames.of(getFunctions, CapabilityNames.getFunctions)),
            ("features", CapabilityNames.of(features, CapabilityNames.features)),
            ("features2", CapabilityNames.of(features2, CapabilityNames.features2)),
            ("em_gain_modes", CapabilityNames.of(emGain, CapabilityNames.emGainModes)),
            ("pci_card_speed", .integer(Int64(pciCard))),
        ]
    }
}
