using Kilonova.Scheduling.Hosts;
using Kilonova.Scheduling.Weighers;

namespace Kilonova.Scheduling.Pci;

/// <summary>Keeps hosts with PCI devices free for guests that ask for some: 100 less the free devices, of which at most 99 count (spec: SCH-49).</summary>
public sealed class PciWeigher : HostWeigher
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "PCIWeigher";

    private const int MaxDevices = 100;

    /// <summary>Creates the weigher.</summary>
    /// <param name="multiplier">Multiplier of the configuration; not negative.</param>
    public PciWeigher(double multiplier)
        : base(multiplier)
    {
    }

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "pci_weight_multiplier";

    /// <inheritdoc/>
    public override bool Concerns(in SnapshotView hosts, SchedulingRequest request) => hosts.AnyPciDevices;

    /// <inheritdoc/>
    public override void Weigh(in SnapshotView hosts, SchedulingRequest request, ReadOnlySpan<int> rows, Span<double> raw)
    {
        for (var i = 0; i < rows.Length; i++) raw[i] = MaxDevices - Math.Min(hosts.Numa(rows[i])?.Pci?.Free ?? 0, MaxDevices - 1);
    }
}
