using Kilonova.Crds;

namespace Kilonova.Operator.Servers;

/// <summary>The work order for a host, made of a bound Server and what it refers to.</summary>
public static class InstanceOrder
{
    /// <summary>The order for a server that is bound.</summary>
    /// <param name="server">The Server; <c>host</c>, <c>hostEpoch</c> and <c>claimID</c> are set.</param>
    /// <param name="instanceID">Its identity.</param>
    /// <param name="resolved">What it refers to.</param>
    /// <param name="hasUserData">Whether a Secret with user data lies, or will lie, beside the Instance.</param>
    public static InstanceSpec Of(Server server, string instanceID, Resolution.Complete resolved, bool hasUserData)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(resolved);
        var spec = server.Spec;
        var status = server.Status ?? throw new ArgumentException("the Server is not bound", nameof(server));
        return new InstanceSpec
        {
            Server = new ServerReference { Namespace = server.Metadata.Namespace!, Name = server.Metadata.Name!, Uid = server.Metadata.Uid! },
            Epoch = status.HostEpoch ?? throw new ArgumentException("the Server is not bound", nameof(server)),
            ClaimID = status.ClaimID!,
            Wanted = InstancePresence.Present,
            PowerState = spec.PowerState,
            OnGuestShutdown = spec.OnGuestShutdown,
            ServerGeneration = server.Metadata.Generation ?? 0,
            Hostname = spec.Hostname ?? server.Metadata.Name,
            Flavor = FlavorOf(resolved.Flavor),
            Image = ImageOf(resolved.Image),
            Interfaces = Interfaces(server, instanceID, resolved.Networks),
            Keys = resolved.Keys.Count == 0 ? null : [.. resolved.Keys.Select(k => new InstanceKey { Name = k.Metadata.Name!, PublicKey = k.Spec.PublicKey })],
            Metadata = spec.Metadata,
            AvailabilityZone = status.AvailabilityZone,
            SecretName = hasUserData ? instanceID : null,
            RequestID = RequestID(server),
        };
    }

    /// <summary>
    /// The order after a change of the Server, or the same one when nothing that a host follows has changed. What a guest was built from stays as it was.
    /// </summary>
    public static InstanceSpec Follow(InstanceSpec current, Server server)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(server);
        if (current.Wanted == InstancePresence.Absent || current.ServerGeneration >= (server.Metadata.Generation ?? 0))
            return current;
        return current with
        {
            PowerState = server.Spec.PowerState,
            OnGuestShutdown = server.Spec.OnGuestShutdown,
            Metadata = server.Spec.Metadata,
            ServerGeneration = server.Metadata.Generation ?? 0,
            RequestID = RequestID(server),
        };
    }

    /// <summary>Ties everything that one change of a Server sets going together in the logs of operator, agent and libvirt.</summary>
    public static string RequestID(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return $"req-{server.Metadata.Uid}-{server.Metadata.Generation ?? 0}";
    }

    private static InstanceFlavor FlavorOf(Flavor flavor) => new()
    {
        Name = flavor.Metadata.Name!,
        Vcpus = flavor.Spec.Vcpus,
        MemoryMiB = flavor.Spec.MemoryMiB,
        RootGiB = flavor.Spec.RootGiB,
        EphemeralGiB = flavor.Spec.EphemeralGiB,
        SwapMiB = flavor.Spec.SwapMiB,
        ExtraSpecs = flavor.Spec.ExtraSpecs,
    };

    private static InstanceImage? ImageOf(Image? image) => image is null ? null : new InstanceImage
    {
        Name = $"{image.Metadata.Namespace}/{image.Metadata.Name}",
        Uid = image.Metadata.Uid,
        Url = image.Spec.Source!.Url!,
        Format = image.Spec.DiskFormat,
        Checksum = image.Spec.Checksum,
        Properties = image.Spec.Properties,
    };

    private static List<InstanceInterface>? Interfaces(Server server, string instanceID, IReadOnlyList<Network> networks)
    {
        if (server.Spec.Networks is not { Count: > 0 } wanted)
            return null;
        var interfaces = new List<InstanceInterface>(wanted.Count);
        for (var i = 0; i < wanted.Count; i++)
        {
            var network = networks[i].Spec;
            interfaces.Add(new InstanceInterface
            {
                Network = wanted[i].Network,
                Type = network.Type,
                MacAddress = MacAddress.Of(wanted[i], instanceID, i),
                Bridge = network.Bridge,
                Mtu = network.Mtu,
                DnsServers = network.DnsServers,
            });
        }

        return interfaces;
    }
}
