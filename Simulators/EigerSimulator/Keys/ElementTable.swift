// Part of daqd
// SPDX-License-Identifier: MIT

/// The Kα1 lines that `detector/config/element` offers, in eV.
enum ElementTable {
    /// In order of atomic number.
    static let lines: [(element: String, energy: Double)] = [
        ("Ti", 4510.84), ("V", 4952.20), ("Cr", 5414.72), ("Mn", 5898.75), ("Fe", 6403.84), ("Co", 6930.32),
        ("Ni", 7478.15), ("Cu", 8047.78), ("Zn", 8638.86), ("Ga", 9251.74), ("Ge", 9886.42), ("As", 10543.72),
        ("Se", 11222.4), ("Br", 11924.2), ("Kr", 12649.0), ("Rb", 13395.3), ("Sr", 14165.0), ("Y", 14958.4),
        ("Zr", 15775.1), ("Nb", 16615.1), ("Mo", 17479.34), ("Tc", 18367.1), ("Ru", 19279.2), ("Rh", 20216.1),
        ("Pd", 21177.1), ("Ag", 22162.92), ("Cd", 23173.6), ("In", 24209.7), ("Sn", 25271.3), ("Sb", 26359.1),
        ("Te", 27472.3), ("I", 28612.0), ("Xe", 29779.0), ("Cs", 30972.8), ("Ba", 32193.6),
    ]

    /// The energy of an element's line, in eV.
    static func energy(of element: String) -> Double? { lines.first { $0.element == element }?.energy }

    /// Planck's constant times the speed of light, in eV Å.
    static let electronVoltAngstrom = 12398.419843320026
}
