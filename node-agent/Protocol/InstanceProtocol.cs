using Kilonova.Crds;

namespace Kilonova.NodeAgent.Protocol;

/// <summary>
/// The agent's part of the placement protocol: from what is known to the one next step. Pure. A guest is started only after, in this order: the
/// Lease was renewed in this boot (R4); the Instance was read by quorum and is present, wanted running, not deleted, without a note (R3), at an epoch
/// not below the record's and not removed before; the host's own ledger entry was read by quorum and has the same epoch and claim (R2); the Lease is fresh;
/// the record is on stable storage. Nothing is destroyed but under a quorum read of the terminating Instance, and nothing newer than that Instance.
/// </summary>
internal static class InstanceProtocol
{
    /// <summary>Shortest time between two starts of a guest that is to be restarted whenever it powers itself off.</summary>
    public static readonly TimeSpan RestartSpacing = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LedgerRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HoldRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LeaseRetry = TimeSpan.FromSeconds(2);

    // A shutdown can be called off.
    private static readonly TimeSpan ShutdownRetry = TimeSpan.FromSeconds(5);

    /// <summary>Decides the next step.</summary>
    public static Step Next(InstanceView view)
    {
        // R9: strays are told, nothing is done.
        var step = Decide(view);
        return view.Host.HeldFor is { } generation && step is not (Step.ReadInstance or Step.ReadLedger or Step.Rest)
            ? Rest(VerdictKind.Held, $"The store was restored (generation {generation}), and not every host has said yet what it runs: nothing is started or destroyed.", HoldRetry)
            : step;
    }

    private static Step Decide(InstanceView view)
    {
        if (view.Instance is not { } reading)
            return new Step.ReadInstance();
        if (view.Domain is { Ours: false } && view.Record is null)
            return ForeignDomain(view, reading.Found);
        return reading.Found switch
        {
            null => WithoutInstance(view),
            { Metadata.DeletionTimestamp: not null } instance => Remove(view, instance),
            { Spec.Wanted: InstancePresence.Present } instance => Present(view, instance),
            { } instance => Rest(VerdictKind.NotPresent, $"The guest is not to be here ({instance.Spec.Wanted})."),
        };
    }

    /// <summary>Highest placement number of what is on the host; null when nothing of this ID has one.</summary>
    public static long? EpochHere(InstanceView view) => (view.Record?.Epoch, view.Domain?.Epoch) switch
    {
        ({ } record, { } domain) => Math.Max(record, domain),
        ({ } record, null) => record,
        (null, { } domain) => domain,
        _ => null,
    };

    // Never by absence: what the API does not account for is left running and reported.
    private static Step.Rest WithoutInstance(InstanceView view) =>
        view.Domain is null && view.Record is null && !view.FilesExist
            ? Rest(VerdictKind.Nothing, "There is nothing of this ID.")
            : Stray("NoInstance", $"There is no Instance for what is on the host (epoch {EpochHere(view)?.ToString() ?? "unknown"}).");

    private static Step ForeignDomain(InstanceView view, Instance? instance) => instance switch
    {
        null => Rest(VerdictKind.Nothing, "The domain is not ours."),
        // Its files, if any, are ours; the domain is not and stays.
        { Metadata.DeletionTimestamp: not null } => Remove(view with { Domain = null }, instance),
        // Another host may take it only once this number can never start here.
        _ when view.TombstoneEpoch is not { } closed || closed < instance.Spec.Epoch => new Step.WriteTombstone(instance.Spec.Epoch),
        _ => Rest(VerdictKind.ForeignDomain, "A domain without our metadata bears this name or UUID. It is left alone; the guest cannot be built here."),
    };

    private static Step Remove(InstanceView view, Instance instance)
    {
        var epoch = instance.Spec.Epoch;
        if (instance.Metadata.Finalizers?.Contains(ApiGroup.AgentFinalizer) != true)
            return Rest(VerdictKind.Removed, "Removed; the ledger's entry is the operator's to release.");
        if (EpochHere(view) is { } here && here > epoch)
            return Stray("NewerThanInstance", $"The host has epoch {here}, the terminating Instance is at {epoch}.");
        if (view.Domain is not null)
            return new Step.RemoveDomain();
        if (view.FilesExist)
            return new Step.RemoveFiles();
        if (view.TombstoneEpoch is not { } closed || closed < epoch)
            return new Step.WriteTombstone(epoch);
        if (view.Record is not null)
            return new Step.RemoveRecord();
        return new Step.DropFinalizer(instance);
    }

