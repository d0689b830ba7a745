namespace Kilonova.Scheduling;

/// <summary>
/// What may have happened to a host so that a server that was rejected could now fit. Applying a host to the snapshot says which of these came true;
/// each filter declares which of them can undo its rejections.
/// </summary>
[Flags]
public enum ClusterEvents
{
    /// <summary>Nothing that could help anybody.</summary>
    None = 0,

    /// <summary>A host appeared.</summary>
    HostAdded = 1 << 0,

    /// <summary>A host is up that was down.</summary>
    HostUp = 1 << 1,

    /// <summary>A host is enabled that was disabled.</summary>
    HostEnabled = 1 << 2,

    /// <summary>A host is no longer held back.</summary>
    HostUnblocked = 1 << 3,

    /// <summary>A host can take more of some resource than before: a guest left, it grew, or a ratio, reservation or unit was changed.</summary>
    CapacityGrown = 1 << 4,

    /// <summary>Availability zones of a host changed.</summary>
    ZonesChanged = 1 << 5,

    /// <summary>Traits of a host changed.</summary>
    TraitsChanged = 1 << 6,

    /// <summary>Aggregates of a host changed.</summary>
    AggregatesChanged = 1 << 7,

    /// <summary>A ledger entry went.</summary>
    InstanceLeft = 1 << 8,

    /// <summary>A ledger entry came.</summary>
    InstanceArrived = 1 << 9,

    /// <summary>Another CPU, hypervisor, address, machine types or other facts of a host that seldom change.</summary>
    CapabilitiesChanged = 1 << 10,

    /// <summary>A host has fewer guests, or fewer that burden its disks.</summary>
    LoadFell = 1 << 11,

    /// <summary>A host measured other values.</summary>
    MetricsChanged = 1 << 12,

    /// <summary>Members of a server group came or went. Not an event of a host: the caller raises it for the group's servers.</summary>
    GroupChanged = 1 << 13,

    /// <summary>Any figure of a host changed, up or down: what it has, what is used, how many guests it has and what they do. For conditions that somebody wrote.</summary>
    FiguresChanged = 1 << 14,
}
