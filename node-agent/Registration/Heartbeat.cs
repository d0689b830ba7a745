using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;
using Kilonova.NodeAgent.Protocol;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Registration;

/// <summary>
/// Renews the host's Lease, which carries the boot ID. Others take a host whose Lease is not renewed for down; the agent itself starts nothing before its first
/// renewal, nor after its last one has run out (protocol: R4).
/// </summary>
internal sealed class Heartbeat
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Resource<Lease> leases;
    private readonly NamespacedName key;
    private readonly AgentOptions options;
    private readonly Sequence sequence;
    private readonly TimeProvider time;
    private readonly ILogger<Heartbeat> logger;
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long renewedAt;
    private Lease? lease;

    public Heartbeat(KubernetesClient client, AgentOptions options, Sequence sequence, TimeProvider time, ILogger<Heartbeat> logger)
    {
        leases = client.Resource(CoreResources.Leases);
        key = new NamespacedName(ApiGroup.HostNamespace(options.NodeName), ApiGroup.AgentLeaseName);
        this.options = options;
        this.sequence = sequence;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>When this process first renewed the Lease; null before.</summary>
    public Moment? RenewedAt { get; private set; }

    /// <summary>Completes with the first renewal.</summary>
    public Task Begun => begun.Task;

    /// <summary>Time since the last renewal was sent; null before the first.</summary>
    public TimeSpan? Age => RenewedAt is null ? null : time.GetElapsedTime(Interlocked.Read(ref renewedAt));

    /// <summary>Whether the Lease has not run out.</summary>
    public bool IsFresh => Age < options.LeaseDuration;

    /// <summary>Whether another has renewed the Lease lately; judged by the times in it, for a message only.</summary>
    public async Task<bool> IsHeldByAnotherAsync(string hostID, CancellationToken cancel)
    {
        var found = await leases.GetAsync(key, cancel);
        return found?.Spec is { } spec && spec.HolderIdentity != hostID && time.GetUtcNow() - spec.RenewTime < options.LeaseDuration;
    }

    /// <summary>Renews until stopped. The namespace is made by the operator, and waited for.</summary>
    public async Task RunAsync(string hostID, string bootID, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var wait = options.LeaseInterval;
            var sent = time.GetTimestamp();
            try
            {
                await RenewAsync(hostID, bootID, stop);
                Interlocked.Exchange(ref renewedAt, sent);
                if (RenewedAt is null)
                {
                    // Taken after the answer: what is read from here on is read after the renewal.
                    RenewedAt = sequence.Next();
                    LogMessages.HeartbeatBegun(logger, options.LeaseInterval.TotalSeconds);
                    begun.TrySetResult();
                }
            }
            catch (Exception error) when (error is KubernetesException or KubernetesConnectionException)
            {
                lease = null;
                wait = RetryDelay;
                if (RenewedAt is null)
                    LogMessages.Waiting(logger, $"the Lease {key} cannot be written yet: {error.Message}");
                else
                    LogMessages.HeartbeatFailed(logger, Age!.Value.TotalSeconds, error.Message);
            }

            await Task.Delay(wait, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RenewAsync(string hostID, string bootID, CancellationToken cancel)
    {
        lease ??= await leases.GetAsync(key, cancel);
        var now = time.GetUtcNow();
        if (lease is null)
        {
            lease = await leases.CreateAsync(New(hostID, bootID, now), cancel);
            return;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ApiGroup.BootIdAnnotation] = bootID } },
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = hostID,
                ["leaseDurationSeconds"] = (int)options.LeaseDuration.TotalSeconds,
                ["renewTime"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
            },
        };
        lease = await leases.PatchMergeAsync(key, patch, Guard.Identity(lease), cancel: cancel);
    }

    private Lease New(string hostID, string bootID, DateTimeOffset now) => new()
    {
        Metadata = new ObjectMeta
        {
            Namespace = key.Namespace,
            Name = key.Name,
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [ApiGroup.BootIdAnnotation] = bootID },
        },
        Spec = new LeaseSpec { HolderIdentity = hostID, LeaseDurationSeconds = (int)options.LeaseDuration.TotalSeconds, AcquireTime = now, RenewTime = now },
    };
}