    private static Step Present(InstanceView view, Instance instance)
    {
        var epoch = instance.Spec.Epoch;
        if (EpochHere(view) is { } here && here > epoch)
            return Stray("NewerThanInstance", $"The host has epoch {here}, the Instance is at {epoch}.");
        if (view.TombstoneEpoch is { } closed && closed >= epoch)
            return Rest(VerdictKind.Closed, $"Epoch {closed} was removed or given up here; epoch {epoch} is never started on this host.");
        return view.Domain is { Active: true } domain
            ? WhileActive(view, instance, domain)
            : WhileOff(view, instance);
    }

    private static Step WhileActive(InstanceView view, Instance instance, DomainView domain)
    {
        var spec = instance.Spec;
        var runs = view.Record?.Epoch ?? domain.Epoch;
        var claim = view.Record?.ClaimID ?? domain.ClaimID;
        if (runs != spec.Epoch || claim != spec.ClaimID)
            return Stray("OlderThanInstance", $"The guest runs at epoch {runs?.ToString() ?? "unknown"}, the Instance is at {spec.Epoch} with another claim.");

        // libvirtd died between starting QEMU and its CPUs: the guest has not run yet, so all that justifies a start is asked for again.
        if (domain.State == PowerState.Paused && view.Record is { Run: GuestRun.Starting } && spec is { PowerState: WantedPowerState.Running, Note: null })
            return Hindrance(view, instance, null) ?? new Step.ResumeDomain();

        // No record, or one from before the start was seen: the running domain is adopted as it is.
        var record = view.Record ?? NewRecord(view, instance);
        var seen = record with { Run = GuestRun.Running, BootID = view.Host.BootID, StoppedByGuest = false, WantedPower = spec.PowerState };
        if (record.Run != GuestRun.Running)
            seen = seen with { StartedAt = record.StartedAt ?? view.Host.Now, LaunchedAt = record.LaunchedAt ?? view.Host.Now };
        if (seen != view.Record)
            return new Step.WriteRecord(seen);
        return spec.PowerState == WantedPowerState.Stopped
            ? new Step.StopDomain()
            : Rest(VerdictKind.Running, domain.State == PowerState.Paused ? "The guest is paused." : "The guest runs.");
    }

    private static Step WhileOff(InstanceView view, Instance instance)
    {
        if (instance.Spec.PowerState == WantedPowerState.Stopped)
            return KeepOff(view, instance);
        if (instance.Spec.Note is { } note)
            return Rest(VerdictKind.AboutToLeave, $"A note ({note.Reason}, epoch {note.TargetEpoch}) says that the guest is about to leave.");
        if (FailedBefore(instance) is { } failure)
            return Rest(VerdictKind.Failed, failure.Message);

        if (view.Record is { WantedPower: WantedPowerState.Running } record && record.Epoch == instance.Spec.Epoch)
        {
            var stays = instance.Spec.OnGuestShutdown == OnGuestShutdown.Stop;
            if (record.StoppedByGuest && stays)
                return Rest(VerdictKind.StoppedByGuest, "The guest powered itself off; a change of powerState starts it.");

            // It was seen running in this boot, nobody here stopped it: it went off by itself, unless the host is going down.
            if (record.Run == GuestRun.Running && record.BootID == view.Host.BootID)
            {
                if (view.Host.ShuttingDown)
                    return Rest(VerdictKind.HostShuttingDown, "The host is going down; the guest is started again with it.", ShutdownRetry);
                if (view.Domain is { Saved: true })
                    return Rest(VerdictKind.Saved, "Somebody on the host saved the guest's memory to a file (virsh managedsave, libvirt-guests). It goes on where it was at the host's next boot, at virsh start, or when powerState is changed to Stopped and back.");
                if (stays)
                    return new Step.WriteRecord(record with { Run = GuestRun.Off, StoppedByGuest = true });
                if (record.StartedAt + RestartSpacing - view.Host.Now is { Ticks: > 0 } rest)
                    return Rest(VerdictKind.RestartSoon, "The guest powered itself off and is to be started again.", rest);
            }
        }

        return Start(view, instance);
    }

    private static Step KeepOff(InstanceView view, Instance instance)
    {
        if (FailedBefore(instance) is { } failure)
            return Rest(VerdictKind.Failed, failure.Message);
        if (!IsPrepared(view, instance))
            return new Step.Prepare(instance);
        if (view.Record is { } record)
        {
            var seen = record with { WantedPower = WantedPowerState.Stopped, Run = record.Run == GuestRun.Never ? GuestRun.Never : GuestRun.Off, StoppedByGuest = false };
            if (seen != record)
                return new Step.WriteRecord(seen);
        }

        return Rest(VerdictKind.Stopped, "The guest is off.");
    }

