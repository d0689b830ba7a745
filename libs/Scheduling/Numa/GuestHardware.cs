using Kilonova.Crds;
using Kilonova.Scheduling.Pci;

namespace Kilonova.Scheduling.Numa;

/// <summary>Whether a flavor and an image can be had together as far as CPUs, memory and devices go: the check to make before anything is accepted.</summary>
public static class GuestHardware
{
    /// <summary>Finds what is wrong. The order is Nova's: topology, devices' nearness and aliases, then sockets, cores and threads.</summary>
    /// <param name="flavor">The flavor.</param>
    /// <param name="image">The image, if any.</param>
    /// <param name="aliases">Names by which flavors ask for PCI devices.</param>
    /// <returns>The first error; null when nothing is wrong.</returns>
    public static RequestError? Check(FlavorSpec flavor, ImageSpec? image, IReadOnlyList<PciAlias> aliases)
    {
        ArgumentNullException.ThrowIfNull(flavor);
        if (TopologyConstraints.Of(flavor, image).Error is { } topology) return topology;
        return PciAlias.Requests(flavor, image, aliases).Error ?? CheckCpuTopology(flavor, image);
    }

    /// <summary>Finds what is wrong with sockets, cores and threads alone.</summary>
    internal static RequestError? CheckCpuTopology(FlavorSpec flavor, ImageSpec? image)
    {
        // Most say nothing, and everything can be made of sockets.
        if (flavor.ExtraSpecs is not { Count: > 0 } && image?.Properties is not { Count: > 0 }) return null;
        var constraints = GuestCpuTopology.Of(flavor, image);
        return constraints.Error ?? constraints.Value!.Desirable(flavor.Vcpus).Error;
    }
}
