using Kilonova.Crds;
using Kilonova.Libvirt;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.NodeAgent.Protocol;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Actors;

/// <summary>Starts, stops and removes domains. Each can be repeated: what is done already counts as done.</summary>
internal sealed class GuestPower(LibvirtHost libvirt, DomainChanges changes, TimeProvider time, TimeSpan shutdownTimeout, ILogger logger)
{
    private const int ParallelStarts = 4;

    /// <summary>The power button is pressed again after this long: a guest that was booting did not see it (Nova's <c>shutdown_retry_interval</c>).</summary>
    private static readonly TimeSpan PressAgain = TimeSpan.FromSeconds(10);

    // libvirt's flags that the test driver does not know.
    private const DomainUndefineFlags EveryDriver = DomainUndefineFlags.ManagedSave | DomainUndefineFlags.SnapshotsMetadata;

    private readonly TurnGate starts = new(ParallelStarts);

    /// <summary>Starts a domain.</summary>
    /// <exception cref="BuildFailure">A guest that never ran does not start.</exception>
    /// <exception cref="LibvirtException">libvirt is away, or a guest that ran before does not start now.</exception>
    public async Task StartAsync(Instance instance, InstanceRecord record, CancellationToken cancel)
    {
        await starts.EnterAsync(instance, cancel);
        try
        {
            await libvirt.Domains.StartAsync(Uuid(instance.Metadata.Name!), cancellationToken: cancel);
        }
        catch (LibvirtException error) when (error.IsOperationInvalid)
        {
            // It runs already; who asks next sees it.
        }
        catch (LibvirtException error) when (!error.IsConnectionLost && !error.IsNoDomain && error.Code != LibvirtErrorCode.OperationTimeout && record.LaunchedAt is null)
        {
            throw new BuildFailure(InstanceStep.Start, "NotStarted", $"The guest does not start: {error.Message}", elsewhere: true, error);
        }
        finally
        {
            starts.Leave();
        }
    }

    /// <summary>Lets the CPUs of a domain run that was left paused when its start was cut off.</summary>
    public async Task ResumeAsync(string instanceID, CancellationToken cancel)
    {
        LogMessages.Resumed(logger, instanceID);
        try
        {
            await libvirt.Domains.ResumeAsync(Uuid(instanceID), cancel);
        }
        catch (LibvirtException error) when (error.IsOperationInvalid || error.IsNoDomain)
        {
            // It runs already, or is gone; who asks next sees it.
        }
    }

    /// <summary>Presses the power button, and forces the guest off when it does not go in time.</summary>
    public async Task StopAsync(string instanceID, CancellationToken cancel)
    {
        var uuid = Uuid(instanceID);
        var began = time.GetTimestamp();
        long? pressed = null;
        while (true)
        {
            var change = changes.NextAsync(instanceID);
            if (await StateAsync(uuid, cancel) is not { } now)
                return;
            var left = shutdownTimeout - time.GetElapsedTime(began);
            // A guest whose CPUs are halted sees no button.
            if (left <= TimeSpan.Zero || now == PowerState.Paused)
            {
                LogMessages.ForcedOff(logger, instanceID, shutdownTimeout.TotalSeconds);
                await DestroyAsync(uuid, cancel);
                return;
            }

            if (pressed is null || time.GetElapsedTime(pressed.Value) >= PressAgain)
            {
                await PressAsync(uuid, cancel);
                pressed = time.GetTimestamp();
            }

            var wait = PressAgain - time.GetElapsedTime(pressed.Value);
            try
            {
                await change.WaitAsync(wait < left ? wait : left, time, cancel);
            }
            catch (TimeoutException)
            {
                // Looked at again.
            }
        }
    }

    /// <summary>Ends a domain and removes its definition, with all that libvirt keeps of it.</summary>
    public async Task RemoveAsync(string instanceID, CancellationToken cancel)
    {
        var uuid = Uuid(instanceID);
        if (await StateAsync(uuid, cancel) is not null)
            await DestroyAsync(uuid, cancel);
        try
        {
            await UndefineAsync(uuid, DomainUndefineFlags.Everything, cancel);
        }
        catch (LibvirtException error) when (error.IsUnsupported || error.Code == LibvirtErrorCode.InvalidArgument)
        {
            await UndefineAsync(uuid, EveryDriver, cancel);
        }
    }

    private static Guid Uuid(string instanceID) => Guid.ParseExact(instanceID, "D");

    private async Task<PowerState?> StateAsync(Guid uuid, CancellationToken cancel)
    {
        try
        {
            var state = Domains.DomainLook.PowerStateOf((await libvirt.Domains.GetStateAsync(uuid, cancel)).State);
            return state is PowerState.Running or PowerState.Paused ? state : null;
        }
        catch (LibvirtException error) when (error.IsNoDomain)
        {
            return null;
        }
    }

    private async Task PressAsync(Guid uuid, CancellationToken cancel)
    {
        try
        {
            await libvirt.Domains.ShutdownAsync(uuid, DomainShutdownFlags.Default, cancel);
        }
        catch (LibvirtException error) when (error.IsOperationInvalid || error.IsNoDomain)
        {
            // It went meanwhile.
        }
    }

    private async Task DestroyAsync(Guid uuid, CancellationToken cancel)
    {
        try
        {
            await libvirt.Domains.DestroyAsync(uuid, cancellationToken: cancel);
        }
        catch (LibvirtException error) when (error.IsOperationInvalid || error.IsNoDomain)
        {
            // It does not run.
        }
    }

    private async Task UndefineAsync(Guid uuid, DomainUndefineFlags flags, CancellationToken cancel)
    {
        try
        {
            await libvirt.Domains.UndefineAsync(uuid, flags, cancel);
        }
        catch (LibvirtException error) when (error.IsNoDomain)
        {
            // It is gone; a domain without a definition goes when it ends.
        }
    }
}