    private static Step Start(InstanceView view, Instance instance)
    {
        var spec = instance.Spec;
        if (!IsPrepared(view, instance))
            return view.Host.ShuttingDown ? Rest(VerdictKind.HostShuttingDown, "The host is going down; nothing is started.", ShutdownRetry) : new Step.Prepare(instance);
        if (Hindrance(view, instance, view.Prepared) is { } hindrance)
            return hindrance;

        var record = (view.Record ?? NewRecord(view, instance)) with
        {
            Epoch = spec.Epoch,
            ClaimID = spec.ClaimID,
            WantedPower = WantedPowerState.Running,
            Run = GuestRun.Starting,
            StoppedByGuest = false,
            BootID = view.Host.BootID,
            MachineType = view.Record?.MachineType ?? view.Prepared!.MachineType,
            CpuModel = view.Record?.CpuModel ?? view.Prepared!.CpuModel,
            ImageDigest = view.Record?.ImageDigest ?? view.Prepared!.ImageDigest,
            Disks = view.Record?.Disks ?? view.Prepared!.Disks,
        };
        if (record != view.Record)
            return new Step.WriteRecord(record with { StartedAt = null });
        return new Step.StartDomain(instance);
    }

    /// <summary>What is still to be read, or keeps a guest from being started; null when its start is justified (R2, R4).</summary>
    private static Step? Hindrance(InstanceView view, Instance instance, Preparation? prepared)
    {
        if (view.Host.ShuttingDown)
            return Rest(VerdictKind.HostShuttingDown, "The host is going down; nothing is started.", ShutdownRetry);
        if (view.Host.LeaseRenewedAt is not { } renewed)
            return Rest(VerdictKind.LeaseNotRenewed, "The host's Lease was not renewed in this boot.", LeaseRetry);

        // R4, R9, and the preparation may have taken long: what justifies the start is read after all of them. The end of a hold may have brought a note.
        var read = view.Instance!.AskedAt;
        if (read < renewed || read < view.Host.HeldUntil || (prepared is not null && read < prepared.FinishedAt))
            return new Step.ReadInstance();
        if (view.Ledger is not { } ledger || ledger.AskedAt < read)
            return new Step.ReadLedger();
        var spec = instance.Spec;
        if (!ledger.Entries.Any(entry => entry.Epoch == spec.Epoch && entry.ClaimID == spec.ClaimID))
            return Rest(VerdictKind.NoLedgerEntry, $"The ledger has no entry of epoch {spec.Epoch} and claim {spec.ClaimID} ({Describe(ledger)}).", LedgerRetry);
        return view.Host.LeaseFresh ? null : Rest(VerdictKind.LeaseNotRenewed, "The host's Lease has run out.", LeaseRetry);
    }

    private static bool IsPrepared(InstanceView view, Instance instance) =>
        view.Prepared is { } prepared && view.Domain is not null && prepared.Uid == instance.Metadata.Uid && prepared.Generation == instance.Metadata.Generation;

    // A failure holds for what it was judged on: a changed Instance is tried again.
    private static InstanceFailure? FailedBefore(Instance instance) =>
        instance.Status is { Failure: { } failure } status && failure.Epoch == instance.Spec.Epoch && status.ObservedGeneration >= instance.Metadata.Generation ? failure : null;

    private static InstanceRecord NewRecord(InstanceView view, Instance instance) => new()
    {
        InstanceID = view.InstanceID,
        Epoch = instance.Spec.Epoch,
        ClaimID = instance.Spec.ClaimID,
        Server = $"{instance.Spec.Server.Namespace}/{instance.Spec.Server.Name}",
        ServerUid = instance.Spec.Server.Uid,
        WantedPower = instance.Spec.PowerState,
    };

    private static string Describe(LedgerReading ledger) => ledger.Entries.Count == 0
        ? "none of this ID"
        : string.Join(", ", ledger.Entries.Select(entry => $"epoch {entry.Epoch} claim {entry.ClaimID}"));

    private static Step.Rest Rest(VerdictKind kind, string message, TimeSpan? retryAfter = null) => new(new Verdict(kind, message, retryAfter));

    private static Step.Rest Stray(string reason, string message) => new(new Verdict(VerdictKind.Stray, message) { Reason = reason });
}
