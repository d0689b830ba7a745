using Kilonova.Crds;

namespace Kilonova.Operator.Protocol;

/// <summary>
/// The placement protocol as one pure function: from what was read of an instance ID to the next step. It is level based; it neither knows
/// nor cares who did the step before, or whether a leader died on it. docs/protocol.md has the rules R1–R9 and why each is there.
/// </summary>
/// <remarks>
/// The same function is asked twice for each guarded write: once with whatever is at hand, and again with quorum reads in the order that R6
/// demands (<c>GuardedReader</c>). Only if both answers are equal is the step written.
/// </remarks>
public static class PlacementProtocol
{
    /// <summary>Decides the next step.</summary>
    /// <param name="view">What was read.</param>
    /// <param name="maxAttempts">On how many hosts a build is tried (<c>maxAttempts</c>).</param>
    public static Step Next(PlacementView view, int maxAttempts)
    {
        ArgumentNullException.ThrowIfNull(view);
        if (view.Held)
            return HoldBack(view);
        return view.Server switch
        {
            null => AfterServer(view),
            { Metadata.DeletionTimestamp: not null } server => Delete(view, server),
            var server => Keep(view, server, maxAttempts),
        };
    }

    /// <summary>R5: an entry or an Instance of this placement number is garbage. Numbers above <c>placementEpoch</c> are somebody's next claim.</summary>
    public static bool IsGarbage(Server? server, string host, long epoch) =>
        server is null || (epoch <= (server.Status?.PlacementEpoch ?? 0) && !IsBound(server, host, epoch));

