using Kilonova.Crds;
using Kilonova.Operator.Protocol;

namespace Kilonova.Operator.Placement;

/// <summary>Writes the members of server groups.</summary>
/// <param name="store">Quorum reads and guarded writes.</param>
/// <param name="known">The group as last seen.</param>
public sealed class GroupWriter(IPlacementStore store, Func<GroupKey, ServerGroup?> known) : SharedWriter<GroupKey, ServerGroup, IReadOnlyList<GroupMember>>
{
    /// <summary>Claims a seat: comes back when the member is in the group or cannot be.</summary>
    /// <param name="key">The group.</param>
    /// <param name="member">The claim.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <returns>Null when the seat is taken; else why it cannot be.</returns>
    public async Task<string?> ClaimAsync(GroupKey key, GroupMember member, CancellationToken cancellation)
    {
        var answer = await ChangeAsync(
            key,
            (group, _) => Task.FromResult(GroupSeats.Refusal(group, member) is { } refusal
                ? new SharedEdit<string, IReadOnlyList<GroupMember>>(refusal, null)
                : new SharedEdit<string, IReadOnlyList<GroupMember>>("", GroupSeats.Adding(group, member))),
            cancellation);
        return answer is null ? "there is no such group, or others kept writing it first" : answer.Length == 0 ? null : answer;
    }

    /// <inheritdoc/>
    protected override ServerGroup? Known(GroupKey key) => known(key);

    /// <inheritdoc/>
    protected override Task<ServerGroup?> ReadAsync(GroupKey key, CancellationToken cancellation) => store.ReadGroupAsync(key, cancellation);

    /// <inheritdoc/>
    protected override ServerGroup With(ServerGroup read, IReadOnlyList<GroupMember> entries)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read with { Status = (read.Status ?? new ServerGroupStatus()) with { ObservedGeneration = read.Metadata.Generation, Members = entries } };
    }

    /// <inheritdoc/>
    protected override async Task<bool> TryWriteAsync(ServerGroup read, ServerGroup wanted, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        return (await store.WriteGroupAsync(read, wanted.Status!, cancellation)).Done;
    }
}
