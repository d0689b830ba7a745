using System.Net.Sockets;
using System.Reflection;
using System.Text.Json;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Cache;
using Kilonova.Kubernetes.Client;
using Kilonova.Libvirt;
using Kilonova.Libvirt.Connections;
using Kilonova.NodeAgent.Actors;
using Kilonova.NodeAgent.Domains;
using Kilonova.NodeAgent.Registration.Preflight;
using Kilonova.NodeAgent.State;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Registration;

/// <summary>
/// Registers the host and keeps its Hypervisor and ResourceProvider true. Writes only what means something new. A name that another host bears already is not
/// taken: then the agent serves nothing.
/// </summary>
internal sealed class HostReporter : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    /// <summary>The number of running guests is told at most this often.</summary>
    private static readonly TimeSpan FiguresPause = TimeSpan.FromSeconds(5);

    /// <summary>First wait for what the operator grants a host that has registered; doubles up to <see cref="RetryDelay"/>.</summary>
    private static readonly TimeSpan GrantDelay = TimeSpan.FromMilliseconds(125);

    /// <summary>How long changes are gathered before they are told.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(200);

    private readonly Resource<Hypervisor> hypervisors;
    private readonly Resource<ResourceProvider> providers;
    private readonly Informer<Hypervisor> watch;
    private readonly HostFactsReader reader;
    private readonly PreflightReader preflight;
    private readonly GuestAutostart autostart;
    private readonly LibvirtHost libvirt;
    private readonly InstanceBoard board;
    private readonly RestoreHold hold;
    private readonly Heartbeat heartbeat;
    private readonly StateDirectory state;
    private readonly AgentOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<HostReporter> logger;
    private readonly NamespacedName key;
    private readonly SemaphoreSlim due = new(0);
    private readonly string? hostIP;
    private readonly TaskCompletionSource registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan grantDelay = GrantDelay;
    private HostFacts? facts;
    private HostProfile? profile;
    private KvmVerdict? kvmTold;
    private VirtType factsFor;
    private PreflightFacts? preflightFacts;
    private long preflightReadAt;
    private ResourceProvider? provider;
    private long providerReadAt;
    private long figuresToldAt;

    public HostReporter(
        KubernetesClient client, HostFactsReader reader, PreflightReader preflight, GuestAutostart autostart, LibvirtHost libvirt, InstanceBoard board, RestoreHold hold, Heartbeat heartbeat, StateDirectory state, AgentOptions options, TimeProvider time, ILogger<HostReporter> logger)
    {
        hypervisors = client.Resource(ResourceType.Of(CrdsJsonContext.Default.Hypervisor));
        providers = client.Resource(ResourceType.Of(CrdsJsonContext.Default.ResourceProvider));
        key = new NamespacedName(options.NodeName);
        watch = new Informer<Hypervisor>(hypervisors, WatchScope.Named(options.NodeName));
        watch.OnChange(change =>
        {
            // Another's word (the admin's), or a status that is not what was written.
            if (change.Old?.Metadata.Generation != change.New?.Metadata.Generation)
                Refresh();
        });
        (this.reader, this.preflight, this.autostart, this.libvirt, this.board, this.hold, this.heartbeat, this.state, this.options, this.time, this.logger) = (reader, preflight, autostart, libvirt, board, hold, heartbeat, state, options, time, logger);
        board.Changed += Refresh;
        autostart.Changed += Refresh;
        hostIP = options.HostIP ?? AddressTowards(client.Config.Server);
        BootID = File.ReadAllText(options.BootIdFile).Trim();
    }

    /// <summary>Boot ID of the running kernel.</summary>
    public string BootID { get; }

    /// <summary>Version of the agent.</summary>
    public static string Version { get; } = typeof(HostReporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Completes when the host is registered under its name.</summary>
    public Task Registered => registered.Task;

    /// <summary>Why the agent serves nothing; null when it may.</summary>
    public string? Refusal { get; private set; }

    /// <summary>What guests get here.</summary>
    /// <exception cref="InvalidOperationException">libvirt was never there.</exception>
    public HostProfile Profile => profile ?? throw new InvalidOperationException("libvirt has not answered yet: what guests get here is not known.");

    /// <summary>Has everything read and told anew soon.</summary>
    public void Refresh()
    {
        if (due.CurrentCount == 0)
            due.Release();
    }

    /// <summary>libvirt is another one than before: its facts are read anew.</summary>
    public void Forget()
    {
        facts = null;
        Refresh();
    }

    /// <summary>Registers, and reports until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var watching = watch.RunAsync(stop);
        while (!stop.IsCancellationRequested)
        {
            var wait = Interval;
            try
            {
                wait = await TryReportAsync(stop);
            }
            catch (Exception error) when (error is KubernetesException or KubernetesConnectionException or LibvirtException)
            {
                wait = RetryDelay;
                LogMessages.LoopFailed(logger, "telling of the host", error.Message, wait.TotalSeconds);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }

            if (await WaitAsync(wait, stop))
                await Task.Delay(Gather, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await watching;
    }

    public void Dispose() => due.Dispose();

    private async Task<bool> WaitAsync(TimeSpan longest, CancellationToken stop)
    {
        try
        {
            return await due.WaitAsync(longest, stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    // A new host may create what bears its name and nothing else: the operator grants the rest to the Hypervisor that it sees.
    private async Task<TimeSpan> TryReportAsync(CancellationToken cancel)
    {
        try
        {
            return await ReportAsync(cancel);
        }
        catch (KubernetesException error) when (error.IsForbidden && !registered.Task.IsCompleted)
        {
            await CreateHypervisorAsync(cancel);
            if (grantDelay == GrantDelay)
                LogMessages.Waiting(logger, $"the operator has not granted yet what this host needs: {error.Message}");
            var wait = grantDelay;
            grantDelay = wait * 2 < RetryDelay ? wait * 2 : RetryDelay;
            return wait;
        }
    }

    /// <returns>When to report again, if nothing has it done earlier.</returns>
    private async Task<TimeSpan> ReportAsync(CancellationToken cancel)
    {
        // An idle host asks for nothing: the Hypervisor is watched, and the ledger, which changes with every claim, is read now and then.
        if (provider is null || Refusal is not null || time.GetElapsedTime(providerReadAt) >= options.FullPassInterval)
            await ReadProviderAsync(cancel);
        if (await IsRefusedAsync(cancel))
            return Interval;
        var hypervisor = (watch.HasSynced ? watch.Get(key) : null) ?? await HypervisorAsync(cancel);
        await ReadFactsAsync(hypervisor.Spec.VirtType, cancel);
        var disk = DiskSpace.Of(state.Instances);
        if (facts is not null)
            await TellProviderAsync(facts, disk, cancel);
        if (await IsRefusedAsync(cancel))
            return Interval;
        var wait = await TellStatusAsync(hypervisor, disk, cancel);
        if (facts is not null && registered.TrySetResult())
            LogMessages.Registered(logger, key.Name, facts.Cpus, facts.MemoryMiB, disk.TotalGiB, facts.VirtType.ToString());
        return wait;
    }

    private async Task<Hypervisor> HypervisorAsync(CancellationToken cancel) =>
        await hypervisors.GetAsync(key, cancel) ?? await CreateHypervisorAsync(cancel) ?? (await hypervisors.GetAsync(key, cancel))!;

    // Null when there is one.
    private async Task<Hypervisor?> CreateHypervisorAsync(CancellationToken cancel)
    {
        try
        {
            return await hypervisors.CreateAsync(new Hypervisor { ApiVersion = ApiGroup.ApiVersion, Kind = "Hypervisor", Metadata = new ObjectMeta { Name = key.Name }, Spec = new HypervisorSpec() }, cancel);
        }
        catch (KubernetesException error) when (error.IsAlreadyExists)
        {
            return null;
        }
    }

    private async Task ReadFactsAsync(VirtType wanted, CancellationToken cancel)
    {
        if (!libvirt.IsConnected || (facts is not null && factsFor == wanted))
            return;
        var (read, guests) = await reader.ReadAsync(wanted, BootID, cancel);
        (facts, profile, factsFor) = (read, guests, wanted);
        if (read.Kvm is { } kvm && kvm != kvmTold)
            LogMessages.KvmTried(logger, kvm.Usable, kvm.Message);
        kvmTold = read.Kvm;
    }

    private async Task ReadProviderAsync(CancellationToken cancel)
    {
        provider = await providers.GetAsync(key, cancel);
        providerReadAt = time.GetTimestamp();
    }

    private async Task TellProviderAsync(HostFacts known, DiskSpace disk, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            var spec = HostStatus.Provider(state.HostID, known, disk, provider?.Spec);
            try
            {
                provider = provider is null
                    ? await providers.CreateAsync(new ResourceProvider { ApiVersion = ApiGroup.ApiVersion, Kind = "ResourceProvider", Metadata = new ObjectMeta { Name = key.Name }, Spec = spec }, cancel)
                    : await providers.PatchChangesAsync(provider, provider with { Spec = spec }, cancel: cancel);
                return;
            }
            catch (KubernetesException error) when ((error.IsGuardFailure || error.IsAlreadyExists) && attempt < 10)
            {
                // The ledger is in the same object and changes with every claim: read again, judge again.
                await ReadProviderAsync(cancel);
                if (provider is { } found && found.Spec.HostID != state.HostID)
                    return;
            }
        }
    }

    private async Task<TimeSpan> TellStatusAsync(Hypervisor hypervisor, DiskSpace disk, CancellationToken cancel)
    {
        // The answer first, then the strays that it vouches for.
        var (answer, complete) = (hold.Answer, board.IsComplete);
        if (preflightFacts is null || time.GetElapsedTime(preflightReadAt) >= Interval / 2)
            (preflightFacts, preflightReadAt) = (preflight.Read(), time.GetTimestamp());
        var status = HostStatus.Of(hypervisor, new HostKnowledge
        {
            ReportedGeneration = answer,
            HostID = state.HostID,
            BootID = BootID,
            AgentVersion = Version,
            HostIP = hostIP,
            Facts = facts,
            LibvirtTrouble = libvirt.LastError,
            Disk = disk,
            Checks = PreflightChecks.All(preflightFacts, autostart.Facts, hypervisor.Spec),
            RunningGuests = board.Running,
            StraysComplete = complete,
            Strays = board.Strays,
            Now = time.GetUtcNow(),
        });

        // Of a burst of guests the figures are told once, and free disk alone less often than that.
        var pause = (hypervisor.Status?.RunningGuests == status.RunningGuests ? Interval / 2 : FiguresPause) - time.GetElapsedTime(figuresToldAt);
        if (HostStatus.DiffersOnlyInFigures(hypervisor.Status, status, IsSame) && pause > TimeSpan.Zero)
            return pause;
        figuresToldAt = time.GetTimestamp();
        watch.Observe(await hypervisors.PatchChangesAsync(hypervisor, hypervisor with { Status = status }, "status", cancel));
        return Interval;
    }

    private static bool IsSame(HypervisorStatus a, HypervisorStatus b) =>
        JsonSerializer.SerializeToUtf8Bytes(a, CrdsJsonContext.Default.HypervisorStatus).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, CrdsJsonContext.Default.HypervisorStatus));

    private async Task<bool> IsRefusedAsync(CancellationToken cancel)
    {
        if (provider is not { Spec.HostID: { } other } || other == state.HostID)
        {
            Refusal = null;
            return false;
        }

        await RefuseAsync(other, cancel);
        return true;
    }

    // Two hosts with one name: whoever came second serves nothing. It says so in the shared object only when the other one is not there to be contradicted.
    private async Task RefuseAsync(string other, CancellationToken cancel)
    {
        var reason = $"The name {key.Name} belongs to host {other}, and this is host {state.HostID}. Either the state directory was lost (put {other} back into its file hostID, if the guests are still here), or two hosts have one name.";
        if (Refusal is null)
            LogMessages.Refused(logger, reason);
        Refusal = reason;
        if (await heartbeat.IsHeldByAnotherAsync(state.HostID, cancel) || await hypervisors.GetAsync(key, cancel) is not { } hypervisor)
            return;
        var conditions = new List<Condition>(hypervisor.Status?.Conditions ?? []);
        Protocol.InstanceReport.Set(conditions, "Ready", ConditionStatus.False, "HostIDMismatch", reason, hypervisor.Metadata.Generation, time.GetUtcNow());
        await hypervisors.PatchChangesAsync(hypervisor, hypervisor with { Status = (hypervisor.Status ?? new HypervisorStatus()) with { Conditions = conditions } }, "status", cancel);
    }

    // The address that the host itself uses towards the API server; a datagram socket that is connected sends nothing.
    private static string? AddressTowards(Uri server)
    {
        try
        {
            using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(server.DnsSafeHost, server.Port);
            return socket.LocalEndPoint is System.Net.IPEndPoint { Address: var address } ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