    /// <summary>Whether the Server is bound to this very placement.</summary>
    public static bool IsBound(Server server, string host, long epoch)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Status is { } status && status.Host == host && status.HostEpoch == epoch;
    }

    /// <summary>
    /// Whether the bound host has given up on a guest that never ran, so that another may be tried. The agent's word is a promise: once it has
    /// written a failure for a placement number it never starts that number (its record is closed first), so the bind elsewhere needs no Fence.
    /// </summary>
    public static bool MayTryElsewhere(Server server, Instance? instance, int maxAttempts)
    {
        ArgumentNullException.ThrowIfNull(server);
        return HasFailed(server, instance)
            && instance!.Status!.Failure!.Elsewhere
            && instance.Spec.Note is null
            && instance.Status.StartedAt is null
            && server.Status!.LaunchedAt is null
            && (server.Status.FailedHosts?.Count ?? 0) + 1 < maxAttempts;
    }

    /// <summary>Whether the bound host said that it cannot build the placement that is bound.</summary>
    public static bool HasFailed(Server server, Instance? instance)
    {
        ArgumentNullException.ThrowIfNull(server);
        return instance is { Status.Failure: { } failure }
            && failure.Epoch == instance.Spec.Epoch
            && HostOf(instance) is { } host
            && IsBound(server, host, instance.Spec.Epoch)
            && instance.Spec.ClaimID == server.Status!.ClaimID;
    }

    /// <summary>The host in whose namespace an Instance is; null for one that somebody put elsewhere, which is nobody's order.</summary>
    public static string? HostOf(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        return instance.Metadata.Namespace is { } ns && ns.Length > ApiGroup.HostNamespacePrefix.Length && ns.StartsWith(ApiGroup.HostNamespacePrefix, StringComparison.Ordinal)
            ? ns[ApiGroup.HostNamespacePrefix.Length..]
            : null;
    }

    /// <summary>
    /// R9, while a restored store is held: a guest that another host runs does not start where the store, older than that, has it. The note outlives the hold, until
    /// an admin has resolved the stray.
    /// </summary>
    private static Step HoldBack(PlacementView view)
    {
        foreach (var place in view.Places)
        {
            if (place.Instance is { Metadata.DeletionTimestamp: null, Spec.Note: null } instance && view.Strays.FirstOrDefault(s => s.Host != place.Host) is { } stray)
                return new HoldBackInstance(place.Host, instance.Metadata.Uid!, stray.Epoch);
        }

        // A finalizer promises nothing, and without it nobody can be told why they wait.
        return view.Server is { Metadata: { DeletionTimestamp: null } metadata } && metadata.Finalizers?.Contains(ApiGroup.ServerFinalizer) != true
            ? new AddFinalizer()
            : new Wait(WaitReason.Restored);
    }

    /// <summary>The Server is gone: what is left of it goes, Instances first (GCI, FIN, GC).</summary>
    private static Step AfterServer(PlacementView view)
    {
        Step? wait = null;
        foreach (var place in view.Places)
        {
            if (place.Instance is { } instance)
            {
                var step = Retire(place, instance);
                if (step is not Wait)
                    return step;
                wait ??= step;
            }

            foreach (var entry in place.Entries)
            {
                if (place.Instance?.Spec.Epoch != entry.Epoch)
                    return new RemoveEntry(place.Host, entry.Epoch, entry.ClaimID);
            }
        }

        return wait ?? (Step?)AnySeat(view) ?? new Settled();
    }

    /// <summary>The Server is to go (DEL): every Instance, then every entry, then its finalizer.</summary>
    private static Step Delete(PlacementView view, Server server)
    {
        if (server.Metadata.Finalizers?.Contains(ApiGroup.ServerFinalizer) != true)
            return new Settled();

        Step? wait = null;
        foreach (var place in view.Places)
        {
            if (place.Instance is not { } instance)
                continue;
            var step = Retire(place, instance);
            if (step is not Wait)
                return step;
            wait ??= step;
        }

        if (wait is not null)
            return wait;

        foreach (var place in view.Places)
        {
            foreach (var entry in place.Entries)
            {
                if (entry.Epoch > (server.Status?.PlacementEpoch ?? 0))
                    return new Raise(entry.Epoch);
                if (IsBound(server, place.Host, entry.Epoch))
                    return new CreateAbsentInstance(place.Host, entry.Epoch, entry.ClaimID);
                return new RemoveEntry(place.Host, entry.Epoch, entry.ClaimID);
            }
        }

        return (Step?)AnySeat(view) ?? new RemoveServerFinalizer();
    }

    /// <summary>The Server is to be: it gets and keeps one place, and what it left elsewhere is cleaned up.</summary>
    private static Step Keep(PlacementView view, Server server, int maxAttempts)
    {
        if (server.Metadata.Finalizers?.Contains(ApiGroup.ServerFinalizer) != true)
            return new AddFinalizer();

        var here = EnsurePlace(view, server, maxAttempts);
        if (here.Writes && here is not PlaceServer)
            return here;

        // Waiting for a place, or for what is to happen there, does not hold up what is left elsewhere.
        var rest = CleanUp(view, server);
        if (rest.Writes || here is not Settled)
            return rest.Writes ? rest : here;
        return rest is Settled ? Unseated(view, server) ?? rest : rest;
    }

    /// <summary>SCHED and ENSURE: the one place where the guest is to be.</summary>
    private static Step EnsurePlace(PlacementView view, Server server, int maxAttempts)
    {
        if (server.Status is not { Host: { } host, HostEpoch: { } epoch, ClaimID: { } claimID })
            return Schedule(view, server);

        var place = view.At(host);
        var entry = place.Entry(epoch);
        switch (place.Instance)
        {
            case null when entry?.ClaimID == claimID:
                // A domain of this very placement is no stray to be wary of: with its Instance back, its agent knows it again.
                return view.Strays.FirstOrDefault(s => s.Host != host || s.Epoch != epoch) is { } stray
                    ? new Wait(WaitReason.FoundOnHost, stray.Host)
                    : new CreateInstance(host, epoch, claimID);
            case null:
                // Somebody deleted the Instance. A guest that never ran has lost nothing; of one that ran, the disks are gone.
                return server.Status.LaunchedAt is null ? Schedule(view, server) : new Wait(WaitReason.PlaceLost, host);
            case { Metadata.DeletionTimestamp: not null } terminating:
                return Retire(place, terminating);
            case { } old when old.Spec.Epoch < epoch:
                return new DeleteInstance(host, old.Metadata.Uid!);
            case { Spec.Wanted: InstancePresence.Incoming } incoming when incoming.Spec.Epoch == epoch:
                return new AdoptIncoming(host, incoming.Metadata.Uid!);
            case { Spec.Note.Reason: MoveReason.Restore } noted when view.Strays.Count == 0:
                return new LetStart(host, noted.Metadata.Uid!);
            case var instance when MayTryElsewhere(server, instance, maxAttempts):
                return Schedule(view, server);
            case var instance when HasFailed(server, instance):
                return new Wait(WaitReason.BuildFailed, host);
            default:
                return new Settled();
        }
    }

    /// <summary>A claim that was made for the Server and not bound is used; otherwise a host is to be chosen.</summary>
    private static Step Schedule(PlacementView view, Server server)
    {
        if (view.Strays.Count > 0)
            return new Wait(WaitReason.FoundOnHost, view.Strays[0].Host);

        var next = (server.Status?.PlacementEpoch ?? 0) + 1;
        foreach (var place in view.Places)
        {
            if (place.Host != server.Status?.Host && place.Entry(next) is { } entry && IsHeldByServer(entry) && view.IsWanted(entry)
                && view.IsSeated(server, place.Host, next, entry.ClaimID))
                return new Bind(place.Host, next, entry.ClaimID);
        }

        // A claim for something else (the flavor was changed since), or under a number that a restored store forgot: its number is used up first.
        return Abandoned(view, server) is { } epoch ? new Raise(epoch) : new PlaceServer(next);
    }

    /// <summary>GC, GCI and FIN, for a Server that is to be.</summary>
    private static Step CleanUp(PlacementView view, Server server)
    {
        Step? wait = null;
        foreach (var place in view.Places)
        {
            if (place.Instance is { } instance && (instance.Metadata.DeletionTimestamp is not null || IsGarbage(server, place.Host, instance.Spec.Epoch)))
            {
                if (Retire(place, instance) is Wait w)
                    wait ??= w;
                else
                    return Retire(place, instance);
            }

            foreach (var entry in place.Entries)
            {
                if (place.Instance?.Spec.Epoch != entry.Epoch && IsHeldByServer(entry) && IsGarbage(server, place.Host, entry.Epoch))
                    return new RemoveEntry(place.Host, entry.Epoch, entry.ClaimID);
            }
        }

        if (Abandoned(view, server) is { } epoch)
            return new Raise(epoch);
        foreach (var group in view.Groups)
        {
            // In reverse order of claiming: the seat goes after what it was for.
            foreach (var seat in group.Members)
            {
                if (IsGarbage(server, seat) && !IsOccupied(view.At(seat.Host), seat))
                    return new RemoveSeat(group.Name, seat);
            }
        }

        return wait ?? new Settled();
    }

    /// <summary>
    /// An Instance that is to go: deleted, confirmed by its agent, its entry removed, then let go (FIN removes only the entry of its own epoch). On a host that is
    /// gone for good nobody confirms; should it come back, it finds no Instance, starts nothing, and what runs there is a stray.
    /// </summary>
    private static Step Retire(Place place, Instance instance)
    {
        if (instance.Metadata.DeletionTimestamp is null)
            return new DeleteInstance(place.Host, instance.Metadata.Uid!);
        if (instance.Metadata.Finalizers?.Contains(ApiGroup.AgentFinalizer) == true && !place.Gone)
            return new Wait(WaitReason.AgentConfirmation, place.Host);
        return place.Entry(instance.Spec.Epoch) is { } entry
            ? new RemoveEntry(place.Host, entry.Epoch, entry.ClaimID)
            : new RemoveLedgerFinalizer(place.Host, instance.Metadata.Uid!);
    }

    /// <summary>The highest placement number that was claimed for the Server and will not be bound.</summary>
    private static long? Abandoned(PlacementView view, Server server)
    {
        long? highest = null;
        foreach (var place in view.Places)
        {
            foreach (var entry in place.Entries)
            {
                if (entry.Epoch > (server.Status?.PlacementEpoch ?? 0) && entry.Epoch > (highest ?? 0) && IsHeldByServer(entry))
                    highest = entry.Epoch;
            }
        }

        foreach (var group in view.Groups)
        {
            foreach (var seat in group.Members)
            {
                if (seat.Epoch > (server.Status?.PlacementEpoch ?? 0) && seat.Epoch > (highest ?? 0))
                    highest = seat.Epoch;
            }
        }

        return highest;
    }

    /// <summary>R5 for a seat: its number is used up, and it is not the one that is bound.</summary>
    private static bool IsGarbage(Server server, GroupMember seat) =>
        seat.Epoch <= (server.Status?.PlacementEpoch ?? 0) && !(IsBound(server, seat.Host, seat.Epoch) && seat.ClaimID == server.Status!.ClaimID);

    /// <summary>Whether anything is left on the host of what a seat was claimed for.</summary>
    private static bool IsOccupied(Place place, GroupMember seat) =>
        place.Entry(seat.Epoch)?.ClaimID == seat.ClaimID || (place.Instance is { } instance && (instance.Spec.Epoch, instance.Spec.ClaimID) == (seat.Epoch, seat.ClaimID));

    /// <summary>A seat that is left of a server that goes or is gone, when nothing else is.</summary>
    private static RemoveSeat? AnySeat(PlacementView view)
    {
        foreach (var group in view.Groups)
        {
            if (group.Members.Count > 0)
                return new RemoveSeat(group.Name, group.Members[0]);
        }

        return null;
    }

    /// <summary>A bound server that its group does not know.</summary>
    private static AddSeat? Unseated(PlacementView view, Server server)
    {
        if (GroupKey.Of(server) is not { } key || server.Status is not { Host: { } host, HostEpoch: { } epoch, ClaimID: { } claimID } || view.IsSeated(server, host, epoch, claimID))
            return null;
        foreach (var group in view.Groups)
        {
            if (group.Name == key.Name && !group.Full)
                return new AddSeat(key.Name, new GroupMember { Server = server.Metadata.Name!, InstanceID = view.InstanceID, Epoch = epoch, ClaimID = claimID, Host = host });
        }

        return null;
    }

    private static bool IsHeldByServer(Allocation entry) => entry.Holder.StartsWith(Holder.ServerPrefix, StringComparison.Ordinal);
}
