using Kilonova.Crds;
using Kilonova.NodeAgent.Domains;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.Registration;
using Kilonova.NodeAgent.State;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Actors;

/// <summary>The host as it is: libvirt, files and records.</summary>
internal sealed class GuestHost(
    GuestBuilder builder,
    GuestPower power,
    DomainLook look,
    RecordStore records,
    StateDirectory state,
    Heartbeat heartbeat,
    HostReporter host,
    HostShutdown shutdown,
    RestoreHold hold,
    AgentMetrics metrics,
    TimeProvider time,
    ILogger<GuestHost> logger) : IGuestHost
{
    // When a guest was last seen off that had run: whether the host is going down is asked after it.
    private long seenOffAt;

    public async Task<HostView> ViewAsync(bool matters, CancellationToken cancel)
    {
        var (heldFor, heldUntil) = hold.Now;
        return new HostView(host.BootID, heartbeat.RenewedAt, heartbeat.IsFresh, matters && await shutdown.IsUnderWayAsync(Volatile.Read(ref seenOffAt), cancel), time.GetUtcNow()) { HeldFor = heldFor, HeldUntil = heldUntil };
    }

    public async Task<DomainView?> LookAsync(string instanceID, CancellationToken cancel)
    {
        var domain = await look.AtAsync(instanceID, cancel);
        if (domain is { Active: false } && records.Read(instanceID) is { Run: GuestRun.Running })
            Volatile.Write(ref seenOffAt, time.GetTimestamp());
        return domain;
    }

    public InstanceRecord? Record(string instanceID) => records.Read(instanceID);

    public long? TombstoneEpoch(string instanceID) => records.TombstoneEpoch(instanceID);

    public bool FilesExist(string instanceID) => Directory.Exists(state.FilesOf(instanceID).Directory);

    public async Task<Preparation> PrepareAsync(Instance instance, InstanceRecord? record, Func<InstanceStep, StepProgress?, CancellationToken, Task> tell, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        await using var progress = new BuildProgress(time, tell, cancel);
        var (preparation, took) = await builder.PrepareAsync(instance, record, host.Profile, progress.Tell, cancel);
        await progress.DisposeAsync();
        metrics.Prepared(took);
        LogMessages.Prepared(logger, instance.Metadata.Name!, ServerOf(instance), instance.Spec.RequestID, time.GetElapsedTime(began).TotalMilliseconds, took.Image.TotalMilliseconds, took.Disks.TotalMilliseconds, took.ConfigDrive.TotalMilliseconds, took.Define.TotalMilliseconds);
        return preparation;
    }

    public async Task StartAsync(Instance instance, InstanceRecord record, CancellationToken cancel)
    {
        var began = time.GetTimestamp();
        await power.StartAsync(instance, record, cancel);
        metrics.Started(time.GetElapsedTime(began));
        LogMessages.Started(logger, instance.Metadata.Name!, ServerOf(instance), instance.Spec.RequestID, time.GetElapsedTime(began).TotalMilliseconds);
    }

    public Task ResumeAsync(string instanceID, CancellationToken cancel) => power.ResumeAsync(instanceID, cancel);

    public Task StopAsync(string instanceID, CancellationToken cancel) => power.StopAsync(instanceID, cancel);

    public Task RemoveDomainAsync(string instanceID, CancellationToken cancel) => power.RemoveAsync(instanceID, cancel);

    public Task RemoveFilesAsync(string instanceID, CancellationToken cancel)
    {
        Directory.Delete(state.FilesOf(instanceID).Directory, recursive: true);
        DurableFile.SyncDirectory(state.Instances);
        return Task.CompletedTask;
    }

    public Task WriteRecordAsync(InstanceRecord record, CancellationToken cancel)
    {
        records.Write(record);
        return Task.CompletedTask;
    }

    public Task RemoveRecordAsync(string instanceID, CancellationToken cancel)
    {
        records.Remove(instanceID);
        return Task.CompletedTask;
    }

    public Task WriteTombstoneAsync(string instanceID, long epoch, CancellationToken cancel)
    {
        records.WriteTombstone(instanceID, epoch, time.GetUtcNow());
        return Task.CompletedTask;
    }

    private static string ServerOf(Instance instance) => $"{instance.Spec.Server.Namespace}/{instance.Spec.Server.Name}";
}
