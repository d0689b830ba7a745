using System.Collections.Immutable;
using Kilonova.Crds;

namespace Kilonova.Scheduling;

/// <summary>A member of a server group.</summary>
/// <param name="InstanceID">Instance ID.</param>
/// <param name="Host">Where the group says that it is or is about to be; null when the ledgers alone say it.</param>
public sealed record GroupMemberFacts(string InstanceID, string? Host);

/// <summary>The server group of a server, as filters and weighers see it.</summary>
public sealed record ServerGroupFacts
{
    /// <summary>Policy.</summary>
    public required ServerGroupPolicy Policy { get; init; }

    /// <summary>Most members on one host, for policy AntiAffinity.</summary>
    public int MaxServerPerHost { get; init; } = 1;

    /// <summary>Members.</summary>
    public ImmutableArray<GroupMemberFacts> Members { get; init; } = [];

    /// <summary>Hosts of the members, for policy Affinity.</summary>
    public ImmutableArray<string> Hosts { get; init; } = [];

    /// <summary>Reads a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="instanceID">Instance ID of the server that is to be placed: its own entry in the group says nothing of where it may be.</param>
    /// <returns>The facts.</returns>
    public static ServerGroupFacts Of(ServerGroup group, string instanceID)
    {
        ArgumentNullException.ThrowIfNull(group);
        var others = (group.Status?.Members ?? []).Where(m => m.InstanceID != instanceID).ToList();
        return new ServerGroupFacts
        {
            Policy = group.Spec.Policy,
            MaxServerPerHost = group.Spec.MaxServerPerHost ?? 1,
            Members = [.. others.Select(m => new GroupMemberFacts(m.InstanceID, m.Host)).Distinct()],
            Hosts = [.. others.Select(m => m.Host).Distinct().Order(StringComparer.Ordinal)],
        };
    }
}
