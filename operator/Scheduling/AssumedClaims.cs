using System.Collections.Immutable;
using Kilonova.Crds;
using Kilonova.Scheduling;

namespace Kilonova.Operator.Scheduling;

/// <summary>What was decided and is not seen in ledgers and groups yet: it counts all the same. Only the scheduling loop touches it.</summary>
public sealed class AssumedClaims
{
    private readonly Dictionary<string, Dictionary<string, Allocation>> _hosts = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Namespace, string Name), Dictionary<string, string>> _groups = [];

    /// <summary>Entries that a host's ledger is about to have.</summary>
    public IReadOnlyCollection<Allocation> On(string host) => _hosts.TryGetValue(host, out var claims) ? claims.Values : [];

    /// <summary>Notes a decision.</summary>
    /// <param name="host">Name of the Hypervisor.</param>
    /// <param name="server">The server that is to be there.</param>
    /// <param name="entry">The entry that its claim will write.</param>
    public void Add(string host, Server server, Allocation entry)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(entry);
        if (!_hosts.TryGetValue(host, out var claims))
            _hosts[host] = claims = new(StringComparer.Ordinal);
        claims[entry.Id] = entry;
        if (GroupOf(server) is not { } group)
            return;
        if (!_groups.TryGetValue(group, out var members))
            _groups[group] = members = new(StringComparer.Ordinal);
        members[entry.Id] = host;
    }

    /// <summary>A placement has ended: what came of it is in ledger and group by now, or nothing did.</summary>
    /// <returns>Whether the host is to be looked at again.</returns>
    public bool Remove(string host, Server server, string instanceID)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (GroupOf(server) is { } group && _groups.TryGetValue(group, out var members) && members.Remove(instanceID) && members.Count == 0)
            _groups.Remove(group);
        if (!_hosts.TryGetValue(host, out var claims) || !claims.Remove(instanceID))
            return false;
        if (claims.Count == 0)
            _hosts.Remove(host);
        return true;
    }

    /// <summary>A group as it is with the members that are about to join it.</summary>
    /// <param name="server">A server of the group.</param>
    /// <param name="instanceID">Its identity: what is assumed of itself says nothing of where it may be.</param>
    /// <param name="group">The group as seen.</param>
    public ServerGroupFacts? Joined(Server server, string instanceID, ServerGroupFacts? group)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (group is null || GroupOf(server) is not { } key || !_groups.TryGetValue(key, out var joining))
            return group;
        var members = group.Members.ToHashSet();
        members.UnionWith(joining.Where(m => m.Key != instanceID).Select(m => new GroupMemberFacts(m.Key, m.Value)));
        return group with
        {
            Members = [.. members],
            Hosts = [.. members.Select(m => m.Host).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
        };
    }

    private static (string, string)? GroupOf(Server server) => server.Spec.SchedulerHints?.Group is { } name ? (server.Metadata.Namespace!, name) : null;
}
