using System.Net;
using Kilonova.Crds;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Health;
using Kilonova.Kubernetes.Metrics;
using Kilonova.Libvirt;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Events;
using Kilonova.NodeAgent.Actors;
using Kilonova.NodeAgent.Domains;
using Kilonova.NodeAgent.Identity;
using Kilonova.NodeAgent.Images;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.Registration;
using Kilonova.NodeAgent.Registration.Preflight;
using Kilonova.NodeAgent.State;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent;

/// <summary>The agent as a whole: puts its parts together and runs them until it is told to stop. Stopping it stops no guest.</summary>
internal sealed class AgentService : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);

    private readonly AgentOptions options;
    private readonly HostIdentity? identity;
    private readonly ILogger logger;
    private readonly ILoggerFactory loggers;
    private readonly TimeProvider time = TimeProvider.System;
    private readonly StateDirectory state;
    private readonly KubernetesClient client;
    private readonly LibvirtHost libvirt;
    private readonly ImageOrigin origin;
    private readonly AgentMetrics metrics = new();
    private readonly Heartbeat heartbeat;
    private readonly HostReporter host;
    private readonly RestoreHold hold;
    private readonly GuestBuilder builder;
    private readonly GuestPower power;
    private readonly InstanceScheduler scheduler;
    private readonly FullPass pass;
    private readonly Informer<Instance> instances;
    private readonly SemaphoreSlim passDue = new(1);

    public AgentService(AgentOptions options, KubernetesConfig config, HostIdentity? identity, ILoggerFactory loggers)
    {
        this.identity = identity;
        this.options = options;
        this.loggers = loggers;
        logger = loggers.CreateLogger<AgentService>();
        var sequence = new Sequence();
        var board = new InstanceBoard();
        var changes = new DomainChanges();
        state = new StateDirectory(options.StateDirectory);
        client = new KubernetesClient(
            config,
            new KubernetesClientOptions { Component = "kilonova-node-agent", ComponentVersion = HostReporter.Version, LoggerFactory = loggers });
        libvirt = new LibvirtHost(options.LibvirtUri, new LibvirtHostOptions { Events = DomainEventKinds.Lifecycle });
        origin = new ImageOrigin(options.ImageDirectories, options.AllowLocalImageSources);
        var images = new ImageCache(state, origin, time);
        var records = new RecordStore(state);
        var look = new DomainLook(libvirt);
        var api = new InstanceApi(client, options.NodeName, state.HostID, sequence);
        heartbeat = new Heartbeat(client, options, sequence, time, loggers.CreateLogger<Heartbeat>());
        hold = new RestoreHold(client, board, sequence);
        hold.Changed += SoonPass;
        var autostart = new GuestAutostart(libvirt, loggers.CreateLogger<GuestAutostart>());
        host = new HostReporter(
            client, new HostFactsReader(libvirt, state, new KvmProbe(libvirt, state, time), options), new PreflightReader(options.HostRoot), autostart, libvirt, board, hold, heartbeat, state, options, time, loggers.CreateLogger<HostReporter>());
        var faults = new FaultPoints(options.FaultPoints, options.StateDirectory);
        builder = new GuestBuilder(state, images, libvirt, api, faults, sequence, time, options.ParallelBuilds);
        power = new GuestPower(libvirt, changes, time, options.ShutdownTimeout, loggers.CreateLogger<GuestPower>());
        var guests = new GuestHost(builder, power, look, records, state, heartbeat, host, new HostShutdown(time), hold, metrics, time, loggers.CreateLogger<GuestHost>());
        var rounds = new InstanceRounds(api, guests, board, faults, metrics, sequence, loggers.CreateLogger<InstanceRounds>());
        scheduler = new InstanceScheduler(rounds, changes, time, loggers.CreateLogger<InstanceScheduler>());
        pass = new FullPass(api, look, records, state, scheduler, board, hold, autostart, time, loggers.CreateLogger<FullPass>());
        instances = new Informer<Instance>(api.Instances, api.Scope, new InformerOptions<Instance> { Transform = Small });
        instances.OnChange(scheduler.Notice);
        metrics.Observe(board, images, heartbeat);
    }

    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        LogMessages.Starting(logger, HostReporter.Version, options.NodeName, state.HostID, host.BootID, options.StateDirectory, options.LibvirtUri);
        await using var endpoints = await ListenAsync(stop);
        libvirt.Start();
        var events = FollowLibvirtAsync(stop);
        var reporting = host.RunAsync(stop);
        var serving = ServeAsync(stop);
        await Task.WhenAll(events, reporting, serving, identity?.RunAsync(stop) ?? Task.CompletedTask);
        LogMessages.Stopping(logger);
    }

    public async ValueTask DisposeAsync()
    {
        await libvirt.DisposeAsync();
        scheduler.Dispose();
        host.Dispose();
        origin.Dispose();
        metrics.Dispose();
        client.Dispose();
        passDue.Dispose();
    }

    // The watch only says which instance to look at: what nobody compares need not be kept.
    private static Instance Small(Instance instance) => instance with
    {
        Metadata = instance.Metadata with { Labels = null, Annotations = null, OwnerReferences = null },
        Spec = new InstanceSpec { Server = instance.Spec.Server, Epoch = instance.Spec.Epoch, ClaimID = instance.Spec.ClaimID },
        Status = null,
    };

    private async Task<HealthServer?> ListenAsync(CancellationToken cancel)
    {
        if (options.Listen is null)
            return null;
        var health = new HealthChecks(loggers);
        health.Add("host", HealthKind.Readiness, () => host.Refusal ?? (host.Registered.IsCompleted ? null : "not registered yet"));
        health.Add("libvirt", HealthKind.Readiness, () => libvirt.LastError);
        health.Add("cell", HealthKind.Readiness, () => hold.IsKnown ? null : "the Cell cannot be read, so nothing is started: whether the store was restored is not known");
        health.Add("heartbeat", HealthKind.Readiness, () => heartbeat.IsFresh ? null : "the host's Lease is not renewed");
        return await HealthServer.StartAsync(IPEndPoint.Parse(options.Listen), new HealthEndpoints(health, new PrometheusReader(["Kilonova."])), loggers, cancel);
    }

    // Nothing is served under a name that is not ours, nor before it is known what guests get here.
    private async Task ServeAsync(CancellationToken stop)
    {
        try
        {
            await host.Registered.WaitAsync(stop);
            var beating = heartbeat.RunAsync(state.HostID, host.BootID, stop);
            var holding = hold.RunAsync(stop);
            await hold.KnownAsync(stop);
            var working = scheduler.RunAsync(stop);
            await heartbeat.Begun.WaitAsync(stop);
            var watching = instances.RunAsync(stop);
            var passing = PassAsync(stop);
            await Task.WhenAll(holding, beating, working, watching, passing, TrimAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop while waiting.
        }
    }

    private async Task PassAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await passDue.WaitAsync(options.FullPassInterval, stop);
                if (host.Refusal is null)
                    await pass.RunAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is KubernetesException or KubernetesConnectionException or LibvirtException or IOException)
            {
                LogMessages.LoopFailed(logger, "the full pass", error.Message, RetryDelay.TotalSeconds);
                await Task.Delay(RetryDelay, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                SoonPass();
            }
        }
    }

    // What work took is given back when it is done, not kept for the next time.
    private async Task TrimAsync(CancellationToken stop)
    {
        var done = 0L;
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(TrimInterval, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (metrics.StepsBegun == done)
                continue;
            done = metrics.StepsBegun;
            ProcessMemory.Trim();
        }
    }

    private void SoonPass()
    {
        if (passDue.CurrentCount == 0)
            passDue.Release();
    }

    private async Task FollowLibvirtAsync(CancellationToken stop)
    {
        try
        {
            await libvirt.ConnectAsync(stop);
            host.Forget();
            await foreach (var next in libvirt.Events.ReadAllAsync(stop))
                Follow(next);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private void Follow(LibvirtEvent next)
    {
        switch (next)
        {
            case DomainLifecycleEvent change:
                var id = GuestDefinition.InstanceID(change.Domain.Name) ?? change.Domain.Uuid.ToString("D");
                // What the agent does itself is looked at by the round that does it.
                var byItself = change.Change is LifecycleChange.Stopped or LifecycleChange.Crashed or LifecycleChange.Suspended;
                if (change.Change is not (LifecycleChange.Defined or LifecycleChange.Shutdown) && GuestDefinition.InstanceID(change.Domain.Name) is not null)
                    scheduler.NoticeDomain(id, byItself);
                break;
            case ConnectionLost lost:
                LogMessages.LibvirtLost(logger, lost.Reason);
                host.Refresh();
                break;
            case Reconnected back:
                LogMessages.LibvirtBack(logger, back.Downtime.TotalSeconds);
                host.Forget();
                SoonPass();
                break;
            case EventsLost lost:
                LogMessages.EventsLost(logger, lost.Count);
                SoonPass();
                break;
        }
    }
}
