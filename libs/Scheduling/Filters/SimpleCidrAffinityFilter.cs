using System.Net;
using Kilonova.Scheduling.Hosts;

namespace Kilonova.Scheduling.Filters;

/// <summary>Passes hosts whose address is in the range that the hint <c>hostCidr</c> gives (spec: SCH-30). A host whose address is not known cannot be judged.</summary>
public sealed class SimpleCidrAffinityFilter : HostFilter
{
    /// <summary>Name of the filter.</summary>
    public const string FilterName = "SimpleCIDRAffinityFilter";

    /// <inheritdoc/>
    public override string Name => FilterName;

    /// <inheritdoc/>
    public override string Reason => "outside the range of addresses";

    /// <inheritdoc/>
    public override ClusterEvents WokenBy => ClusterEvents.CapabilitiesChanged;

    /// <inheritdoc/>
    public override bool Concerns(SchedulingRequest request) => !string.IsNullOrEmpty(request.HostCidr);

    /// <inheritdoc/>
    public override bool Passes(in SnapshotView hosts, SchedulingRequest request, int row)
    {
        return !Concerns(request) || IsIn(Range(request.HostCidr!), hosts.Capabilities[row].HostIP);
    }

    /// <inheritdoc/>
    public override void Apply(in SnapshotView hosts, SchedulingRequest request, Survivors survivors)
    {
        if (!Concerns(request)) return;
        var range = Range(request.HostCidr!);
        var capabilities = hosts.Capabilities;
        foreach (var row in survivors)
            if (!IsIn(range, capabilities[row].HostIP)) survivors.Remove(row);
    }

    /// <inheritdoc/>
    public override string Explain(in SnapshotView hosts, SchedulingRequest request, int row) => $"{request.HostCidr} wanted, the host has {hosts.Capabilities[row].HostIP}";

    /// <inheritdoc/>
    public override double Distance(in SnapshotView hosts, SchedulingRequest request, int row) => double.PositiveInfinity;

    /// <inheritdoc/>
    public override string Remedy(in SnapshotView hosts, SchedulingRequest request, int row) => $"if {hosts.Capabilities[row].HostIP} were in the range that the server asks for";

    private static bool IsIn(IPNetwork range, string? address) =>
        IPAddress.TryParse(address, out var parsed) ? range.Contains(parsed) : throw new FormatException($"the host's address is {address ?? "not known"}");

    /// <summary>Any address of the range may stand before the slash, so the bits after the prefix are cleared.</summary>
    private static IPNetwork Range(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var address) || !int.TryParse(text.AsSpan(slash + 1), out var length))
            throw new FormatException($"{text} is no range of addresses");
        var bytes = address.GetAddressBytes();
        if (length < 0 || length > bytes.Length * 8) throw new FormatException($"{text} is no range of addresses");
        for (var bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }
}
