using Kilonova.Crds;

namespace Kilonova.Operator.Protocol;

/// <summary>Everything that was read of one instance ID: what the protocol decides from.</summary>
/// <param name="InstanceID">The identity that Server, Instances and allocations share.</param>
/// <param name="Server">The Server of this ID; null when there is none any more.</param>
/// <param name="Places">Hosts with an Instance or an allocation of this ID, and the host that the Server is bound to.</param>
/// <param name="Strays">Domains of this ID that hosts run without being told to.</param>
public sealed record PlacementView(string InstanceID, Server? Server, IReadOnlyList<Place> Places, IReadOnlyList<Stray> Strays)
{
    /// <summary>What a claim for the Server would be for; null when that cannot be said (its flavor is missing), and then no claim is used.</summary>
    public IReadOnlyDictionary<string, long>? Wanted { get; init; }

    /// <summary>Groups that hold seats of this ID, and the one that the Server names, where there is one.</summary>
    public IReadOnlyList<SeatsInGroup> Groups { get; init; } = [];

    /// <summary>R9: the store was restored from a copy, and not every host has said yet what it runs.</summary>
    public bool Held { get; init; }

    /// <summary>Whether an entry claims exactly what is wanted.</summary>
    public bool IsWanted(Allocation entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (Wanted is null || Wanted.Count != entry.Resources.Count)
            return false;
        foreach (var (resource, amount) in Wanted)
        {
            if (!entry.Resources.TryGetValue(resource, out var claimed) || claimed != amount)
                return false;
        }

        return true;
    }

    /// <summary>Whether the group that the Server names, if any, has a seat for a claim.</summary>
    public bool IsSeated(Server server, string host, long epoch, string claimID)
    {
        if (GroupKey.Of(server) is not { } key)
            return true;
        foreach (var group in Groups)
        {
            if (group.Name == key.Name)
                return group.Members.Any(m => m.Host == host && m.Epoch == epoch && m.ClaimID == claimID);
        }

        return false;
    }

    /// <summary>The view with one group replaced.</summary>
    public PlacementView With(SeatsInGroup group) =>
        this with { Groups = [.. Groups.Where(g => g.Name != group.Name).Append(group).OrderBy(g => g.Name, StringComparer.Ordinal)] };

    /// <summary>The view with one place replaced.</summary>
    public PlacementView With(Place place) =>
        this with { Places = [.. Places.Where(p => p.Host != place.Host).Append(place).OrderBy(p => p.Host, StringComparer.Ordinal)] };

    /// <summary>The place on <paramref name="host"/>; an empty one when nothing was read there.</summary>
    public Place At(string host)
    {
        foreach (var place in Places)
        {
            if (place.Host == host)
                return place;
        }

        return new Place(host, null, []);
    }
}

/// <summary>What one host's namespace and ledger hold of an instance ID.</summary>
/// <param name="Host">Name of the Hypervisor.</param>
/// <param name="Instance">Its Instance there.</param>
/// <param name="Entries">Its entries in that host's ledger.</param>
public sealed record Place(string Host, Instance? Instance, IReadOnlyList<Allocation> Entries)
{
    /// <summary>The host is gone for good, on an admin's word: nobody will confirm anything there.</summary>
    public bool Gone { get; init; }

    /// <summary>The entry of a placement number.</summary>
    public Allocation? Entry(long epoch)
    {
        foreach (var entry in Entries)
        {
            if (entry.Epoch == epoch)
                return entry;
        }

        return null;
    }
}

/// <summary>A domain that a host runs and no Instance wants there.</summary>
/// <param name="Host">Name of the Hypervisor.</param>
/// <param name="Epoch">Placement number in the host's record.</param>
public sealed record Stray(string Host, long Epoch);
